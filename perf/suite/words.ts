/** How subjects, bars, verdicts and curves are called wherever people read them. */
import { reached, verdict, type Bar, type Figure, type Subject, type Verdict } from './figure.js';
import { number, percent, plural } from './terminal.js';

/** Subjects as a reader of the report knows them. */
export const SUBJECT_NAMES: Record<Subject, string> = {
  uvtep: 'uvtep',
  'uvtep-spin': 'uvtep, busy-polling',
  kernel: 'kernel',
  veth: 'bare veth',
  ovs: 'OVS',
  vde: 'VDE',
};

/** The limit of a bar, such as ">= 0.5 x kernel" or "<= 60 us". */
export function wanted(figure: Figure, bar: Bar): string {
  const limit = (bar.atLeast ?? bar.atMost)!;
  const sign = bar.atMost === undefined ? '>=' : '<=';
  const whose = bar.of === undefined || bar.of === 'uvtep' ? '' : `${SUBJECT_NAMES[bar.of]} `;
  const unit = bar.against === undefined ? ` ${figure.unit}` : ` x ${SUBJECT_NAMES[bar.against]}`;
  return `${whose}${sign} ${limitText(limit)}${unit}${bar.worst ? ', every sample' : ''}`;
}

/** What a bar's number is, in the same unit as the bar. */
export function reachedText(figure: Figure, bar: Bar): string {
  const value = reached(figure, bar);
  if (value === undefined) return '-';
  return bar.against === undefined ? number(value, figure.digits) : number(value, 2);
}

/** The verdict, and by how much a bar is missed: a share of its limit, or the difference where the limit is 0. */
export function verdictText(figure: Figure, bar: Bar): string {
  const judged = verdict(figure, bar);
  if (judged !== 'missed') return judged;
  const limit = (bar.atLeast ?? bar.atMost)!;
  const lack = Math.abs(reached(figure, bar)! - limit);
  return limit === 0
    ? `missed by ${number(lack, figure.digits)}`
    : `missed by ${percent(lack / limit, lack / limit < 0.1 ? 1 : 0)}`;
}

/** Limits are round numbers: as many digits as they have. */
export function limitText(limit: number): string {
  return limit.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** How many bars there are of each verdict. */
export function tally(figures: readonly Figure[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = { stretch: 0, met: 0, missed: 0, 'not measured': 0 };
  for (const figure of figures) for (const bar of figure.bars ?? []) counts[verdict(figure, bar)]++;
  return counts;
}

/** "12 bars met (5 of them beyond the stretch goal), 3 missed, 2 not measured" */
export function summary(figures: readonly Figure[]): string {
  const { stretch, met, missed, 'not measured': unknown } = tally(figures);
  const beyond = stretch ? ` (${stretch} of them the stretch goal too)` : '';
  return `${plural(stretch + met, 'bar')} met${beyond}, ${missed} missed, ${unknown} not measured`;
}
