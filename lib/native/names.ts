/** System calls that failed, in words: what could not be done, which errno, what to do about it. */
import { VtepError } from '../errors.js';
import { errnoName } from './errno.js';
import type { NetlinkShim } from './netlink/request.js';
import { portOwner } from './port-owner.js';

const TUN = '/dev/net/tun';
const PRIVILEGE = 'run as root or give CAP_NET_ADMIN';
const isRefusal = (errno: string): boolean => errno === 'EPERM' || errno === 'EACCES';

function noTun(errno: string): VtepError {
  const remedy = `modprobe tun, or mkdir -p /dev/net && mknod ${TUN} c 10 200; in a container add --device ${TUN}`;
  return new VtepError('ERR_VTEP_NO_TUN', `cannot open ${TUN}: ${errno}; ${remedy}`, { errno });
}

/**
 * Why a TAP could not be made.
 * @param result what tapOpen returned, negative
 */
export function tapError(result: number, name: string): VtepError {
  const errno = errnoName(result);
  if (isRefusal(errno))
    return new VtepError('ERR_VTEP_PERMISSION', `cannot open ${TUN}: ${errno}; ${PRIVILEGE}`, { errno });
  if (['ENOENT', 'ENODEV', 'ENXIO'].includes(errno)) return noTun(errno);
  if (errno === 'EEXIST' || errno === 'EBUSY' || errno === 'EINVAL') {
    // TUNSETIFF answers EINVAL for an interface that is no TAP, EBUSY for a TAP another process has open.
    const what =
      errno === 'EBUSY' ? 'a TAP that another process has open' : 'an interface of another kind or layout';
    const message = `cannot make ${name}: ${errno}; the name belongs to ${what}; choose another name or delete it`;
    return new VtepError('ERR_VTEP_NAME_IN_USE', message, { errno: 'EEXIST', word: name });
  }
  return new VtepError('ERR_VTEP_SYSTEM', `cannot make TAP ${name}: ${errno}`, { errno, word: name });
}

/**
 * Why a UDP port could not be bound; a port in use is named with its owner where it can be known.
 * @param result what udpOpen returned, negative
 */
export function bindError(shim: NetlinkShim, result: number, port: number): VtepError {
  const errno = errnoName(result);
  const word = String(port);
  if (errno === 'EADDRINUSE') {
    const owner = portOwner(shim, port);
    const held = owner === undefined ? 'in use' : `held by ${owner}`;
    const message = `UDP port ${port} is ${held}; choose another dstport or stop the holder`;
    return new VtepError('ERR_VTEP_PORT_IN_USE', message, { errno, word });
  }
  if (isRefusal(errno)) {
    const message = `cannot bind UDP port ${port}: ${errno}; ${port < 1024 ? 'run as root or give CAP_NET_BIND_SERVICE' : PRIVILEGE}`;
    return new VtepError('ERR_VTEP_PERMISSION', message, { errno, word });
  }
  return new VtepError('ERR_VTEP_SYSTEM', `cannot bind UDP port ${port}: ${errno}`, { errno, word });
}

/** Why there is no rtnetlink socket. */
export function netlinkError(result: number): VtepError {
  const errno = errnoName(result);
  return new VtepError('ERR_VTEP_SYSTEM', `cannot open an rtnetlink socket: ${errno}`, { errno });
}

/** Why a network namespace could not be entered. */
export function namespaceError(result: number, path: string): VtepError {
  const errno = errnoName(result);
  const code = isRefusal(errno) ? 'ERR_VTEP_PERMISSION' : 'ERR_VTEP_SYSTEM';
  const remedy = isRefusal(errno) ? '; run as root or give CAP_SYS_ADMIN' : '';
  return new VtepError(code, `cannot enter network namespace ${path}: ${errno}${remedy}`, {
    errno,
    word: path,
  });
}
