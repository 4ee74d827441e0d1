/** SVG as text: elements, panels, and panels put together to one image. */
import { PLOT_STYLE } from './plot-style.js';
import { wrapped } from './terminal.js';

export type Attributes = Record<string, string | number | undefined>;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text that stands for itself in HTML and SVG, between tags and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!);
}

/** An element; what is inside is markup already. Coordinates are cut to hundredths. */
export function el(name: string, attributes: Attributes, ...inside: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? +value.toFixed(2) : escaped(value!)}"`);
  return inside.length
    ? `<${name}${written.join('')}>${inside.join('')}</${name}>`
    : `<${name}${written.join('')}/>`;
}

/** A line of text whose baseline is at y. */
export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return el('text', { x, y, ...attributes }, escaped(text));
}

/** The exact value of a mark: no attribute but these is rounded. */
export function mark(figure: string, subject: string, value: number): Attributes {
  return { 'data-figure': figure, 'data-subject': subject, 'data-value': String(value) };
}

/** One plot, its corner at 0,0. */
export interface Panel {
  title: string;
  /** For those who cannot see it: what the plot says, in words. */
  description: string;
  width: number;
  height: number;
  body: string;
}

/** Of all panels, so that they fit a phone and stand side by side elsewhere. */
export const WIDTH = 440;

/** A letter of text of 12 px is at most about this wide in the fonts that are asked for. */
export const LETTER = 6.6;
/** And one of a title. */
const TITLE_LETTER = 8.8;

/** A panel as an element of a page; the page has the style. */
export function inline(panel: Panel): string {
  const { title, description, width, height, body } = panel;
  return el(
    'svg',
    {
      class: 'plot',
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `${title}. ${description}`,
    },
    body,
  );
}

const GAP = 24;
const MARGIN = 16;

/** Panels as one image of its own, in two columns of about the same height. */
export function image(title: string, panels: readonly Panel[]): string {
  const count = Math.min(2, panels.length);
  const heights = Array.from({ length: count }, () => MARGIN);
  const placed = panels.map((panel) => {
    const column = heights.indexOf(Math.min(...heights));
    const y = heights[column]!;
    heights[column] = y + panel.height + GAP;
    return el('g', { transform: `translate(${MARGIN + column * (WIDTH + GAP)} ${y})` }, panel.body);
  });
  const width = 2 * MARGIN + count * WIDTH + (count - 1) * GAP;
  const height = Math.max(...heights) - GAP + MARGIN;
  const description = panels.map((panel) => `${panel.title}. ${panel.description}`).join(' ');
  return el(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'plot',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
    },
    el('title', {}, escaped(title)),
    el('desc', {}, escaped(description)),
    el('style', {}, PLOT_STYLE),
    el('rect', { class: 'surface', width, height, rx: 8 }),
    ...placed,
  );
}

/** A panel's title in as many lines as it needs, from the top. */
export function heading(title: string): { body: string; height: number } {
  const lines = wrapped(title, Math.floor(WIDTH / TITLE_LETTER), '');
  const body = lines.map((line, index) => label(line, 0, 15 + index * 18, { class: 'title' })).join('');
  return { body, height: 8 + lines.length * 18 };
}

export interface LegendEntry {
  text: string;
  /** Class of the swatch, which has the colour. */
  class: string;
  shape: 'bar' | 'line' | 'goal';
}

const ROW = 18;

/** Swatches with names, in as many rows as they need. */
export function legend(entries: readonly LegendEntry[], top: number): { body: string; height: number } {
  let x = 0;
  let row = 0;
  const parts = entries.map((entry) => {
    const wide = 22 + entry.text.length * LETTER;
    if (x > 0 && x + wide > WIDTH) {
      x = 0;
      row++;
    }
    const y = top + row * ROW;
    const text = label(entry.text, x + (entry.shape === 'line' ? 18 : 14), y + 12, { class: 'key' });
    const drawn = swatch(entry, x, y);
    x += wide + 6;
    return drawn + text;
  });
  return { body: parts.join(''), height: (row + 1) * ROW };
}

function swatch(entry: LegendEntry, x: number, y: number): string {
  if (entry.shape === 'line') return el('path', { class: `line ${entry.class}`, d: `M${x} ${y + 8}h14` });
  if (entry.shape === 'goal') return el('path', { class: 'goal', d: `M${x + 5} ${y}v16` });
  return el('rect', { class: `bar ${entry.class}`, x, y: y + 3, width: 10, height: 10, rx: 2 });
}
