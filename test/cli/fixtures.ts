/** VTEPs, counters and streams that the tests of the command line share. */
import type { LinkConfig, LinkState, LinkStatistics } from '../../lib/engine/types.js';

const DEFAULTS: Omit<LinkConfig, 'name' | 'id'> = {
  external: false,
  vnifilter: false,
  dstport: 8472,
  srcport: [0, 0],
  ttl: 0,
  tos: 0,
  df: 'unset',
  flowlabel: 0,
  mssclamp: 'off',
  learning: true,
  ageing: 300,
  maxaddress: 0,
  proxy: false,
  rsc: false,
  l2miss: false,
  l3miss: false,
  hold: 0,
  holdtime: 1000,
  udpcsum: true,
  udp6zerocsumtx: false,
  udp6zerocsumrx: false,
  gbp: false,
  gbpId: 0,
  gpe: false,
  reserved_bits: '0xf7ffffff000000ff',
  localbypass: true,
  localbind: false,
  allow: 'any',
  learnLimit: 0,
  learnPort: false,
  remoteStats: false,
  splitHorizon: 0,
  neighsnoop: 0,
  gateway: [],
};

export const noStatistics = (): LinkStatistics => ({
  rxPackets: 0,
  rxBytes: 0,
  rxErrors: 0,
  rxDropped: 0,
  rxLengthErrors: 0,
  rxFrameErrors: 0,
  txPackets: 0,
  txBytes: 0,
  txErrors: 0,
  txDropped: 0,
  txCarrierErrors: 0,
  txAbortedErrors: 0,
  collisions: 0,
  reasons: {},
  events: {},
});

/** A VTEP with the kernel's defaults. */
export const linkState = (config: Partial<LinkState> & { name: string; id: number }): LinkState => ({
  ...DEFAULTS,
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
