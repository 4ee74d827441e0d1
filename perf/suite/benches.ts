/**
 * Every bench of the suite, in the order they run. Neighbours with one layout share its beds. The quick run takes those
 * with a `quick` effort: the figures that have bars, and little else.
 */
import { costOfDatagrams, costOfTcp } from '../cost/cpu.js';
import { memory } from '../cost/memory.js';
import { typescriptOfDatagrams, typescriptShare } from '../cost/typescript-share.js';
import { flannelThousand } from '../flannel/thousand.js';
import { flood } from '../latency/flood.js';
import { halfLoad } from '../latency/half-load.js';
import { microBenches } from '../micro/main.js';
import { fdbTable } from '../scale/live/fdb.js';
import { liveRemotes } from '../scale/live/remotes.js';
import { neighbourTable, routeTable4, routeTable6 } from '../scale/live/short-circuit.js';
import { liveTable } from '../scale/live/table.js';
import { liveVnis } from '../scale/live/vnis.js';
import { tables } from '../scale/tables/bench.js';
import { delivered } from '../throughput/datagrams.js';
import { replication } from '../throughput/replication.js';
import { lossless } from '../throughput/rfc2544.js';
import { tcp } from '../throughput/tcp.js';
import type { Subject } from './figure.js';
import { BRIDGED, DEFAULT_LAYOUT, NO_TUNNEL, OVER_IPV6, PLAIN, ROUTED } from './layouts.js';
import type { Bench, Effort } from './plan.js';

const PAIR: readonly Subject[] = ['uvtep', 'kernel'];
const WITH_VETH: readonly Subject[] = [...PAIR, 'veth'];
const ALL: readonly Subject[] = [...WITH_VETH, 'ovs', 'vde'];
const WITH_PEERS: readonly Subject[] = [...PAIR, 'ovs', 'vde'];

/** Enough samples for `compare` to tell a change from noise. */
const FULL: Effort = { rounds: 5, seconds: 3 };
/** What no bar is set for, and no one compares. */
const BRIEF: Effort = { rounds: 3, seconds: 2 };

/** RFC 2544, section 24: what was found has to hold for ten seconds at least. */
const TRIALS: Effort = { rounds: 1, seconds: 10 };
const SHORT_TRIALS: Effort = { rounds: 1, seconds: 0.3 };

const bar = (against: Subject, atLeast: number, stretch: number) => ({ against, atLeast, stretch });

const onVeth = { layout: DEFAULT_LAYOUT, variant: 'veth', called: 'default veth' };
const onNoTunnel = { layout: NO_TUNNEL, variant: 'no-tunnel', called: 'no tunnel segmentation' };
const onPlain = { layout: PLAIN, variant: 'plain', called: 'plain NIC' };

const defaultVeth: Bench[] = [
  tcp({
    ...onVeth,
    streams: 1,
    subjects: ALL,
    bars: [bar('kernel', 0.5, 0.7), bar('ovs', 5, 8), bar('vde', 5, 8)],
    quick: { rounds: 3, seconds: 0.5, subjects: WITH_PEERS },
    full: FULL,
  }),
  tcp({ ...onVeth, streams: 1, back: true, subjects: PAIR, full: BRIEF }),
  tcp({ ...onVeth, streams: 4, subjects: PAIR, full: BRIEF }),
  tcp({ ...onVeth, streams: 16, subjects: WITH_VETH, full: FULL }),
  tcp({ ...onVeth, streams: 16, back: true, subjects: PAIR, full: BRIEF }),
  delivered({
    size: 64,
    flows: 1,
    subjects: ALL,
    bars: [bar('ovs', 4, 6), bar('vde', 4, 6)],
    quick: { rounds: 2, seconds: 0.5, subjects: WITH_PEERS },
    full: { rounds: 5, seconds: 2 },
  }),
  delivered({ size: 64, flows: 256, subjects: WITH_VETH, full: BRIEF }),
  delivered({ size: 512, flows: 1, subjects: WITH_VETH, full: BRIEF }),
  delivered({ size: 512, flows: 256, subjects: PAIR, full: BRIEF }),
  delivered({ size: 1400, flows: 1, subjects: WITH_VETH, full: BRIEF }),
  delivered({ size: 1400, flows: 256, subjects: PAIR, full: BRIEF }),
  lossless({
    size: 64,
    flows: 1,
    subjects: PAIR,
    bars: [bar('kernel', 2, 3)],
    quick: SHORT_TRIALS,
    full: TRIALS,
  }),
  lossless({
    size: 64,
    flows: 256,
    subjects: PAIR,
    bars: [bar('kernel', 1, 1.5)],
    quick: SHORT_TRIALS,
    full: TRIALS,
  }),
  lossless({ size: 512, flows: 1, subjects: PAIR, full: TRIALS }),
  lossless({
    size: 1400,
    flows: 1,
    subjects: PAIR,
    bars: [bar('kernel', 2, 2.5)],
    quick: SHORT_TRIALS,
    full: TRIALS,
  }),
  flood,
  halfLoad,
  costOfDatagrams,
  costOfTcp,
  memory,
];

const otherLayouts: Bench[] = [
  tcp({
    ...onNoTunnel,
    streams: 1,
    subjects: WITH_VETH,
    bars: [bar('kernel', 1.3, 1.7)],
    quick: { rounds: 3, seconds: 0.5, subjects: PAIR },
    full: FULL,
  }),
  tcp({ ...onNoTunnel, streams: 1, back: true, subjects: PAIR, full: BRIEF }),
  tcp({
    ...onNoTunnel,
    streams: 16,
    subjects: PAIR,
    bars: [bar('kernel', 1.2, 1.6)],
    quick: { rounds: 3, seconds: 0.5 },
    full: FULL,
  }),
  tcp({
    ...onPlain,
    streams: 1,
    subjects: WITH_VETH,
    bars: [bar('kernel', 0.8, 1.1)],
    quick: { rounds: 3, seconds: 0.5, subjects: PAIR },
    full: FULL,
  }),
  tcp({ ...onPlain, streams: 16, subjects: PAIR, full: BRIEF }),
  tcp({
    variant: 'guests',
    called: 'between bridged guests',
    layout: BRIDGED,
    streams: 1,
    subjects: PAIR,
    full: BRIEF,
  }),
  tcp({
    variant: 'routed',
    called: 'between routed guests',
    layout: ROUTED,
    streams: 1,
    subjects: PAIR,
    full: BRIEF,
  }),
  tcp({
    variant: 'ipv6',
    called: 'IPv6 underlay',
    layout: OVER_IPV6,
    streams: 1,
    subjects: PAIR,
    full: BRIEF,
  }),
];

export const BENCHES: readonly Bench[] = [
  ...defaultVeth,
  ...otherLayouts,
  replication,
  typescriptShare,
  typescriptOfDatagrams,
  // Before those whose thousands of devices the kernel is busy removing afterwards.
  flannelThousand,
  liveTable(fdbTable),
  liveTable(neighbourTable),
  liveTable(routeTable4),
  liveTable(routeTable6),
  liveRemotes,
  liveVnis,
  tables,
  ...microBenches,
];
