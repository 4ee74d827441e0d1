/** Interfaces of TAPs that were moved to another network namespace: asked and changed where they are. */
import { EBADFD } from '../native/errno.js';
import type { LinkInfo } from '../native/netlink/link.js';
import { getLink } from '../native/netlink/request.js';
import type { Shim } from '../native/shim.js';
import type { Tap } from './system.js';

/** An interface, and the path by which this process reaches its namespace. */
export interface Whereabouts {
  link: LinkInfo;
  netns: string;
}

/**
 * Lets `act` see where the interface of a TAP is. The namespace is not held: one whose processes end goes, and the TAP with it.
 * @returns what `act` returns; 'gone' when the interface is no more, undefined when it cannot be seen (before Linux 5.2)
 */
export function atInterface<T>(
  shim: Shim,
  { fds }: Pick<Tap, 'fds'>,
  act: (where: Whereabouts) => T,
): T | 'gone' | undefined {
  const where = shim.tapWhere(fds[0]);
  if (typeof where === 'number') return where === EBADFD ? 'gone' : undefined;
  try {
    const netns = `/proc/self/fd/${where.netns}`;
    const link = getLink(shim, where.name, netns);
    return link && act({ link, netns });
  } finally {
    shim.close(where.netns);
  }
}
