import t from 'tap';
import { MonotonicClock, secondsSince, TICK, TICKS_PER_SECOND } from '../../lib/engine/clock.js';

t.test('ticks of a tenth of a second', async (t) => {
  t.equal(TICK * TICKS_PER_SECOND, 1_000);
  const now = performance.timeOrigin + performance.now();
  t.equal(new MonotonicClock().now(), 0);
  t.ok(Math.abs(new MonotonicClock(now - 12_345).now() - 123) <= 1);
});

t.test('clocks with one start agree', async (t) => {
  const clock = new MonotonicClock(1_000);
  t.ok(Math.abs(new MonotonicClock(clock.start).now() - clock.now()) <= 1);
});

t.test('the count wraps', async (t) => {
  const start = performance.timeOrigin + performance.now() - (2 ** 31 + 5) * TICK;
  const now = new MonotonicClock(start).now();
  t.ok(now < 0, 'beyond 2^31 ticks');
  t.equal(
    secondsSince((now - 42) >>> 0, now),
    4,
    'differences stay right, whether the past is signed or not',
  );
  t.equal(secondsSince((now - 42) | 0, now), 4);
});

t.test('whole seconds, never negative', async (t) => {
  t.equal(secondsSince(0, 9), 0);
  t.equal(secondsSince(0, 10), 1);
  t.equal(secondsSince(5, 0), 0);
});
