/**
 * Tables from one entry to a million: inserting, looking up, memory, flushing, in this process and thread. No root, no
 * devices; with the shim, large buffers are in huge pages as they are in an engine's.
 */
import type { Advise } from '../../../lib/memory/shared-words.js';
import { load } from '../../../lib/native/shim.js';
import type { Figure } from '../../suite/figure.js';
import { fdbSubject } from './fdb.js';
import { neighbourSubject } from './neighbours.js';
import { routeSubject } from './routes.js';
import { measure, type Subject } from './subject.js';

/** With less time than this in seconds, fewer sizes and samples. */
const FULL_SECONDS = 30;
const FULL_SAMPLES = 7;
const QUICK_SAMPLES = 3;
/** Entries that a table is warmed up with. */
const WARM_UP = 1_000;

/**
 * Figures of every table at every size.
 *
 * @param effort seconds in all, about: from 30 on every power of ten is measured, below 1, 1,000 and the greatest;
 * `most` bounds the sizes.
 * @param progress told what is about to be measured.
 */
export async function tableScale(
  effort: { seconds: number; most: number },
  progress: (what: string) => void,
): Promise<Figure[]> {
  const isFull = effort.seconds >= FULL_SECONDS;
  const advise = adviser();
  const subjects = [
    fdbSubject(advise),
    neighbourSubject(advise),
    routeSubject(4, advise),
    routeSubject(6, advise),
  ];
  const figures: Figure[] = [];
  for (const subject of subjects) {
    const sizes = sizesOf(subject, effort.most, isFull);
    measure(subject, Math.min(WARM_UP, sizes[sizes.length - 1]!), 1);
    for (const entries of sizes) {
      progress(`${entries.toLocaleString('en')} ${subject.axis}`);
      // Whoever shows the progress gets a turn.
      await new Promise((resolve) => setImmediate(resolve));
      figures.push(...measure(subject, entries, isFull ? FULL_SAMPLES : QUICK_SAMPLES));
    }
  }
  return figures;
}

/** Ascending: powers of ten, or of a thousand, and the greatest the subject and `most` allow. */
function sizesOf(subject: Subject, most: number, isFull: boolean): number[] {
  const greatest = Math.min(subject.most, most);
  const sizes: number[] = [];
  for (let size = 1; size < greatest; size *= isFull ? 10 : 1_000) sizes.push(size);
  return [...sizes, greatest];
}

/** Without a shim tables are measured in small pages. */
function adviser(): Advise | undefined {
  try {
    const shim = load();
    return (buffer) => void shim.adviseHuge(new Uint8Array(buffer));
  } catch {
    return undefined;
  }
}
