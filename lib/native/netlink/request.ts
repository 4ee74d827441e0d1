/**
 * Questions to the kernel and their answers. The kernel works on a request inside send(), and on the next part of a
 * dump inside receive(), so an answer is there when it is looked for: no waiting, no event loop.
 */
import { EAGAIN, EINTR } from '../errno.js';
import { netlinkError } from '../names.js';
import type { Shim } from '../shim.js';
import {
  groupDeletion,
  groupRequest,
  gsoRequest,
  linkDeletion,
  linkDump,
  linkRequest,
  queueRequest,
  readLink,
  RTM_NEWLINK,
  type LinkInfo,
} from './link.js';
import {
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  readMessages,
  setSequence,
  viewOf,
  type Message,
} from './message.js';
import { readRoute, routeRequest, RTM_NEWROUTE, type RouteInfo } from './route.js';

/** What of the shim is needed: the four socket calls. */
export type NetlinkShim = Pick<Shim, 'netlinkOpen' | 'netlinkSend' | 'netlinkReceive' | 'close'>;

const V4_MAPPED = 0xffff;
/** Dumps come in datagrams of at most 32 KiB (NLMSG_GOODSIZE and its growth). */
export const BUFFER_SIZE = 65_536;
/** One for all: making it takes longer than most answers. What is read is copied out, mostly a few hundred octets. */
const buffer = new Uint8Array(BUFFER_SIZE);
/** A table that changes faster than it can be read is taken as it was read last. */
const DUMP_ATTEMPTS = 3;

export interface Answer {
  /** 0, or -errno of the kernel or of a socket call. */
  result: number;
  messages: Message[];
}

let sequence = 0;

/** Takes `count` sequence numbers; returns the first. */
export function nextSequences(count: number): number {
  const first = (sequence + 1) >>> 0;
  sequence = (sequence + count) >>> 0;
  return first;
}

/** Sends one request on an open socket and collects its answer: up to its error or acknowledgement, or a dump's end. */
function exchange(shim: NetlinkShim, fd: number, request: Uint8Array): Answer {
  const mine = nextSequences(1);
  setSequence(request, mine);
  const sent = shim.netlinkSend(fd, request, 0);
  if (sent < 0) return { result: sent, messages: [] };
  // Neither a dump nor acknowledged: one message answers.
  const isForOne = viewOf(request).getUint16(6, true) === NLM_F_REQUEST;
  const messages: Message[] = [];
  for (;;) {
    const got = shim.netlinkReceive(fd, buffer);
    if (got < 0) return { result: got, messages };
    for (const message of readMessages(buffer.slice(0, got))) {
      if (message.sequence !== mine) continue;
      if (message.type === NLMSG_DONE) return { result: 0, messages };
      if (message.type === NLMSG_ERROR) return { result: viewOf(message.body).getInt32(0, true), messages };
      messages.push(message);
      if (isForOne) return { result: 0, messages };
    }
  }
}

/**
 * Sends one request on a socket of its own.
 * @param netns path of a network namespace; default the caller's
 */
export function ask(shim: NetlinkShim, request: Uint8Array, netns?: string): Answer {
  const fd = shim.netlinkOpen([], netns);
  if (fd < 0) return { result: fd, messages: [] };
  try {
    let answer = exchange(shim, fd, request);
    for (let i = 1; i < DUMP_ATTEMPTS && isTorn(answer); i++) answer = exchange(shim, fd, request);
    return answer;
  } finally {
    shim.close(fd);
  }
}

/**
 * Reads a whole table.
 * @param dump its RTM_GET… request
 * @param netns path of a network namespace; default the caller's
 * @throws {VtepError} when it cannot be read, so that what is not told is not taken for gone
 */
export function readTable(shim: NetlinkShim, dump: Uint8Array, netns?: string): Message[] {
  const { result, messages } = ask(shim, dump, netns);
  if (result !== 0) throw netlinkError(result);
  return messages;
}

function isTorn({ result, messages }: Answer): boolean {
  return (
    result === EAGAIN || result === EINTR || messages.some(({ flags }) => (flags & NLM_F_DUMP_INTR) !== 0)
  );
}

/**
 * One interface, by index or name.
 * @returns undefined when there is none
 * @example getLink(shim, 'eth0')?.mtu // 1500
 */
export function getLink(shim: NetlinkShim, which: number | string, netns?: string): LinkInfo | undefined {
  const { messages } = ask(shim, linkRequest(which), netns);
  const first = messages[0];
  return first?.type === RTM_NEWLINK ? readLink(first.body) : undefined;
}

/**
 * The route that a packet to an address takes.
 * @param address four words, IPv4 as v4-mapped
 * @param ifindex the interface it must leave by, 0 = any
 * @returns undefined when there is none
 */
export function getRoute(
  shim: NetlinkShim,
  address: Int32Array,
  ifindex: number,
  netns?: string,
): RouteInfo | undefined {
  const octets = new Uint8Array(16);
  address.forEach((word, i) => viewOf(octets).setInt32(4 * i, word));
  const isIpv4 = address[0] === 0 && address[1] === 0 && address[2] === V4_MAPPED;
  const { messages } = ask(shim, routeRequest(isIpv4 ? octets.subarray(12) : octets, ifindex), netns);
  const first = messages[0];
  return first?.type === RTM_NEWROUTE ? readRoute(first.body) : undefined;
}

/** All interfaces of a namespace. */
export function listLinks(shim: NetlinkShim, netns?: string): LinkInfo[] {
  const { messages } = ask(shim, linkDump(), netns);
  return messages.map(({ body }) => readLink(body)).filter((link) => link !== undefined);
}

/**
 * Limits the super-frames the stack hands to an interface, so that one fits one UDP_SEGMENT send.
 * @param segments 1 to 65,535
 * @param size octets, up to 65,536
 * @returns 0 or -errno
 */
export function setLinkGso(
  shim: NetlinkShim,
  ifindex: number,
  segments: number,
  size: number,
  netns?: string,
): number {
  return ask(shim, gsoRequest(ifindex, segments, size), netns).result;
}

/**
 * Sets how many frames an interface keeps for who reads it; a TAP's ring takes that size.
 * @param length 1 to 4,294,967,295
 * @returns 0 or -errno
 */
export function setLinkQueue(shim: NetlinkShim, ifindex: number, length: number, netns?: string): number {
  return ask(shim, queueRequest(ifindex, length), netns).result;
}

/**
 * Removes an interface.
 * @returns 0 or -errno
 */
export function deleteLink(shim: NetlinkShim, ifindex: number, netns?: string): number {
  return ask(shim, linkDeletion(ifindex), netns).result;
}

/**
 * Removes many interfaces at once. One by one each waits for a grace period of the kernel's, some 17 ms; as a group they
 * wait together, 100 of them 36 ms. Their group is one that no interface is in, so that nothing else goes with them.
 * @returns 0 or -errno; then some or all are left
 */
export function deleteLinks(shim: NetlinkShim, ifindexes: readonly number[]): number {
  const taken = new Set(listLinks(shim).map(({ group }) => group));
  let group = 0;
  while (group === 0 || taken.has(group)) group = Math.floor(Math.random() * 0x8000_0000);
  for (const ifindex of ifindexes) {
    const { result } = ask(shim, groupRequest(ifindex, group));
    if (result !== 0) return result;
  }
  return ask(shim, groupDeletion(group)).result;
}
