/** System calls that failed, in words: what could not be done, which errno, what to do about it. */
import { VtepError } from '../errors.js';
import { errnoName } from './errno.js';

const isRefusal = (errno: string): boolean => errno === 'EPERM' || errno === 'EACCES';

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
