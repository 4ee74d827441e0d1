/** GET /metrics: what the counters say, in Prometheus' text format. prom-client is loaded when first asked. */
import type { Gauge, Registry } from 'prom-client';
import type { VtepApi } from '../../engine/api.js';
import type { LinkStatistics, RemoteStatistics, VniStatistics } from '../../engine/types.js';
import type { Api, ApiContext } from './context.js';

/** Counters of a link: metric name -> [field, help]. */
const COUNTERS: Record<string, [keyof LinkStatistics, string]> = {
  vtep_receive_packets_total: ['rxPackets', 'Frames decapsulated and delivered'],
  vtep_receive_bytes_total: [
    'rxBytes',
    'Bytes delivered, without Ethernet headers, as the kernel device counts',
  ],
  vtep_receive_errors_total: ['rxErrors', 'Datagrams refused: reserved bits, truncated inner IP, ECN'],
  vtep_receive_dropped_total: ['rxDropped', 'Frames the interface did not take'],
  vtep_receive_length_errors_total: ['rxLengthErrors', 'Datagrams with a truncated inner IP header'],
  vtep_receive_frame_errors_total: ['rxFrameErrors', 'Datagrams with reserved bits set or an impossible ECN'],
  vtep_transmit_packets_total: ['txPackets', 'Frames encapsulated and sent, once a destination'],
  vtep_transmit_bytes_total: ['txBytes', 'Bytes sent, without Ethernet headers, as the kernel device counts'],
  vtep_transmit_errors_total: ['txErrors', 'Frames without a route to their destination'],
  vtep_transmit_dropped_total: ['txDropped', 'Frames without a destination'],
  vtep_transmit_carrier_errors_total: ['txCarrierErrors', 'Frames whose destination network is unreachable'],
  vtep_transmit_aborted_errors_total: ['txAbortedErrors', 'Frames given up while being sent'],
  vtep_transmit_collisions_total: ['collisions', 'Frames whose route leads back into the tunnel'],
};

/** Metrics with a second label: metric name -> [field, label, help]. */
const FAMILIES: Record<string, ['reasons' | 'events', string, string]> = {
  vtep_drops_total: ['reasons', 'reason', 'Frames and datagrams not delivered, by reason'],
  vtep_events_total: [
    'events',
    'event',
    'What the data plane did: learned, moved, aged, proxied, missed, records lost, names moved',
  ],
};

/** Counters of each VNI of a link that has many. */
const VNI_COUNTERS: Record<string, [keyof VniStatistics, string]> = {
  vtep_vni_receive_packets_total: ['rxPackets', 'Frames delivered, by VNI'],
  vtep_vni_receive_bytes_total: ['rxBytes', 'Bytes delivered, by VNI'],
  vtep_vni_receive_errors_total: ['rxErrors', 'Datagrams refused, by VNI'],
  vtep_vni_receive_dropped_total: ['rxDropped', 'Frames the interface did not take, by VNI'],
  vtep_vni_transmit_packets_total: ['txPackets', 'Frames sent, once a destination, by VNI'],
  vtep_vni_transmit_bytes_total: ['txBytes', 'Bytes sent, by VNI'],
  vtep_vni_transmit_errors_total: ['txErrors', 'Frames without a route to their destination, by VNI'],
  vtep_vni_transmit_dropped_total: ['txDropped', 'Frames without a destination, by VNI'],
};

/** Remotes of a link that have series: what is beyond is in the link's own counters. */
const MOST_REMOTES = 256;

/** Counters of each remote of a link with `remoteStats`. */
const REMOTE_COUNTERS: Record<string, [(s: RemoteStatistics) => number, string]> = {
  vtep_remote_receive_packets_total: [(s) => s.rxPackets, 'Frames delivered, by remote'],
  vtep_remote_receive_bytes_total: [(s) => s.rxBytes, 'Bytes delivered, by remote'],
  vtep_remote_transmit_packets_total: [(s) => s.txPackets, 'Frames sent, by remote'],
  vtep_remote_transmit_bytes_total: [(s) => s.txBytes, 'Bytes sent, by remote'],
  vtep_remote_drops_total: [
    (s) => Object.values(s.reasons).reduce((total, count) => total + count, 0),
    'Frames from or for a remote that were not delivered or sent',
  ],
};

type Prometheus = typeof import('prom-client');

function table(
  prometheus: Prometheus,
  registry: Registry,
  name: string,
  help: string,
  labelNames: string[],
): Gauge {
  return new prometheus.Gauge({ name, help, labelNames, registers: [registry] });
}

function countersOf(
  prometheus: Prometheus,
  registry: Registry,
  vteps: VtepApi[],
  { names }: ApiContext,
): void {
  const statistics = vteps.map((vtep) => ({ dev: vtep.name, values: names.statistics(vtep) }));
  const counter = (name: string, help: string, labelNames: string[]) =>
    new prometheus.Counter({ name, help, labelNames, registers: [registry] });
  for (const [name, [field, help]] of Object.entries(COUNTERS)) {
    const metric = counter(name, help, ['dev']);
    for (const { dev, values } of statistics) metric.inc({ dev }, values[field] as number);
  }
  for (const [name, [field, label, help]] of Object.entries(FAMILIES)) {
    const metric = counter(name, help, ['dev', label]);
    for (const { dev, values } of statistics) {
      for (const [key, count] of Object.entries(values[field])) metric.inc({ dev, [label]: key }, count);
    }
  }
}

function vnisOf(prometheus: Prometheus, registers: Registry[], vteps: VtepApi[]): void {
  const many = vteps.flatMap(({ name, vnis }) =>
    vnis === undefined ? [] : [{ dev: name, vnis: vnis.list() }],
  );
  if (many.length === 0) return;
  for (const [name, [field, help]] of Object.entries(VNI_COUNTERS)) {
    const metric = new prometheus.Counter({ name, help, labelNames: ['dev', 'vni'], registers });
    for (const { dev, vnis } of many) {
      for (const { vni, statistics } of vnis) metric.inc({ dev, vni }, statistics[field]);
    }
  }
}

/**
 * Remotes that entries lead to, not whoever sends something: series are not for strangers to make. Of a link with more
 * than MOST_REMOTES, the first by address.
 */
function remotesOf(prometheus: Prometheus, registers: Registry[], vteps: VtepApi[]): void {
  const counted = vteps.filter((vtep) => vtep.state().remoteStats);
  if (counted.length === 0) return;
  const rows = counted.flatMap((vtep) => {
    const known = vtep.remotes().remotes.filter((remote) => remote.known && remote.statistics);
    return known.slice(0, MOST_REMOTES).map(({ dst, port = '', vni = '', statistics }) => ({
      labels: { dev: vtep.name, dst, port, vni },
      statistics: statistics!,
    }));
  });
  const labelNames = ['dev', 'dst', 'port', 'vni'];
  for (const [name, [value, help]] of Object.entries(REMOTE_COUNTERS)) {
    const metric = new prometheus.Counter({ name, help, labelNames, registers });
    for (const { labels, statistics } of rows) metric.inc(labels, value(statistics));
  }
  const heard = new prometheus.Gauge({
    name: 'vtep_remote_heard_seconds',
    help: 'Seconds since the last datagram from a remote',
    labelNames,
    registers,
  });
  for (const { labels, statistics } of rows) {
    if (statistics.heard !== undefined) heard.set(labels, statistics.heard);
  }
}

function tablesOf(prometheus: Prometheus, registry: Registry, vteps: VtepApi[]): void {
  const fdb = table(prometheus, registry, 'vtep_fdb_entries', 'MACs in the forwarding database', [
    'dev',
    'origin',
  ]);
  const neigh = table(prometheus, registry, 'vtep_neighbour_entries', 'Neighbours', ['dev', 'origin']);
  const routes = table(prometheus, registry, 'vtep_route_entries', 'Routes', ['dev', 'origin']);
  const up = table(prometheus, registry, 'vtep_up', '1 when the interface is up', ['dev', 'vni']);
  for (const vtep of vteps) {
    const dev = vtep.name;
    const state = vtep.state();
    up.set({ dev, vni: state.id }, state.up ? 1 : 0);
    for (const origin of ['learned', 'given']) fdb.set({ dev, origin }, 0);
    for (const entry of vtep.fdb.list()) fdb.inc({ dev, origin: entry.learned ? 'learned' : 'given' });
    for (const origin of ['own', 'kernel', 'snooped']) {
      neigh.set({ dev, origin }, vtep.neighbours.list().filter((entry) => entry.origin === origin).length);
    }
    for (const origin of ['own', 'kernel']) {
      routes.set({ dev, origin }, vtep.routes.list().filter((entry) => entry.origin === origin).length);
    }
  }
}

function processOf(prometheus: Prometheus, registry: Registry, context: ApiContext): void {
  const info = context.info();
  const gauge = (name: string, help: string, value: number) =>
    table(prometheus, registry, name, help, []).set(value);
  gauge('vtep_resident_memory_bytes', 'Resident set of the daemon', info.memory);
  gauge(
    'vtep_start_time_seconds',
    'When the daemon started, seconds since 1970',
    Date.parse(info.started) / 1000,
  );
  gauge('vtep_workers', 'Data-plane threads', info.workers);
  table(prometheus, registry, 'vtep_build_info', 'Version', ['version']).set({ version: info.version }, 1);
}

function hostOf(prometheus: Prometheus, registry: Registry, { host }: ApiContext): void {
  const registers = [registry];
  if (host?.unclaimed) {
    const help = 'Datagrams dropped before a device was known, by reason';
    const drops = new prometheus.Counter({
      name: 'vtep_unclaimed_drops_total',
      help,
      labelNames: ['reason'],
      registers,
    });
    for (const [reason, count] of Object.entries(host.unclaimed())) drops.inc({ reason }, count);
  }
  if (host?.recordsDropped !== undefined) {
    const help = 'Learned MACs and misses lost because control was behind the data plane';
    new prometheus.Counter({ name: 'vtep_records_lost_total', help, registers }).inc(host.recordsDropped);
  }
}

/** All metrics as text. A fresh registry a scrape: deleted links leave no stale series behind. */
export async function metricsText(context: ApiContext): Promise<string> {
  const prometheus = await import('prom-client');
  const registry = new prometheus.Registry();
  const vteps = context.engine.list();
  countersOf(prometheus, registry, vteps, context);
  vnisOf(prometheus, [registry], vteps);
  remotesOf(prometheus, [registry], vteps);
  tablesOf(prometheus, registry, vteps);
  hostOf(prometheus, registry, context);
  processOf(prometheus, registry, context);
  return registry.metrics();
}

export function metricsEndpoint(api: Api, context: ApiContext): void {
  const schema = { tags: ['daemon'], summary: 'Prometheus metrics', produces: ['text/plain'] };
  api.get('/metrics', { schema }, async (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metricsText(context)),
  );
}
