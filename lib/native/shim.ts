/**
 * The typed facade over native-shim; load.ts finds and loads the binary.
 *
 * Every call returns a count (or a new file descriptor) >= 0, or -errno; nothing throws except a wrong
 * argument *type* (TypeError) and a missing or unusable binary (ERR_VTEP_SHIM). File descriptors belong to
 * the process, so one thread may open a device and another may run its bursts. All burst calls check every
 * offset and length against the slab in C, whatever TypeScript wrote into the columns; an entry that points
 * outside is given STATUS -EFAULT and skipped. Calls and ownership in detail: native-shim/README.md.
 */

export { load } from './load.js';

/** Version of the call list; the binary must have the same (native-shim/shim.h). */
export const SHIM_VERSION = 5;

/** Bit of a poller's token that marks a waker; wait() drains it and returns the token with the bit. */
export const WAKER = 1 << 30;

/** What a TAP carries, as probed by TUNSETOFFLOAD when it was opened. */
export const OFFLOAD_CSUM = 1;
export const OFFLOAD_TSO4 = 2;
export const OFFLOAD_TSO6 = 4;
export const OFFLOAD_TSO_ECN = 8;
export const OFFLOAD_USO = 16;

export interface TapOptions {
  /** Interface name, 1 to 15 bytes, or with one %d. */
  name: string;
  /** Path of a network namespace to make the device in, such as /run/netns/blue; default: the caller's. */
  netns?: string;
  /** Queues, 1 to 256; more than 1 sets IFF_MULTI_QUEUE. Default 1. */
  queues?: number;
  /** Ask for a vnet header and all offloads the kernel has. Default true. */
  vnetHeader?: boolean;
}

export interface TapInfo {
  /** The name the kernel gave. */
  name: string;
  /** One non-blocking descriptor a queue; the device goes when the last is closed, unless persistent. */
  fds: number[];
  ifindex: number;
  /** False when a persistent device of that name was attached to. */
  created: boolean;
  /** OFFLOAD_* bits in force; 0 without a vnet header. */
  offloads: number;
}

/** Changes to a network interface by name; absent fields stay. Returns 0 or the first -errno. */
export interface InterfaceChange {
  netns?: string;
  /** Six octets. */
  mac?: Uint8Array;
  mtu?: number;
  up?: boolean;
}

export interface UdpOptions {
  family: 4 | 6;
  /** Address to bind as four words (batch.ts), default any. An IPv6 socket is always v6-only. */
  address?: Int32Array;
  /** 0 to 65535; 0 lets the kernel choose. */
  port: number;
  reusePort?: boolean;
  reuseAddress?: boolean;
  /** Bytes; SO_RCVBUFFORCE is tried first, then SO_RCVBUF. */
  receiveBuffer?: number;
  sendBuffer?: number;
  /** Ask for UDP_GRO (since 5.0); absence is not an error. */
  gro?: boolean;
  /** false: outgoing IPv4 datagrams carry checksum 0 (SO_NO_CHECK), IPv6 ones too (UDP_NO_CHECK6_TX). Default true. */
  checksum?: boolean;
  /** Accept IPv6 datagrams with checksum 0 (UDP_NO_CHECK6_RX). */
  zeroChecksum6Rx?: boolean;
  /** Fill TOS / TTL / LOCAL0..3 and IFINDEX of received entries. */
  receiveTos?: boolean;
  receiveTtl?: boolean;
  receiveLocal?: boolean;
  /** Fill the error queue (IP_RECVERR / IPV6_RECVERR), read with udpErrors. */
  receiveErrors?: boolean;
  /** IP_MTU_DISCOVER: 'dont' lets the kernel fragment (DF clear), 'do' sets DF, 'probe' sets DF and ignores the path MTU. Default 'dont'. */
  mtuDiscover?: 'dont' | 'do' | 'probe';
  /** Attach a filter that drops whatever arrives: for egress sockets. */
  dropAll?: boolean;
  /** SO_BINDTODEVICE. */
  device?: string;
  /** Path of the network namespace to open it in; default: the caller's. */
  netns?: string;
  /** IP_TTL / IPV6_UNICAST_HOPS default for the socket, 1 to 255. */
  ttl?: number;
}

export interface Shim {
  /** Version of the shim's call list; lib refuses another than SHIM_VERSION. */
  readonly version: number;

  // --- TAP -----------------------------------------------------------------------------------------
  tapOpen(options: TapOptions): TapInfo | number;
  tapPersist(fd: number, on: boolean): number;
  /** The name of a TAP and a descriptor of the namespace it is in now, for the caller to close (since Linux 5.2). */
  tapWhere(fd: number): { name: string; netns: number } | number;
  /**
   * Reads frames until the queue is empty or `max` were read: entry i and slot i, for i from `first`.
   * `first + max` must not exceed the slots of the slab nor the capacity of the batch.
   */
  tapReceive(fd: number, bytes: Uint8Array, words: Int32Array, first: number, max: number): number;
  /**
   * Writes entries `from` to `to` - 1, each to the queue in its PORT column, joining consecutive TCP segments (and
   * equal-size UDP datagrams) of one flow into super-frames; finishes, verifies and repairs checksums. Returns how
   * many writes were made; each entry's STATUS is 0 or -errno.
   * @param coalesce bits: 1 = TCP, 2 = UDP (needs OFFLOAD_USO), 0 = write each frame by itself.
   */
  tapTransmit(bytes: Uint8Array, words: Int32Array, from: number, to: number, coalesce: number): number;
  /** Changes an interface by name: MAC, MTU, flags. */
  interfaceSet(name: string, change: InterfaceChange): number;
  interfaceIndex(name: string): number;

  // --- UDP -----------------------------------------------------------------------------------------
  udpOpen(options: UdpOptions): number;
  /** The port a socket is bound to. */
  udpPort(fd: number): number;
  udpJoin(fd: number, group: Int32Array, ifindex: number): number;
  udpLeave(fd: number, group: Int32Array, ifindex: number): number;
  udpReceive(fd: number, bytes: Uint8Array, words: Int32Array, first: number, max: number): number;
  /**
   * Sends entries `from` to `to` - 1: VXLAN header (8 bytes at HEADER) + frame, each on the socket in its PORT
   * column; cuts super-frames, finishes checksums, and sends runs of equal size to one destination as one
   * UDP_SEGMENT call. Returns how many entries were sent; each entry's STATUS is 0 or -errno.
   */
  udpTransmit(bytes: Uint8Array, words: Int32Array, from: number, to: number): number;
  /**
   * Drains the error queue: for each error entry i gets STATUS (errno > 0), EXTRA (ee_info: the path MTU for
   * EMSGSIZE), PEER0..3 and PEER_PORT (the destination it was for). Returns how many.
   */
  udpErrors(fd: number, words: Int32Array, max: number): number;

  // --- waiting -------------------------------------------------------------------------------------
  /** A poller (epoll) descriptor. */
  pollerOpen(): number;
  /** Watches `fd` for reading; `token` >= 0 comes back from wait. */
  pollerAdd(poller: number, fd: number, token: number): number;
  pollerRemove(poller: number, fd: number): number;
  /**
   * Waits until something is readable: fills `ready` with tokens, returns how many; 0 after `timeout`.
   * @param timeout microseconds, -1 = for ever
   * @param spin microseconds to poll without sleeping first, 0 = none
   */
  wait(poller: number, ready: Int32Array, timeout: number, spin: number): number;
  /** Lets other threads run that are ready to (sched_yield). */
  giveWay(): number;
  /** A descriptor that another thread can make readable (eventfd); wait() drains those added with pollerAdd(…, token | WAKER). */
  wakerOpen(): number;
  wake(waker: number): number;
  close(fd: number): number;

  // --- memory --------------------------------------------------------------------------------------
  /**
   * Asks for huge pages in the memory under `bytes`, which may be of a SharedArrayBuffer: before it is first touched.
   * Returns 0, also where the memory is too small for one; -EINVAL where the kernel has none.
   */
  adviseHuge(bytes: Uint8Array): number;

  // --- rtnetlink and namespaces ----------------------------------------------------------------------
  /** A NETLINK_ROUTE socket joined to `groups` (RTNLGRP_* numbers), in `netns` or the caller's namespace. */
  netlinkOpen(groups: number[], netns?: string): number;
  /** Sends one message to the kernel (group 0) or to a multicast group; returns bytes or -errno. */
  netlinkSend(fd: number, message: Uint8Array, group: number): number;
  /** Receives one datagram without waiting; returns bytes, -EAGAIN, or -ENOBUFS when messages were lost. */
  netlinkReceive(fd: number, buffer: Uint8Array): number;
  /** Calls `readable` on this thread's event loop whenever fd is readable, until unwatch. Does not keep the process alive unless `ref`. */
  watch(fd: number, readable: () => void, ref: boolean): number;
  unwatch(watcher: number): number;
  /** Moves the calling thread, and those it starts later, into a namespace. */
  setNamespace(path: string): number;

  // --- pure functions, for tests and tools -----------------------------------------------------------
  /**
   * Cuts the frame of entry `index` of a batch (OFFLOAD, GSO_SIZE, CSUM as from tapReceive) into complete frames
   * with final checksums, written one after the other into `out`, their lengths into `lengths`. Returns how many.
   */
  segment(bytes: Uint8Array, words: Int32Array, index: number, out: Uint8Array, lengths: Int32Array): number;
  /**
   * What tapTransmit would write, written to memory instead: for each write the 10-byte virtio-net header and the
   * frame, one after the other into `out`, their lengths into `lengths`. Returns how many.
   */
  coalesce(
    bytes: Uint8Array,
    words: Int32Array,
    from: number,
    to: number,
    coalesce: number,
    out: Uint8Array,
    lengths: Int32Array,
  ): number;
  /** Internet checksum (RFC 1071) of a range, folded, not complemented. */
  checksum(bytes: Uint8Array, offset: number, length: number): number;
}
