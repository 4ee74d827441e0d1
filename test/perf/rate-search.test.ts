/** The search for RFC 2544 throughput against devices that are simulated: what they do at a rate is known. */
import t from 'tap';
import { searchRate, type RateSearchOptions, type Trial } from '../../perf/throughput/rate-search.js';
import { Random } from '../support/random.js';

const OPTIONS: RateSearchOptions = { low: 5, high: 5000, guess: 100, lossShare: 0.005, precision: 0.02 };

/** Passes `limit` kpps and drops the rest; the source offers `most` at best. */
function device(limit: number, most = Infinity): (kpps: number) => Promise<Trial> {
  return async (kpps) => {
    const offeredKpps = Math.min(kpps, most);
    const deliveredKpps = Math.min(offeredKpps, limit);
    return { offeredKpps, deliveredKpps, lossShare: 1 - deliveredKpps / offeredKpps };
  };
}

t.test('a hard limit is found within the precision, wherever the guess was', async (t) => {
  for (const limit of [7, 99, 100, 101, 387.5, 4321]) {
    for (const guess of [5, 100, limit, 5000]) {
      const found = await searchRate(device(limit), { ...OPTIONS, guess });
      const what = `limit ${limit}, guess ${guess}: ${found.kpps.toFixed(1)} in ${found.trials.length} trials`;
      t.equal(found.bound, 'loss', what);
      // At most 0.5 % may be lost, so a little more than the limit passes.
      t.ok(found.kpps <= limit * 1.0051 && found.kpps >= limit * 0.98, what);
      t.ok(found.lossShare <= 0.005 && found.trials.length <= 40, what);
    }
  }
});

t.test('a good guess is cheap', async (t) => {
  const { trials } = await searchRate(device(387), { ...OPTIONS, guess: 360 });
  t.ok(trials.length <= 10, `${trials.length} trials`);
});

t.test('the rate returned passed in a trial, with its figures', async (t) => {
  const found = await searchRate(device(250), OPTIONS);
  const trial = found.trials.find(({ offeredKpps }) => offeredKpps === found.kpps)!;
  t.ok(trial.lossShare <= 0.005);
  t.match(found, { lossShare: trial.lossShare, deliveredKpps: trial.deliveredKpps });
  t.notOk(
    found.trials.some(({ lossShare, offeredKpps }) => lossShare <= 0.005 && offeredKpps > found.kpps),
    'and none higher',
  );
});

t.test('a machine with moods: one bad trial in five does not lower the result', async (t) => {
  const random = new Random(2544);
  const steady = device(300);
  const off: number[] = [];
  for (let search = 0; search < 50; search++) {
    const moody = async (kpps: number): Promise<Trial> => {
      const trial = await steady(kpps);
      if (random.below(5) > 0) return trial;
      return { ...trial, lossShare: 0.1, deliveredKpps: trial.offeredKpps * 0.9 };
    };
    const found = await searchRate(moody, OPTIONS);
    t.ok(found.kpps <= 300 * 1.0051, 'never more than the device can');
    t.ok(found.kpps === 0 || found.lossShare <= 0.005);
    off.push(1 - found.kpps / 300);
  }
  off.sort((x, y) => x - y);
  t.ok(off[25]! <= 0.02, `half the searches are within 2 %: ${(off[25]! * 100).toFixed(1)} %`);
  // Three bad trials in a row are 1 in 125, and a search passes several rates that a first bad trial can meet.
  const far = off.filter((share) => share > 0.1).length;
  t.ok(far <= 3, `${far} of 50 end far below`);
});

t.test('a limit that wavers by 3 % is found to 5 %', async (t) => {
  const random = new Random(7);
  for (let search = 0; search < 20; search++) {
    const { kpps } = await searchRate(
      (kpps) => device(400 * (0.97 + random.below(60) / 1000))(kpps),
      OPTIONS,
    );
    t.ok(Math.abs(kpps / 400 - 1) <= 0.05, `${kpps.toFixed(0)} of 400`);
  }
});

t.test('a source that cannot offer more is what bounds the search', async (t) => {
  const found = await searchRate(device(900, 350), OPTIONS);
  t.equal(found.bound, 'source');
  t.equal(found.kpps, 350);
  t.ok(found.trials.length <= 20, `${found.trials.length} trials`);
  const tired = device(900);
  // Asked for more than it can, it offers less than it could.
  const thrashing = (kpps: number): Promise<Trial> => tired(kpps <= 350 ? kpps : 260);
  const best = await searchRate(thrashing, OPTIONS);
  t.equal(best.bound, 'source');
  t.ok(best.kpps >= 350 * 0.98 && best.kpps <= 350, `${best.kpps}`);
});

t.test('a source that falls short and loses too much: the device failed at what was offered', async (t) => {
  const found = await searchRate(device(300, 350), OPTIONS);
  t.equal(found.bound, 'loss');
  t.ok(found.kpps >= 294 && found.kpps <= 301.6, `${found.kpps}`);
  const short = found.trials.filter(({ askedKpps }) => askedKpps > 350);
  t.ok(short.length <= 2, 'what lies above what was offered is not tried again');
});

t.test('a source that just misses every rate still ends the search', async (t) => {
  const found = await searchRate(
    async (kpps) => ({ ...(await device(300)(kpps)), offeredKpps: kpps * 0.991 }),
    { ...OPTIONS, precision: 0.005 },
  );
  t.equal(found.bound, 'loss');
  t.ok(found.trials.length < 40, `${found.trials.length} trials`);
});

t.test('always lossy: nothing passes, down to the lowest rate', async (t) => {
  const found = await searchRate(
    async (kpps) => ({ offeredKpps: kpps, deliveredKpps: kpps * 0.9, lossShare: 0.1 }),
    OPTIONS,
  );
  t.match(found, { kpps: 0, deliveredKpps: 0, bound: 'loss' });
  t.equal(found.trials.at(-1)!.askedKpps, OPTIONS.low);
  t.equal(found.trials.filter(({ askedKpps }) => askedKpps === OPTIONS.low).length, 3, 'confirmed there too');
});

t.test('never lossy: the highest rate passes', async (t) => {
  const found = await searchRate(device(Infinity), OPTIONS);
  t.match(found, { kpps: OPTIONS.high, bound: 'high', lossShare: 0 });
  t.ok(found.trials.length <= 10);
});

t.test('a source that sends nothing ends the search too', async (t) => {
  const dead = async (): Promise<Trial> => ({ offeredKpps: 0, deliveredKpps: 0, lossShare: NaN });
  t.match(await searchRate(dead, OPTIONS), { kpps: 0, bound: 'loss' });
  t.match(await searchRate(device(100, 0.001), OPTIONS), { bound: 'source', kpps: 0.001 });
});

t.test('no more trials than allowed, and the best so far', async (t) => {
  for (const trials of [2, 3, 4, 5]) {
    const found = await searchRate(device(387), { ...OPTIONS, trials });
    t.equal(found.trials.length, trials);
    t.equal(found.bound, 'trials');
    t.ok(found.kpps >= 100 && found.kpps <= 387);
  }
});

t.test('options that make no sense are refused with the value and what was expected', async (t) => {
  const refused = (change: Partial<RateSearchOptions>, message: RegExp): Promise<unknown> =>
    t.rejects(searchRate(device(1), { ...OPTIONS, ...change }), { name: 'RangeError', message });
  await refused({ low: 0 }, /low is 0; expected a rate/);
  await refused({ high: 1 }, /high is 1; expected a rate of at least low, 5 kpps/);
  await refused({ lossShare: 1 }, /lossShare is 1; expected a share from 0/);
  await refused({ precision: 0 }, /precision is 0/);
  await refused({ trials: 1 }, /trials is 1; expected at least 2/);
  await refused({ low: NaN }, /low is NaN/);
});

t.test('a trial that rejects ends the search with its error', async (t) => {
  await t.rejects(
    searchRate(async () => {
      throw new Error('the daemon is gone');
    }, OPTIONS),
    /the daemon is gone/,
  );
});
