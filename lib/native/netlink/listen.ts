/** What the kernel announces: messages of rtnetlink groups, as they come. */
import { EAGAIN, ENOBUFS } from '../errno.js';
import { netlinkError } from '../names.js';
import type { Shim } from '../shim.js';
import { readMessages, type Message } from './message.js';
import type { NetlinkShim } from './request.js';

export type ListenShim = NetlinkShim & Pick<Shim, 'watch' | 'unwatch'>;

/** None of these may throw: there is no caller to tell. */
export interface NetlinkListener {
  /** One message. Its octets are valid during the call. */
  message(message: Message): void;
  /** More came than the socket's buffer holds; tables have to be read anew. */
  lost(): void;
  /** The socket gave an error, -errno. */
  failed?(result: number): void;
  /** All that had come was told, for now. */
  drained?(): void;
}

/** Datagrams read before the event loop gets its turn; the watcher rings again when there are more. */
const BURST = 128;
const BUFFER_SIZE = 65_536;

/**
 * Listens to rtnetlink groups of a namespace. Does not keep the process alive.
 * @param groups RTNLGRP_*
 * @param netns path of a namespace; default the caller's
 * @returns the function that ends it
 * @throws {VtepError} ERR_VTEP_SYSTEM when there is no socket to be had
 * @example const end = listen(shim, [RTNLGRP_LINK], { message: ({ body }) => log(readLink(body)), lost: readAnew });
 */
export function listen(
  shim: ListenShim,
  groups: number[],
  listener: NetlinkListener,
  netns?: string,
): () => void {
  const fd = shim.netlinkOpen(groups, netns);
  if (fd < 0) throw netlinkError(fd);
  const buffer = new Uint8Array(BUFFER_SIZE);
  const watcher = shim.watch(fd, () => readable(shim, fd, buffer, listener), false);
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    shim.unwatch(watcher);
    shim.close(fd);
  };
}

function readable(shim: ListenShim, fd: number, buffer: Uint8Array, listener: NetlinkListener): void {
  for (let datagram = 0; datagram < BURST; datagram++) {
    const got = shim.netlinkReceive(fd, buffer);
    if (got === EAGAIN) break;
    if (got === ENOBUFS) listener.lost();
    else if (got < 0) {
      listener.failed?.(got);
      break;
    } else for (const message of readMessages(buffer.subarray(0, got))) listener.message(message);
  }
  listener.drained?.();
}
