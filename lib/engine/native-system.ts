/** The kernel's interfaces, TAPs and sockets, by way of native-shim and rtnetlink. */
import { VtepError } from '../errors.js';
import { errnoName } from '../native/errno.js';
import {
  deleteLink,
  deleteLinks,
  getLink,
  getRoute,
  setLinkGso,
  setLinkQueue,
} from '../native/netlink/request.js';
import { standsOn } from '../native/netlink/stack.js';
import { namespaceId, openNamespace } from '../native/namespace.js';
import { portOwner } from '../native/port-owner.js';
import {
  OFFLOAD_CSUM,
  OFFLOAD_TSO4,
  OFFLOAD_TSO6,
  OFFLOAD_USO,
  type Shim,
  type TapInfo,
} from '../native/shim.js';
import { formatMac } from '../wire/text.js';
import { macOctets, macText } from './mac-octets.js';
import { addressWords } from './words.js';
import { atInterface } from './native-whereabouts.js';
import type {
  InterfaceWish,
  ReachedNamespace,
  SocketRequest,
  System,
  Tap,
  TapLook,
  TapRequest,
} from './system.js';

/** Bytes; a burst of 64 super-frames must find room while a worker is off its core. Needs CAP_NET_ADMIN beyond rmem_max. */
const SOCKET_BUFFER = 16 * 1024 * 1024;
/**
 * Frames a TAP keeps while its worker is off its core: 10 ms at 400 kpps, several of the scheduler's slices. With the 500
 * that a TAP comes with, 2 to 5 % of 300 kpps are lost here, with 4,000 less than 0.5 %; sixteen TCP streams see no
 * retransmissions instead of thousands.
 */
const TAP_QUEUE = 4_000;
/** SEGMENT_PIECES of native-shim/segment.h. */
const MAX_SEGMENTS = 256;
/** Octets; what fits a slot of the slab. */
const MAX_SUPER_FRAME = 65_536;
/** Offloads by the names `state().missing` gives. */
const MISSING_NAMES: readonly [number, string][] = [
  [OFFLOAD_CSUM, 'checksum'],
  [OFFLOAD_TSO4, 'tso4'],
  [OFFLOAD_TSO6, 'tso6'],
  [OFFLOAD_USO, 'uso'],
];

export class NativeSystem implements System {
  readonly #shim: Shim;
  /** Of the underlay; TAPs are always made in the thread's. */
  readonly #netns: string | undefined;
  readonly netns: string;

  /** @param netns path of the namespace whose interfaces, routes and sockets are meant; default the thread's */
  constructor(shim: Shim, netns?: string) {
    this.#shim = shim;
    this.#netns = netns;
    this.netns = namespaceId(netns);
  }

  reach(netns: string): ReachedNamespace | undefined {
    const open = openNamespace(this.#shim, netns);
    return open && { ...open, system: new NativeSystem(this.#shim, open.path) };
  }

  indexOf(name: string): number {
    if (this.#netns !== undefined) return getLink(this.#shim, name, this.#netns)?.ifindex ?? 0;
    return Math.max(0, this.#shim.interfaceIndex(name));
  }

  /** Where the kernel has no huge pages the table is as good without. */
  advise(buffer: SharedArrayBuffer): void {
    this.#shim.adviseHuge(new Uint8Array(buffer));
  }

  standsOn(upper: number, lower: number, more: ReadonlyMap<number, number>): boolean {
    return standsOn(this.#shim, [upper, lower], more, this.#netns);
  }

  nameOf(ifindex: number): string {
    return getLink(this.#shim, ifindex, this.#netns)?.name ?? `if${ifindex}`;
  }

  mtuOf(name: string): number {
    const link = getLink(this.#shim, name, this.#netns);
    if (link === undefined)
      throw noDevice(name, this.#netns && ' in the network namespace that link-netns names');
    return link.mtu;
  }

  pathMtu(address: Int32Array, ifindex: number): number {
    const route = getRoute(this.#shim, address, ifindex, this.#netns);
    const hop = route?.nextHops[0];
    if (route?.mtu !== undefined || hop === undefined) return route?.mtu ?? 0;
    return getLink(this.#shim, hop.ifindex, this.#netns)?.mtu ?? 0;
  }

  openTap(request: TapRequest): Tap {
    const info = this.#shim.tapOpen({ name: request.name, queues: request.queues });
    if (typeof info === 'number') throw tapError(info, request.name);
    try {
      return this.#describe(info, request);
    } catch (error) {
      for (const fd of info.fds) this.#shim.close(fd);
      throw error;
    }
  }

  removeTap(tap: Tap): void {
    if (!tap.created) return;
    if (!tap.away) deleteLink(this.#shim, tap.ifindex);
    else atInterface(this.#shim, tap, ({ link, netns }) => deleteLink(this.#shim, link.ifindex, netns));
  }

  removeTogether(ifindexes: readonly number[]): void {
    deleteLinks(this.#shim, ifindexes);
  }

  changeInterface(tap: Tap, change: InterfaceWish): void {
    if (!tap.away) return this.#change(tap.name, change);
    const done = atInterface(this.#shim, tap, ({ link, netns }) => {
      this.#change(link.name, change, netns);
      return true;
    });
    if (done !== true) throw noDevice(tap.name, ' in any network namespace that the daemon may enter');
  }

  look(tap: Tap): TapLook | 'gone' | undefined {
    return atInterface(this.#shim, tap, ({ link, netns: path }) => {
      const { ifindex, mtu, up, bridged } = link;
      const netns = namespaceId(path);
      return {
        ifindex,
        address: macText(link.mac),
        mtu,
        up,
        bridged,
        netns,
        away: netns !== this.netns,
      };
    });
  }

  #change(name: string, { address, mtu, up }: InterfaceWish, netns?: string): void {
    const mac = address === undefined ? undefined : macOctets(address);
    const result = this.#shim.interfaceSet(name, { mac, mtu, up, netns });
    if (result < 0) throw systemError(result, `cannot change ${name}`);
  }

  openSocket(request: SocketRequest): number {
    const listens = request.use === 'listen';
    const fd = this.#shim.udpOpen({
      netns: this.#netns,
      family: request.family,
      port: request.port,
      address: request.address === undefined ? undefined : addressWords(request.address, 'local'),
      reusePort: request.shared,
      gro: listens,
      receiveTos: listens,
      receiveBuffer: listens ? SOCKET_BUFFER : undefined,
      sendBuffer: SOCKET_BUFFER,
      checksum: listens || request.checksum,
      zeroChecksum6Rx: listens && !request.checksum,
      mtuDiscover: request.df ? 'do' : 'dont',
      dropAll: !listens,
    });
    if (fd < 0) throw this.#socketError(fd, request);
    return fd;
  }

  close(fd: number): void {
    this.#shim.close(fd);
  }

  join(fd: number, group: Int32Array, ifindex: number): void {
    const result = this.#shim.udpJoin(fd, group, ifindex);
    if (result < 0 && errnoName(result) !== 'EADDRINUSE')
      throw systemError(result, 'cannot join the multicast group');
  }

  leave(fd: number, group: Int32Array, ifindex: number): void {
    // Not being a member, or the interface being gone, comes to the same.
    this.#shim.udpLeave(fd, group, ifindex);
  }

  /** Sets address and MTU of a new interface; takes over those of one that was there. */
  #describe(info: TapInfo, request: TapRequest): Tap {
    if (info.created) {
      this.#change(info.name, { address: request.address ?? randomAddress(), mtu: request.mtu });
      setLinkQueue(this.#shim, info.ifindex, TAP_QUEUE);
    } else if (request.address !== undefined) {
      this.#change(info.name, { address: request.address });
    }
    const link = getLink(this.#shim, info.ifindex);
    if (link === undefined) throw noDevice(info.name);
    this.#limitSegments(info.ifindex);
    return {
      name: info.name,
      ifindex: info.ifindex,
      fds: info.fds,
      created: info.created,
      address: macText(link.mac),
      mtu: link.mtu,
      up: link.up,
      bridged: link.bridged,
      away: false,
      offloads: info.offloads,
      missing: MISSING_NAMES.filter(([bit]) => (info.offloads & bit) === 0).map(([, name]) => name),
    };
  }

  /**
   * Lets no super-frame have more segments than the shim cuts; the kernel cuts what would. A limit that makes one
   * super-frame fit one UDP_SEGMENT send (44) costs more than it saves: super-frames forwarded from a guest do not obey
   * it, and the kernel then cuts them all before the TAP (5.8 instead of 12.6 Gbit/s, and nothing gained on the host).
   */
  #limitSegments(ifindex: number): void {
    setLinkGso(this.#shim, ifindex, MAX_SEGMENTS, MAX_SUPER_FRAME);
  }

  #socketError(errno: number, { port, address }: SocketRequest): VtepError {
    const name = errnoName(errno);
    if (name === 'EADDRNOTAVAIL') {
      return new VtepError(
        'ERR_VTEP_SYSTEM',
        `Cannot assign requested address: ${address} is not on this host, and localbind receives on it; add it to an interface`,
        { errno: name, word: address },
      );
    }
    if (name !== 'EADDRINUSE') return systemError(errno, `cannot open UDP port ${port}`);
    const owner = portOwner(this.#shim, port, this.#netns);
    return new VtepError(
      'ERR_VTEP_PORT_IN_USE',
      `Address already in use: UDP port ${port} is held by ${owner ?? 'another socket'}; stop it or choose another dstport`,
      { errno: name, word: String(port) },
    );
  }
}

function tapError(errno: number, name: string): VtepError {
  const code = errnoName(errno);
  if (code === 'EPERM' || code === 'EACCES') {
    return new VtepError(
      'ERR_VTEP_PERMISSION',
      `cannot open /dev/net/tun: ${code}; run as root or give CAP_NET_ADMIN`,
      { errno: code },
    );
  }
  if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO') {
    return new VtepError(
      'ERR_VTEP_NO_TUN',
      `cannot open /dev/net/tun: ${code}; load the driver (modprobe tun) or make the node (mknod /dev/net/tun c 10 200)`,
      { errno: code },
    );
  }
  if (code === 'EBUSY' || code === 'EEXIST' || code === 'EINVAL') {
    return new VtepError(
      'ERR_VTEP_NAME_IN_USE',
      `File exists: ${name} is taken by another interface; choose another name`,
      { errno: 'EEXIST', word: name },
    );
  }
  return systemError(errno, `cannot make interface ${name}`);
}

function noDevice(name: string, where = ''): VtepError {
  return new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${name}"${where}`, {
    errno: 'ENODEV',
    word: name,
  });
}

function systemError(errno: number, what: string): VtepError {
  const code = errnoName(errno);
  if (code === 'EPERM' || code === 'EACCES') {
    return new VtepError('ERR_VTEP_PERMISSION', `${what}: ${code}; run as root or give CAP_NET_ADMIN`, {
      errno: code,
    });
  }
  return new VtepError('ERR_VTEP_SYSTEM', `${what}: ${code}`, { errno: code });
}

/** Random, unicast, locally administered (IEEE 802c). */
export function randomAddress(): string {
  const high = ((Math.random() * 0x1_0000_0000) & ~0x01000000) | 0x02000000;
  return formatMac(high | 0, Math.floor(Math.random() * 0x10000));
}
