/** What became of a TAP's interface from outside, taken over. */
import type { LinkNotice } from './api.js';
import type { Tap } from './system.js';

const KEYS = ['name', 'ifindex', 'address', 'mtu', 'bridged', 'away'] as const;

export function takeNews(tap: Tap, news: LinkNotice): void {
  for (const key of KEYS) if (news[key] !== undefined) Object.assign(tap, { [key]: news[key] });
}
