import t from 'tap';
import { WaitPolicy } from '../../lib/engine/wait-policy.js';

const PING = 100;
const SUPER_FRAME = 65_000;

/** Windows of consecutive waits, each after `octets` in one frame, and each `waited` microseconds long. */
function windows(policy: WaitPolicy, octets: number, waited: number, times: number): number[] {
  return Array.from({ length: times }, () => {
    policy.before(octets, 1);
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
  t.same(windows(new WaitPolicy(0), SUPER_FRAME, 150, 7), [0, 20, 40, 80, 160, 160, 160]);
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

t.test('a stream of small frames is let gather, until it ends', async (t) => {
  const policy = new WaitPolicy(0);
  const naps = (entries: number, times: number): number[] =>
    Array.from({ length: times }, () => {
      policy.before(entries * PING, entries);
      policy.after(10);
      return policy.nap;
    });
  t.same(naps(8, 8), Array(8).fill(0), 'not at 8 frames a wait');
  t.same(naps(20, 6).slice(-2), [100, 100], 'but at 20');
  t.equal(naps(1, 6).at(-1), 0);
  const asked = new WaitPolicy(50);
  for (let i = 0; i < 6; i++) asked.before(20 * PING, 20);
  t.equal(asked.nap, 0, 'who asked to look is not sent to sleep');
});
