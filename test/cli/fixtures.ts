/** VTEPs, counters and streams that the tests of the command line share. */
import type { LinkState } from '../../lib/engine/types.js';
import { LINK_DEFAULTS } from '../support/links.js';

/** A VTEP with the kernel's defaults. */
export const linkState = (config: Partial<LinkState> & { name: string; id: number }): LinkState => ({
  ...LINK_DEFAULTS,
  ifindex: 4,
  address: 'a2:53:73:73:3f:e5',
  mtu: config.dev === undefined ? 1500 : 1450,
  up: false,
  bridged: false,
  away: false,
  persistent: false,
  missing: [],
  ...config,
  ...(config.ageing === 0 ? { ageing: 300 } : {}),
});

/** Collects what a command writes. */
export function collector() {
  const text = { out: '', err: '' };
  return {
    text,
    out: (part: string): void => void (text.out += part),
    err: (part: string): void => void (text.err += part),
  };
}
