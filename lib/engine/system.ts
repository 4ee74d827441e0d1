/**
 * What the engine asks of the host: interfaces, TAPs, sockets, and the ports that move bursts on them. native-system.ts
 * answers with the kernel's, memory-system.ts with queues in memory; the engine cannot tell them apart.
 * Descriptors are plain numbers that only the system that gave them understands.
 */
import type { ReceivePort, TransmitPort } from '../port/port.js';
import type { InterfaceNames } from './context.js';

export interface TapRequest {
  name: string;
  /** Six octets as text; undefined = the one it has, or a random locally administered one. */
  address?: string;
  mtu: number;
  /** One a worker. */
  queues: number;
}

export interface Tap {
  name: string;
  ifindex: number;
  /** One descriptor a queue. */
  fds: number[];
  /** False when a persistent interface was attached to. */
  created: boolean;
  address: string;
  mtu: number;
  up: boolean;
  /** It is a port of a bridge. */
  bridged: boolean;
  /** It was moved to another network namespace than the system's. */
  away: boolean;
  /** OFFLOAD_* bits in force, and the names of those the kernel lacks. */
  offloads: number;
  missing: string[];
}

export interface SocketRequest {
  family: 4 | 6;
  port: number;
  /** Address to bind, default any. */
  address?: string;
  /** Several workers share the port. */
  shared: boolean;
  /** A socket that receives, or one of an egress pool. */
  use: 'listen' | 'egress';
  /** Egress: outer checksum on. Listening: accept IPv6 datagrams without one. */
  checksum: boolean;
  /** Egress: set DF. */
  df: boolean;
}

/** Another network namespace of the host, in being as long as `fd` is open. */
export interface ReachedNamespace {
  /** Equal for equal namespaces, whatever they are called. */
  id: string;
  fd: number;
  /** By which this process reaches it while `fd` is open. */
  path: string;
  /** The host as seen from there: interfaces, routes, sockets. */
  system: System;
}

/** What may be asked of an interface. */
export interface InterfaceWish {
  address?: string;
  mtu?: number;
  up?: boolean;
}

/** An interface as it is now. */
export interface TapLook extends Pick<Tap, 'ifindex' | 'address' | 'mtu' | 'up' | 'bridged' | 'away'> {
  /** `System.netns` of the namespace it is in. */
  netns: string;
}

/** Makes the ports of one thread; a worker gets its own. */
export interface PortFactory {
  frames(fd: number): ReceivePort;
  datagrams(fd: number): ReceivePort;
  frameWriter(): TransmitPort;
  datagramWriter(): TransmitPort;
  /** Told what the TAPs of the host carry (OFFLOAD_* bits) when one is opened. */
  carry(offloads: number): void;
}

export interface System extends InterfaceNames {
  /** Equal for systems that see the same interfaces. */
  readonly netns: string;
  /**
   * Whether an interface is another one or stands on it (by index), as a VLAN does on its parent and a bridge on its ports.
   * @param more what interfaces stand on besides, index to index
   */
  standsOn(upper: number, lower: number, more: ReadonlyMap<number, number>): boolean;
  /** MTU of an interface; throws ERR_VTEP_NO_DEVICE when there is none of that name. */
  mtuOf(name: string): number;
  /** MTU of the path to an address by an interface (0 = any), as the host knows it now; 0 without a route. */
  pathMtu(address: Int32Array, ifindex: number): number;
  /** Makes or attaches a TAP, down, with offloads; throws a VtepError and leaves nothing. */
  openTap(request: TapRequest): Tap;
  /** Removes the interface, if this system created it; the queues stay open until closed. */
  removeTap(tap: Tap): void;
  /** Removes many interfaces that this system created, sooner than one by one; what is left is removeTap's. */
  removeTogether?(ifindexes: readonly number[]): void;
  changeInterface(tap: Tap, change: InterfaceWish): void;
  /** How a TAP is, wherever it is; undefined when that cannot be seen. Absent where interfaces stay where they are. */
  look?(tap: Tap): TapLook | 'gone' | undefined;
  /** Opens a socket; throws ERR_VTEP_PORT_IN_USE (naming the owner), ERR_VTEP_PERMISSION or ERR_VTEP_SYSTEM. */
  openSocket(request: SocketRequest): number;
  /**
   * Opens another namespace for the underlay; undefined when it is the system's own. Absent where there are none.
   * @throws VtepError ERR_VTEP_ARGUMENT when there is no such namespace, ERR_VTEP_PERMISSION when it may not be entered
   */
  reach?(netns: string): ReachedNamespace | undefined;
  /** Closes a socket, a TAP queue or a namespace. */
  close(fd: number): void;
  /** Joins or leaves a multicast group; joining twice is no error. */
  join(fd: number, group: Int32Array, ifindex: number): void;
  leave(fd: number, group: Int32Array, ifindex: number): void;
  /** Told of a table's large buffer before it is touched: a chance to ask for huge pages. */
  advise?(buffer: SharedArrayBuffer): void;
  /** Ports for use in the engine's own thread; undefined where workers must make theirs. */
  readonly ports?: PortFactory;
}
