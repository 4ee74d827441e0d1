import t from 'tap';
import { Moderation } from '../../lib/engine/moderation.js';

/** The pause after `times` looks, each at `frames` that came in `elapsed` microseconds. */
function pauseOf(moderation: Moderation, frames: number, elapsed: number, times = 20): number {
  let pause = 0;
  for (let i = 0; i < times; i++) {
    now += elapsed / 1_000;
    moderation.frames += frames;
    pause = moderation.drained(now);
  }
  return pause;
}

let now = 0;
t.beforeEach(() => {
  now = 1_000;
});

t.test('a stream is let gather, for as long as it may or until enough should be there', async (t) => {
  t.equal(pauseOf(new Moderation(), 10, 100), 100, '100 kpps: as long as it may');
  t.equal(pauseOf(new Moderation(), 20, 50), 80, '400 kpps: until 32 more are there');
});

t.test('it ends with the stream', async (t) => {
  const moderation = new Moderation();
  t.equal(pauseOf(moderation, 20, 50), 80);
  t.equal(pauseOf(moderation, 1, 50, 6), 0, 'a ping is none');
  t.equal(pauseOf(moderation, 20, 50), 80);
  t.equal(pauseOf(moderation, 0, 100, 6), 0, 'nor is nothing');
});

t.test('what is slow, or a question that waits for its answer, is told at once', async (t) => {
  t.equal(pauseOf(new Moderation(), 5, 100), 0, '50 kpps: others may have a use for being quick');
  t.equal(pauseOf(new Moderation(), 1, 10), 0, 'one frame a look, however often');
  t.equal(pauseOf(new Moderation(), 64, 1, 1), 0, 'a burst after a long silence');
});
