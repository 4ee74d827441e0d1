/** Which plots a run gives: sections of the report, and the images that a README shows. */
import { groupBy, groupOf, partCurves, PERCENTILE, subjectsOf, type Curve } from './curves.js';
import type { Figure } from './figure.js';
import { barPanel } from './plot-bars.js';
import { curvePanel } from './plot-curves.js';
import { image, type Panel } from './plot-svg.js';
import type { Results } from './results.js';

export interface Section {
  /** First part of the ids. */
  group: string;
  title: string;
  panels: Panel[];
}

const TITLES: Record<string, string> = {
  throughput: 'Throughput',
  latency: 'Latency',
  scale: 'Cost against table size',
  cost: 'What it costs',
  micro: 'Functions of the data plane',
};
const BENCHES: Record<string, string> = {
  'throughput/tcp': 'TCP',
  'throughput/udp': 'UDP delivered',
  'throughput/rfc2544': 'RFC 2544: rate at the loss allowed',
  'throughput/replication': 'Head-end replication',
  'scale/fdb': 'FDB',
  'scale/neighbour': 'Neighbours',
  'scale/route': 'Routes',
  'scale/live': 'The live path',
};

/** In the order of TITLES; groups that are not there come last. */
export function sections(figures: readonly Figure[]): Section[] {
  const order = Object.keys(TITLES);
  const place = (group: string): number => (order.includes(group) ? order.indexOf(group) : order.length);
  return [...groupBy(figures.filter(isMeasured), ({ id }) => groupOf(id))]
    .sort(([x], [y]) => place(x) - place(y))
    .map(([group, some]) => ({ group, title: TITLES[group] ?? group, panels: panels(some) }));
}

/** SVG by name, such as 'throughput'. Of throughput only what a bar is set for, which fits a page. */
export function images(results: Results): Record<string, string> {
  const shown = results.figures.filter(({ id, bars }) => groupOf(id) !== 'throughput' || bars?.length);
  const has = new Set(shown.map(({ id }) => groupOf(id)));
  const rest = results.figures.filter(({ id }) => !has.has(groupOf(id)));
  const { host, kernel } = results.machine;
  const when = `${results.date.slice(0, 10)}, ${host}, Linux ${kernel}`;
  return Object.fromEntries(
    sections([...shown, ...rest]).map(({ group, title, panels }) => [
      group,
      image(`${title} (${when})`, panels),
    ]),
  );
}

const isMeasured = (figure: Figure): boolean => subjectsOf([figure]).length > 0;

function panels(figures: readonly Figure[]): Panel[] {
  const { alone, curves } = partCurves(figures);
  const bars = [...groupBy(alone, benchOf)].map(([, some]) => barPanel(titleOf(some[0]!), some));
  const lines = [...groupBy(curves, curveBench)].map(([, some]) => curvePanel(curveTitle(some), some));
  return [...bars, ...lines];
}

/** Bars share a panel when they share bench and unit; of micro and cost, unit alone. */
function benchOf({ id, unit }: Figure): string {
  const parts = id.split('/');
  return [...parts.slice(0, ['micro', 'cost'].includes(parts[0]!) ? 1 : 2), unit].join('\n');
}

/** Curves of several subjects have a panel of their own, others share one with those of their bench and unit. */
function curveBench(curve: Curve): string {
  const several = subjectsOf(curve.points.map(({ figure }) => figure)).length > 1;
  const bench = several || curve.axis === PERCENTILE ? curve.id : curve.id.split('/').slice(0, 2).join('/');
  return [bench, curve.axis, curve.unit].join('\n');
}

function titleOf({ id, unit, better }: Figure): string {
  const [group, bench] = id.split('/');
  const name = BENCHES[`${group}/${bench}`] ?? TITLES[group!] ?? group!;
  return `${name}, ${unit} (${better} is better)`;
}

function curveTitle(curves: readonly Curve[]): string {
  const { id, unit, better, name } = curves[0]!;
  const bench = id.split('/').slice(0, 2).join('/');
  return `${curves.length === 1 ? name : (BENCHES[bench] ?? bench)}, ${unit} (${better} is better)`;
}
