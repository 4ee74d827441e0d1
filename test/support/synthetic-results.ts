/** A run of the suite that nobody ran: every group, every subject, curves up to a million, gaps and disturbances. */
import type { Bar, Figure, Subject } from '../../perf/suite/figure.js';
import type { Results } from '../../perf/suite/results.js';
import { Random } from './random.js';

const TABLE_SIZES = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const PERCENTILES = [50, 90, 99, 99.9];

type Medians = Partial<Record<Subject, number>>;

/** @param scale what every figure of ours is multiplied by; @param noise share of a sample's standard deviation */
export function syntheticResults({ seed = 1, scale = 1, noise = 0.03, rounds = 9 } = {}): Results {
  const next = new Random(seed);
  const sample = (median: number): number => median * (1 + noise * normal(next));
  const figure = (id: string, name: string, unit: string, digits: number, medians: Medians): Figure => ({
    id,
    name,
    unit,
    digits,
    better: /^(us|ns|bytes|MB|%|s)/.test(unit) ? 'less' : 'more',
    samples: Object.fromEntries(
      Object.entries(medians).map(([subject, median]) => [
        subject,
        Array.from({ length: rounds }, () => sample(subject === 'uvtep' ? median * scale : median)),
      ]),
    ),
  });
  return {
    version: 2,
    date: '2026-11-26T10:16:16.510Z',
    suite: 'full',
    machine: {
      host: 'example',
      cpu: 'AMD EPYC 9B14',
      cpus: 2,
      memory: 25_276_510_208,
      kernel: '6.18.44',
      node: 'v20.20.2',
      hypervisor: 'QEMU',
      mitigations: 'spectre_v1 spectre_v2',
    },
    versions: { uvtep: '0.1.0', commit: 'abcdef0', iproute2: '6.1.0', ovs: '3.1.0', vde: '2.3.2' },
    busyBefore: 0.02,
    stolen: 0.001,
    seconds: 1534.2,
    figures: [
      ...throughput(figure),
      ...latency(figure),
      ...scales(figure),
      ...costs(figure),
      ...micros(figure),
    ],
    skipped: [
      { name: 'throughput/tcp/ipv6', why: 'IPv6 is disabled here (net.ipv6.conf.all.disable_ipv6 = 1)' },
      { name: 'throughput/replication/64', why: '64 namespaces need 6 GiB of memory, 3 GiB are free' },
    ],
  };
}

/** Of the standard normal distribution: Box and Muller. */
export function normal(random: Random): number {
  const [length, angle] = [random.below(2 ** 32) / 2 ** 32, random.below(2 ** 32) / 2 ** 32];
  return Math.sqrt(-2 * Math.log(1 - length)) * Math.cos(2 * Math.PI * angle);
}

type Make = (id: string, name: string, unit: string, digits: number, medians: Medians) => Figure;

const kernel = (atLeast: number, stretch: number): Bar[] => [{ against: 'kernel', atLeast, stretch }];

function throughput(make: Make): Figure[] {
  const tcp = (id: string, name: string, medians: Medians, bars?: Bar[]): Figure => ({
    ...make(`throughput/tcp/${id}`, `TCP, ${name}`, 'Gbit/s', 2, medians),
    bars,
  });
  const udp = (id: string, name: string, medians: Medians, bars?: Bar[]): Figure => ({
    ...make(`throughput/${id}`, name, 'kpps', 0, medians),
    bars,
  });
  const peers = (factor: number): Medians => ({ ovs: 1.2 * factor, vde: 0.62 * factor });
  return [
    tcp(
      '1-stream/veth',
      'one stream, default veth',
      { uvtep: 14.4, 'uvtep-spin': 15.1, kernel: 31.7, veth: 44.2, ...peers(1) },
      [
        { against: 'kernel', atLeast: 0.5, stretch: 0.7 },
        { against: 'ovs', atLeast: 5, stretch: 8 },
        { against: 'vde', atLeast: 5, stretch: 8 },
      ],
    ),
    tcp(
      '1-stream/no-tunnel',
      'one stream, no tunnel segmentation',
      { uvtep: 17.6, kernel: 7.1, veth: 43.9, ...peers(1) },
      kernel(1.3, 1.7),
    ),
    tcp('1-stream/plain', 'one stream, plain NIC', { uvtep: 3.9, kernel: 4.2, veth: 9.1 }, kernel(0.8, 1.1)),
    tcp('4-streams/no-tunnel', 'four streams, no tunnel segmentation', {
      uvtep: 16.1,
      kernel: 8.0,
      veth: 41,
    }),
    tcp(
      '16-streams/no-tunnel',
      '16 streams, no tunnel segmentation',
      { uvtep: 15.5, kernel: 8.4, veth: 39 },
      kernel(1.2, 1.6),
    ),
    {
      ...tcp('1-stream/guests', 'one stream, between bridged guests, default veth', {
        uvtep: 14.9,
        kernel: 25.7,
      }),
      disturbed: { busyBefore: 0.21, stolen: 0.08 },
      note: '263 retransmits at most in a run of ours',
    },
    {
      ...udp('udp/64/1-flow/veth', '64-byte UDP delivered, one flow', {
        uvtep: 404,
        'uvtep-spin': 431,
        kernel: 169,
        veth: 612,
        ovs: 71,
        vde: 55,
      }),
      bars: [{ against: 'ovs', atLeast: 4, stretch: 6 }],
    },
    udp('udp/512/1-flow/veth', '512-byte UDP delivered, one flow', { uvtep: 371, kernel: 165, veth: 598 }),
    udp('udp/1400/1-flow/veth', '1400-byte UDP delivered, one flow', { uvtep: 344, kernel: 158, veth: 560 }),
    udp(
      'rfc2544/64/1-flow',
      '64-byte UDP, one flow, rate at <= 0.5 % loss',
      { uvtep: 392, kernel: 151, veth: 590 },
      kernel(2, 3),
    ),
    udp(
      'rfc2544/64/256-flows',
      '64-byte UDP, 256 flows, rate at <= 0.5 % loss',
      { uvtep: 171, kernel: 149, veth: 560 },
      kernel(1, 1.5),
    ),
    {
      ...udp(
        'rfc2544/1400/1-flow',
        '1400-byte UDP, one flow, rate at <= 0.5 % loss',
        { kernel: 140 },
        kernel(2, 2.5),
      ),
      missing: {
        uvtep: 'the search found no rate below the limit: the source reached only 98 kpps',
        vde: 'vde_switch is not installed',
      },
    },
    ...[1, 4, 16, 64].map((remotes) => ({
      ...udp(`replication/${remotes}`, `head-end replication, ${remotes} remotes`, {
        uvtep: 380 / remotes ** 0.8,
        kernel: 150 / remotes ** 0.7,
      }),
      curve: 'throughput/replication',
      at: { axis: 'remotes', value: remotes },
    })),
  ];
}

function latency(make: Make): Figure[] {
  const loaded = PERCENTILES.map((percentile, index) => {
    const tail = 4 ** index;
    const medians = {
      uvtep: 60 * tail ** 0.9,
      'uvtep-spin': 24 * tail ** 0.8,
      kernel: 9 * tail,
      veth: 6 * tail ** 0.9,
    };
    return make(
      `latency/loaded/p${percentile}`,
      `RTT at 50 % of the found rate, p${percentile}`,
      'us',
      1,
      medians,
    );
  });
  const idle = PERCENTILES.map((value, index) => ({
    ...make(`latency/idle/${value}`, `RTT of a flood, p${value}`, 'us', 1, {
      uvtep: 50 + 9 * index,
      'uvtep-spin': 20 + 8 * index,
      kernel: 7 + index,
      veth: 5 + index,
    }),
    curve: 'latency/idle',
    at: { axis: 'percentile', value },
  }));
  const flood: Figure = {
    ...make('latency/flood', 'flood RTT', 'us', 1, {
      uvtep: 51.9,
      'uvtep-spin': 17.2,
      kernel: 6.9,
      veth: 4.8,
      vde: 56.3,
    }),
    bars: [
      { atMost: 60, stretch: 40 },
      { of: 'uvtep-spin', atMost: 30, stretch: 18 },
    ],
  };
  return [flood, ...idle, ...loaded];
}

function scales(make: Make): Figure[] {
  const curve = (
    id: string,
    name: string,
    unit: string,
    digits: number,
    of: (size: number) => Medians,
    bars?: Bar[],
  ): Figure[] =>
    TABLE_SIZES.map((size) => ({
      ...make(`${id}/${size}`, `${name}, ${size.toLocaleString('en-US')} entries`, unit, digits, of(size)),
      curve: id,
      at: { axis: id.includes('route') ? 'IPv4 routes' : 'FDB entries', value: size },
      bars: size === 1_000_000 ? bars : undefined,
    }));
  return [
    ...curve('scale/fdb/lookup-hit', 'FDB lookup, hit', 'ns', 1, (n) => ({ uvtep: 5 + n ** 0.28 }), [
      { atMost: 60, stretch: 30 },
    ]),
    ...curve('scale/fdb/lookup-miss', 'FDB lookup, miss', 'ns', 1, (n) => ({ uvtep: 4 + n ** 0.26 })),
    ...curve(
      'scale/fdb/insert',
      'FDB insert',
      'entries/s',
      0,
      (n) => ({ uvtep: 4e6 / (1 + Math.log10(n)) }),
      [{ atLeast: 1e6, stretch: 3e6 }],
    ),
    ...curve('scale/fdb/size', 'FDB, octets an entry', 'bytes', 1, (n) => ({ uvtep: 36 + 2000 / n })),
    ...curve('scale/route/lookup', 'route lookup, random', 'ns', 1, (n) => ({ uvtep: 8 + n ** 0.27 }), [
      { atMost: 60, stretch: 25 },
    ]),
    ...curve('scale/live/fdb', 'live path, 64-byte UDP delivered', 'kpps', 0, (n) => ({
      uvtep: 400 - 4 * Math.log10(n),
      kernel: 168 - Math.log10(n),
    })),
  ];
}

function costs(make: Make): Figure[] {
  return [
    {
      ...make('cost/cpu-at-100-kpps', 'CPU at 100 kpps, whole machine', '% of two CPUs', 1, {
        uvtep: 41,
        kernel: 46,
        veth: 28,
      }),
      bars: [{ against: 'kernel', atMost: 0.95, stretch: 0.8 }],
    },
    make('cost/cpu-per-gigabit/veth', 'CPU seconds a gigabit, default veth', 's/Gbit', 3, {
      uvtep: 0.112,
      kernel: 0.041,
    }),
    make('cost/cpu-per-gigabit/no-tunnel', 'CPU seconds a gigabit, no tunnel segmentation', 's/Gbit', 3, {
      uvtep: 0.098,
      kernel: 0.21,
    }),
    {
      ...make('cost/memory', 'resident memory of a daemon', 'MB', 0, { uvtep: 91 }),
      bars: [{ atMost: 120, worst: true }],
    },
  ];
}

function micros(make: Make): Figure[] {
  const ns = (id: string, name: string, median: number, bars?: Bar[]): Figure => ({
    ...make(`micro/${id}`, name, 'ns', 1, { uvtep: median }),
    bars,
  });
  return [
    ns('encap/unicast', 'encap: 64 known unicast frames', 38, [{ atMost: 100, stretch: 50 }]),
    ns('encap/flood-16', 'encap: flood to 16 remotes', 210),
    ns('decap/learned', 'decap: 64 datagrams, source known', 44, [{ atMost: 100, stretch: 50 }]),
    ns('table/fdb', 'FDB lookup, 1,000 entries in turn', 7.3),
  ];
}
