import t from 'tap';
import { allocatedPerFrame, allocation } from '../../perf/micro/allocation.js';
import { runBenches } from '../../perf/micro/bench.js';
import { verdict } from '../../perf/suite/figure.js';

let kept: unknown;
const column = new Int32Array(64);
const still = { name: 'writes a column', run: () => void column.fill(column[0]! + 1) };
const wasteful = { name: 'makes an object, once a batch', run: () => void (kept = { at: column[0] }) };

t.test('one object a batch is seen, and none is none', async (t) => {
  t.equal(allocatedPerFrame(still), 0);
  const octets = allocatedPerFrame(wasteful);
  t.ok(octets > 0.1 && octets < 2, `16 octets or more over 64 frames: ${octets}`);
  t.ok(kept);
  const figure = allocation('x/y', [still, wasteful]);
  t.equal(verdict(figure, figure.bars![0]!), 'missed');
  t.match(figure, { id: 'micro/x/y/allocation', note: 'by makes an object, once a batch' });
});

t.test('a bench is a figure with every sample, in nanoseconds a frame', async (t) => {
  const bars = [{ atMost: 100 }];
  const named = { ...still, name: 'hit, 1,000 entries (all)', bars };
  const [figure] = await runBenches('x/y', [named], 0.05);
  t.match(figure, { id: 'micro/x/y/hit-1000-entries-all', unit: 'ns per frame', bars });
  const samples = figure!.samples.uvtep!;
  t.ok(samples.length >= 5 && samples.every((ns) => ns > 0 && ns < 1000), `${samples.length} samples`);
});
