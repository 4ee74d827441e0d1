/**
 * The report in a real browser: what a reader measures on the screen with a ruler, from a mark to the axis and along it
 * to the written numbers, is the median of the samples. Headless Chromium lays the page out; a script that this test adds
 * writes down where everything came to lie, once as wide as a desk and once as a phone.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { SUBJECTS, type Figure, type Subject } from '../../perf/suite/figure.js';
import { html } from '../../perf/suite/html.js';
import { spread } from '../../perf/suite/statistics.js';
import { syntheticResults } from '../support/synthetic-results.js';

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Mark extends Box {
  panel: number;
  shape: 'rect' | 'circle';
  figure: string;
  subject: Subject;
  value: string;
}

interface Tick {
  axis: 'x' | 'y';
  text: string;
  line: Box;
}

interface Seen {
  marks: Mark[];
  panels: { box: Box; title: string; axes: string[]; ticks: Tick[]; texts: (Box & { text: string })[] }[];
  /** Pixels the page is wider than its window. */
  excess: number;
  verdicts: string[];
}

/** Runs in the page; has to be a function without anything around it. */
const PROBE = `
function probe(document) {
  const box = (element) => { const { left, top, right, bottom } = element.getBoundingClientRect(); return { left, top, right, bottom }; };
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const svgs = all(document, 'svg.plot');
  return {
    marks: all(document, '[data-figure]').map((mark) => ({ ...box(mark), panel: svgs.indexOf(mark.closest('svg')), shape: mark.tagName,
      figure: mark.dataset.figure, subject: mark.dataset.subject, value: mark.dataset.value })),
    panels: svgs.map((svg) => ({ box: box(svg), title: all(svg, '.title').map((line) => line.textContent).join(' '),
      axes: all(svg, '.axis').map((line) => line.textContent),
      ticks: all(svg, '[data-tick]').map((tick) => ({ axis: tick.dataset.tick, text: tick.querySelector('text').textContent, line: box(tick.querySelector('path')) })),
      texts: all(svg, 'text').map((text) => ({ ...box(text), text: text.textContent })) })),
    excess: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    verdicts: all(document, '[data-verdict]').map((row) => row.dataset.verdict),
  };
}
const desk = probe(document);
const frame = document.createElement('iframe');
frame.style = 'width:360px;height:800px;border:0';
frame.srcdoc = REPORT;
frame.onload = () => {
  const note = document.createElement('pre');
  note.id = 'seen';
  note.textContent = encodeURIComponent(JSON.stringify({ desk, phone: probe(frame.contentDocument) }));
  document.body.append(note);
};
document.body.append(frame);
`;

const FLAGS = [
  '--headless',
  '--no-sandbox', // it does not start as root otherwise; the page is our own
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--window-size=1400,1000',
  '--virtual-time-budget=10000',
];

const missing = spawnSync('chromium', ['--version']).error ? 'chromium is not installed' : false;
const results = syntheticResults();

/** Opens the report and says where everything lies. */
function look(page: string): { desk: Seen; phone: Seen } {
  const directory = mkdtempSync(join(tmpdir(), 'uvtep-report-'));
  try {
    const file = join(directory, 'report.html');
    const quoted = JSON.stringify(page).replaceAll('<', '\\u003c');
    writeFileSync(
      file,
      page.replace('</body>', () => `<script>const REPORT = ${quoted};${PROBE}</script></body>`),
    );
    const words = [...FLAGS, `--user-data-dir=${join(directory, 'profile')}`, '--dump-dom', `file://${file}`];
    const { stdout, stderr, status } = spawnSync('chromium', words, {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      timeout: 60_000,
    });
    const seen = /<pre id="seen">([^<]*)<\/pre>/.exec(stdout);
    if (!seen) throw new Error(`chromium (status ${status}) showed no report: ${stderr.slice(-500)}`);
    return JSON.parse(decodeURIComponent(seen[1])) as { desk: Seen; phone: Seen };
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** 1.5k is 1500. */
function numberOf(text: string): number {
  return parseFloat(text) * ({ k: 1e3, M: 1e6 }[text.at(-1)!] ?? 1);
}

/** The value at the end of a mark, read from the two ticks that are farthest apart. */
function readOff(mark: Mark, { ticks, axes }: Seen['panels'][number]): number {
  const bar = mark.shape === 'rect';
  const scale = (value: number): number => (!bar && axes[0]!.endsWith(', log') ? Math.log(value) : value);
  const back = (value: number): number => (!bar && axes[0]!.endsWith(', log') ? Math.exp(value) : value);
  const at = bar ? mark.right : (mark.top + mark.bottom) / 2;
  const places = ticks
    .filter(({ axis }) => axis === (bar ? 'x' : 'y'))
    .map(({ text, line }) => ({
      value: scale(numberOf(text)),
      at: bar ? (line.left + line.right) / 2 : (line.top + line.bottom) / 2,
    }));
  const [first, last] = [places[0]!, places.at(-1)!];
  return back(first.value + ((at - first.at) / (last.at - first.at)) * (last.value - first.value));
}

/** Every subject that was measured, as "id subject". */
function measured(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ id, samples }) =>
    SUBJECTS.filter((subject) => samples[subject]).map((subject) => `${id} ${subject}`),
  );
}

const meet = (a: Box, b: Box): boolean =>
  a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3;

t.test('the report in Chromium', { skip: missing }, async (t) => {
  const { desk, phone } = look(html(results));
  const figures = new Map(results.figures.map((figure) => [figure.id, figure]));

  t.strictSame(
    desk.marks.map(({ figure, subject }) => `${figure} ${subject}`).sort(),
    measured(results.figures).sort(),
    'what was measured is plotted, once',
  );

  for (const [where, seen] of Object.entries({ desk, phone })) {
    for (const mark of seen.marks) {
      const { median } = spread(figures.get(mark.figure)!.samples[mark.subject]!);
      t.equal(Number(mark.value), median, `${mark.figure}, ${mark.subject}: the median`);
      const panel = seen.panels[mark.panel]!;
      const read = readOff(mark, panel);
      // Half a pixel is what can be read off, and a hundredth of the axis' length is one or two of them.
      const unit = Math.max(
        ...panel.ticks.filter(({ axis }) => axis === 'x').map(({ text }) => numberOf(text)),
      );
      const tolerance = mark.shape === 'rect' ? unit / 200 : median / 50;
      t.ok(
        Math.abs(read - median) <= tolerance,
        `${where}: ${mark.figure}, ${mark.subject}: ${read} is read, ${median} was measured`,
      );
    }
    for (const { box, title, texts } of seen.panels) {
      const outside = texts.filter(
        ({ left, right, top, bottom }) =>
          left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1,
      );
      t.strictSame(
        outside.map(({ text }) => text),
        [],
        `${where}: no text of "${title}" is cut off`,
      );
      const struck = texts.filter((text, index) => texts.slice(index + 1).some((other) => meet(text, other)));
      t.strictSame(
        struck.map(({ text }) => text),
        [],
        `${where}: no text of "${title}" lies on another`,
      );
    }
    t.equal(seen.excess, 0, `${where}: nothing has to be scrolled sideways`);
  }
  t.strictSame(
    desk.verdicts.filter((verdict) => verdict === 'missed').length,
    2,
    'the verdicts of bars are told',
  );
});
