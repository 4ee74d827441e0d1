import { readFileSync } from 'node:fs';
import t from 'tap';
import { load } from '../../lib/native/shim.js';

const MIB = 1 << 20;
const shim = load();

/** KiB of huge pages this process has. */
function hugePages(): number {
  return Number(/^AnonHugePages: +(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))![1]);
}

/** Whether the system gives huge pages to who asks for them. */
function given(): boolean {
  try {
    return !readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8').includes('[never]');
  } catch {
    return false;
  }
}

const skip = given() ? false : 'the system has no transparent huge pages';
t.test('a shared buffer that was advised of is backed by huge pages', { skip }, async (t) => {
  const before = hugePages();
  const bytes = new Uint8Array(new SharedArrayBuffer(64 * MIB));
  t.equal(shim.adviseHuge(bytes), 0);
  for (let at = 0; at < bytes.length; at += 4_096) bytes[at] = 1;
  const got = hugePages() - before;
  t.ok(got >= 32 * 1_024, `${got} KiB of huge pages in 64 MiB`);
  t.equal(bytes[4_096], 1, 'the contents are what was written');
});

t.test('less than a huge page is left alone', async (t) => {
  t.equal(shim.adviseHuge(new Uint8Array(new SharedArrayBuffer(MIB))), 0);
  t.equal(shim.adviseHuge(new Uint8Array(0)), 0);
});

t.test('refuses what is no memory', async (t) => {
  t.throws(() => shim.adviseHuge(undefined as never), { name: 'TypeError', message: /bytes/ });
});
