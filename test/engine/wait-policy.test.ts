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
  t.equal(policy.looks, false);
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
