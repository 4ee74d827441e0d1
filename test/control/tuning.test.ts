import t from 'tap';
import { VtepError } from '../../lib/errors.js';
import { tuning } from '../../lib/control/tuning.js';

t.test('words come before the environment, and that before the defaults', async (t) => {
  t.same(tuning({}, {}), { workers: 1, busyPoll: 0 });
  const env = { VTEP_WORKERS: '2', VTEP_BUSY_POLL: '50' };
  t.same(tuning({}, env), { workers: 2, busyPoll: 50 });
  t.same(tuning({ workers: 4, busyPoll: 0 }, env), { workers: 4, busyPoll: 0 });
  t.same(tuning({}, { VTEP_WORKERS: '', VTEP_BUSY_POLL: '' }), { workers: 1, busyPoll: 0 }, 'empty is unset');
});

t.test('what is no whole number in its range is refused by name', async (t) => {
  for (const [env, message] of [
    [{ VTEP_WORKERS: '0' }, /^VTEP_WORKERS="0": expected a whole number from 1 to 64$/],
    [{ VTEP_WORKERS: '65' }, /^VTEP_WORKERS="65"/],
    [{ VTEP_BUSY_POLL: 'fast' }, /^VTEP_BUSY_POLL="fast": expected a whole number from 0 to 1000000$/],
    [{ VTEP_BUSY_POLL: '1e3' }, /^VTEP_BUSY_POLL="1e3"/],
    [{ VTEP_BUSY_POLL: '-1' }, /^VTEP_BUSY_POLL="-1"/],
  ] as const)
    t.throws(() => tuning({}, env), { constructor: VtepError, code: 'ERR_VTEP_ARGUMENT', message });
  t.throws(() => tuning({ busyPoll: 2_000_000 }, {}), { message: /^busy_poll 2000000: expected/ });
});
