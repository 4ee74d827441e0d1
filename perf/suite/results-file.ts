/**
 * A run on disk:
 *
 *   perf/results/2026-11-23-vm.json         every sample, machine, versions
 *   perf/results/2026-11-23-vm.html         the report
 *   perf/results/2026-11-23-vm/*.svg        its plots one by one, for a README
 *
 * A run of a part, or a quick one, says so in its name (2026-11-23-vm-quick-micro.json), and the second of a day is numbered
 * (2026-11-23-vm-2.json): none takes the place of another, which may be what it is to be compared with.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/support/lab/tools.js';
import { SUBJECTS } from './figure.js';
import { html } from './html.js';
import { images } from './plots.js';
import type { Results } from './results.js';

const DIRECTORY = join(ROOT, 'perf/results');
/** Characters of a file's name that say which benches a part has; the file has all their names. */
const MOST_WORDS = 60;

/** Writes all files of a run; returns the path of the JSON. */
export function save(results: Results, directory = DIRECTORY): string {
  const kept = withNumbers(results);
  const host = kept.machine.host.replaceAll(/[^\w.-]/g, '_');
  const words = kept.suite.replace(/^full( |$)/, '').replaceAll(/[^\w.-]+/g, '-');
  const part = words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}-and-more` : words;
  const name = [kept.date.slice(0, 10), host, ...(part === '' ? [] : [part])].join('-');
  mkdirSync(directory, { recursive: true });
  const base = unused(join(directory, name));
  writeWhole(`${base}.json`, `${serialise(kept)}\n`);
  writeWhole(`${base}.html`, html(kept));
  rmSync(base, { recursive: true, force: true }); // the plots of a run whose JSON somebody removed
  mkdirSync(base);
  for (const [name, svg] of Object.entries(images(kept))) writeWhole(join(base, `${name}.svg`), svg);
  return `${base}.json`;
}

/** The path, or with the first number from 2 on that no run has. */
function unused(path: string): string {
  for (let number = 1, base = path; ; base = `${path}-${++number}`)
    if (!existsSync(`${base}.json`)) return base;
}

/** A reader never sees half a file. */
function writeWhole(path: string, text: string): void {
  const half = `${path}.${process.pid}`;
  writeFileSync(half, text);
  renameSync(half, path);
}

/** JSON knows neither NaN nor infinity: rather one sample less, and said so, than a file that nobody can read. */
function withNumbers(results: Results): Results {
  const figures = results.figures.map((figure) => {
    const odd = SUBJECTS.filter((subject) =>
      figure.samples[subject]?.some((value) => !Number.isFinite(value)),
    );
    if (odd.length === 0) return figure;
    const samples = { ...figure.samples };
    const missing = { ...figure.missing };
    for (const subject of odd) {
      const all = samples[subject]!;
      const good = all.filter(Number.isFinite);
      missing[subject] = `${all.length - good.length} of ${all.length} samples were not numbers`;
      if (good.length) samples[subject] = good;
      else delete samples[subject];
    }
    return { ...figure, samples, missing };
  });
  return { ...results, figures };
}

/** Pretty, but an array of numbers on one line. */
function serialise(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  const block = (open: string, lines: string[], close: string): string =>
    lines.length ? `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}` : open + close;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === 'number')) return `[${value.join(', ')}]`;
    return block(
      '[',
      value.map((item) => serialise(item, inner)),
      ']',
    );
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return block(
    '{',
    entries.map(([key, item]) => `${JSON.stringify(key)}: ${serialise(item, inner)}`),
    '}',
  );
}

/**
 * Reads and checks a file of results.
 *
 * @throws Error with a sentence that says which file, where in it, what was expected, and what to do
 */
export function readResults(path: string): Results {
  const refuse = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return refuse(`cannot be read (${code}); give the .json of a run, such as those in perf/results`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`is no JSON (${(error as Error).message}); give the .json of a run, not its report`);
  }
  const wrong = wrongIn(value);
  return wrong === undefined ? (value as Results) : refuse(wrong);
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with the shape, as a sentence without a subject. */
function wrongIn(value: unknown): string | undefined {
  if (!isObject(value) || !('figures' in value))
    return 'holds no results: an object with "figures" is expected; give the .json of a run';
  if (value['version'] === undefined)
    return 'is of the first shape, without a version, whose figures have no ids; measure again with this version, or compare with the version that wrote it';
  if (value['version'] !== 2)
    return `is of version ${JSON.stringify(value['version'])}, 2 is expected; compare with the version that wrote it`;
  const machine = value['machine'];
  for (const [where, what] of [
    ['date', typeof value['date'] === 'string'],
    ['machine', isObject(machine) && typeof machine['host'] === 'string'],
    ['versions', isObject(value['versions'])],
    ['skipped', Array.isArray(value['skipped'])],
    ['busyBefore', typeof value['busyBefore'] === 'number'],
    ['stolen', typeof value['stolen'] === 'number'],
    ['seconds', typeof value['seconds'] === 'number'],
  ] as const)
    if (!what)
      return `"${where}" is missing or of another type; the file was changed by hand or cut: measure again`;
  if (!Array.isArray(value['figures'])) return '"figures" is no array; measure again';
  return wrongInFigures(value['figures']);
}

function wrongInFigures(figures: unknown[]): string | undefined {
  const seen = new Set<unknown>();
  for (const [index, figure] of figures.entries()) {
    const at = `figures[${index}]`;
    if (!isObject(figure) || typeof figure['id'] !== 'string')
      return `${at} has no "id", a path such as "latency/flood" is expected; measure again`;
    const where = `${at} ("${figure['id']}")`;
    if (seen.has(figure['id'])) return `${where} is there twice; ids are unique: remove one`;
    seen.add(figure['id']);
    if (typeof figure['name'] !== 'string' || typeof figure['unit'] !== 'string')
      return `${where} lacks "name" or "unit"; measure again`;
    if (typeof figure['digits'] !== 'number' || !['more', 'less'].includes(figure['better'] as string))
      return `${where} lacks "digits", or "better" is neither "more" nor "less"; measure again`;
    const wrong = wrongInSamples(figure['samples'], where);
    if (wrong) return wrong;
  }
  return undefined;
}

function wrongInSamples(samples: unknown, where: string): string | undefined {
  if (!isObject(samples)) return `${where} has no "samples"; measure again`;
  for (const [subject, values] of Object.entries(samples)) {
    if (!(SUBJECTS as readonly string[]).includes(subject))
      return `${where} has samples of "${subject}", one of ${SUBJECTS.join(', ')} is expected; compare with the version that wrote it`;
    if (!Array.isArray(values) || !values.every((value) => Number.isFinite(value)))
      return `${where}: samples of "${subject}" are not all numbers: ${JSON.stringify(values)}; remove them`;
  }
  return undefined;
}
