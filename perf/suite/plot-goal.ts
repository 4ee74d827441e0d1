/** The strokes that show what is to be reached. */
import type { Bar, Figure, Subject } from './figure.js';
import { el, escaped } from './plot-svg.js';
import { spread } from './statistics.js';
import { verdictText, wanted } from './words.js';

/** The bars that are set for a subject. */
export function goalsFor(figure: Figure, subject: Subject): Bar[] {
  return (figure.bars ?? []).filter((goal) => (goal.of ?? 'uvtep') === subject);
}

/** A bar in the figure's unit; undefined where what it is a ratio to was not measured. */
export function goalValue(figure: Figure, goal: Bar): number | undefined {
  const base = goal.against === undefined ? [1] : figure.samples[goal.against];
  return base?.length ? (goal.atLeast ?? goal.atMost)! * spread(base).median : undefined;
}

/** @param path of the stroke */
export function goalMark(figure: Figure, goal: Bar, path: string): string {
  const text = `${wanted(figure, goal)}: ${verdictText(figure, goal)}`;
  return el('path', { class: 'goal', d: path }, el('title', {}, escaped(text)));
}
