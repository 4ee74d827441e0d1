/** Runs cases on a kernel's bed and on ours, one after the other, and judges them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bed } from './bed.js';
import { fact, judge, type Case, type Fact, type Group, type Row } from './case.js';

/** What is compared changed until then: counters of reserved bits (6.14), ageing of entries that are only sent to (6.15). */
const OLDEST = [6, 15] as const;

/** Why a run would compare with another device than the one that is described; '' when it would not. */
export function kernelMissing(version = release()): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return isOld
    ? `compares with the vxlan device of Linux ${OLDEST.join('.')} or later, this is ${version}`
    : '';
}

export interface Result {
  group: Group;
  rows: Row[];
}

/** What a case saw; a step that should have succeeded and did not is a fact, too. */
async function seen(bed: Bed, { run }: Case): Promise<Fact[]> {
  try {
    return await run(bed);
  } catch (error) {
    return [fact(`failed: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

async function runCase(kernel: Bed, ours: Bed, each: Case): Promise<Row> {
  await kernel.begin();
  const theirs = await seen(kernel, each);
  await ours.begin(kernel.seen, (each.deviation ?? each.known) !== undefined);
  return judge(each, theirs, await seen(ours, each));
}

/**
 * Runs every case of `groups`.
 * @param told called after each case
 */
export async function runGroups(
  groups: readonly Group[],
  told: (group: Group, row: Row, ms: number) => void,
): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), `vt${process.pid}-`));
  process.env['VTEP_RUN_DIR'] = directory;
  const beds: Bed[] = [];
  try {
    for (const kind of ['kernel', 'uvtep'] as const) beds.push(await Bed.open(kind, directory));
    const [kernel, ours] = beds as [Bed, Bed];
    await ours.must('link add keep type vxlan id 16777215 dstport 60999'); // the daemon stays for all cases
    const results: Result[] = [];
    for (const group of groups) {
      const rows: Row[] = [];
      for (const each of group.cases) {
        const began = performance.now();
        rows.push(await runCase(kernel, ours, each));
        told(group, rows.at(-1)!, performance.now() - began);
      }
      results.push({ group, rows });
    }
    return results;
  } finally {
    for (const bed of beds) await bed.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
