import t from 'tap';
import { WaitPolicy } from '../../lib/engine/wait-policy.js';

const PING = 100;
const SUPER_FRAME = 65_000;

/** Windows of consecutive waits, each after `octets` in one frame, and each `waited` microseconds long. */
function windows(policy: WaitPolicy, octets: number, waited: number, times: number): number[] {
  return Array.from({ length: times }, () => {
    policy.before(octets, 1, 1, waited);
    policy.after(waited);
    return policy.window;
  });
}

t.test('without being asked a worker sleeps at once, however short the sleeps are', async (t) => {
  const policy = new WaitPolicy(0);
  t.same(windows(policy, PING, 5, 4), [0, 0, 0, 0]);
  t.equal(policy.nap, 0);
});

t.test('in a bulk transfer it looks for more, longer and longer while sleeps are short', async (t) => {
  const policy = new WaitPolicy(0);
  t.equal(policy.bulk, false);
  t.same(windows(policy, SUPER_FRAME, 150, 7), [0, 20, 40, 80, 160, 160, 160]);
  t.equal(policy.bulk, true);
});

t.test('a sleep longer than looking could have been closes the window', async (t) => {
  const policy = new WaitPolicy(0);
  windows(policy, SUPER_FRAME, 150, 6);
  t.same(windows(policy, SUPER_FRAME, 5_000, 2), [160, 0]);
  t.same(windows(policy, SUPER_FRAME, 100, 2), [0, 20]);
});

t.test('acknowledgements between super-frames do not end a bulk transfer', async (t) => {
  const policy = new WaitPolicy(0);
  windows(policy, SUPER_FRAME, 150, 6);
  t.equal(windows(policy, PING, 150, 1)[0], 160);
  t.equal(windows(policy, SUPER_FRAME, 150, 1)[0], 160);
  t.equal(windows(policy, PING, 150, 8).at(-1), 0, 'their absence does');
});

t.test('what was asked for holds whatever the load', async (t) => {
  const policy = new WaitPolicy(50);
  t.same(windows(policy, PING, 30, 3), [50, 50, 50]);
  t.same(windows(policy, PING, 100_000, 3), [50, 0, 0], 'but an idle worker sleeps');
  t.same(windows(policy, PING, 40, 4), [0, 20, 40, 40]);
});

/** The nap after `times` waits that each had so many frames of `size` octets in `elapsed` microseconds. */
function napOf(policy: WaitPolicy, frames: number, elapsed: number, times = 8, size = PING): number {
  for (let i = 0; i < times; i++) {
    policy.before(frames * size, frames, frames, elapsed);
    policy.after(10);
  }
  return policy.nap;
}

t.test('a stream of small frames is let gather, until it ends', async (t) => {
  const policy = new WaitPolicy(0);
  t.equal(napOf(policy, 10, 100), 250, '100 kpps: for as long as it may');
  t.equal(napOf(policy, 20, 50, 30), 80, '400 kpps: until 32 more are there');
  t.equal(napOf(policy, 30, 100, 8, 1_450), 107, 'of full size, too: that is no bulk transfer');
  t.equal(policy.bulk, false);
  t.equal(napOf(policy, 1, 50, 6), 0, 'then a ping');
  t.equal(napOf(policy, 5, 100), 0, '50 kpps: others may have a use for being quick');
  t.equal(napOf(policy, 1, 10), 0, 'one frame a wait is a question that waits for its answer, however quick');
  t.equal(napOf(new WaitPolicy(50), 20, 50), 0, 'who asked to look is not sent to sleep');
});
