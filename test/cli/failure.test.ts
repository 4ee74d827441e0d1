import t from 'tap';
import { CommandFailure, failureOf, wrong } from '../../lib/cli/failure.js';
import { isNoDaemon, VtepError } from '../../lib/errors.js';

const line = (error: unknown, dev?: string) => {
  const { message, exit } = failureOf(error, dev);
  return { message, exit };
};

t.test('verdicts of the engine read as the kernel’s, with our remedy', async (t) => {
  t.same(line(new VtepError('ERR_VTEP_VNI_IN_USE', 'VNI 42 is in use by vtep0', { errno: 'EEXIST' })), {
    message: 'RTNETLINK answers: File exists: VNI 42 is in use by vtep0',
    exit: 2,
  });
  t.equal(
    line(new VtepError('ERR_VTEP_EXISTS', 'File exists: use replace', { errno: 'EEXIST' })).message,
    'RTNETLINK answers: File exists: use replace',
    'the verdict is not said twice',
  );
  t.same(line(new VtepError('ERR_VTEP_ARGUMENT', 'mtu is 5')), { message: 'Error: mtu is 5', exit: 2 });
  t.same(line(new VtepError('ERR_VTEP_SYSTEM', 'odd', { errno: 'EXDEV' })), {
    message: 'Error: odd',
    exit: 2,
  });
});

t.test('a name without an address is a wrong word', async (t) => {
  const message = '"x.y" cannot be resolved to an IPv4 address: no name server answers';
  t.same(line(new VtepError('ERR_VTEP_NAME', message, { word: 'x.y' })), {
    message: `Error: ${message}`,
    exit: 1,
  });
});

t.test('unknown devices', async (t) => {
  t.same(line(new VtepError('ERR_VTEP_NO_DEVICE', 'no VTEP x', { word: 'x' }), 'y'), {
    message: 'Cannot find device "x"',
    exit: 1,
  });
  t.equal(line(new VtepError('ERR_VTEP_NO_DEVICE', 'no VTEP'), 'y').message, 'Cannot find device "y"');
});

t.test('always one line', async (t) => {
  t.equal(line(new Error('a\n  b\n')).message, 'Error: a b');
  t.equal(line('text').message, 'Error: text');
  t.equal(failureOf(wrong('x')).exit, 1);
  t.ok(failureOf(new CommandFailure('x', 3)).exit === 3);
});

t.test('no daemon', async (t) => {
  t.ok(isNoDaemon(new VtepError('ERR_VTEP_DAEMON', '', { errno: 'ENOENT' })));
  t.ok(isNoDaemon(new VtepError('ERR_VTEP_DAEMON', '', { errno: 'ECONNREFUSED' })));
  t.notOk(isNoDaemon(new VtepError('ERR_VTEP_DAEMON', '', { errno: 'EPIPE' })), 'it broke off');
  t.notOk(isNoDaemon(new VtepError('ERR_VTEP_DAEMON', '', { errno: 'ETIMEDOUT' })), 'it hangs');
  t.notOk(isNoDaemon(new Error('ENOENT')));
});
