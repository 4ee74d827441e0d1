import t from 'tap';
import { run } from '../../lib/cli/run.js';
import { collector } from './fixtures.js';

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line === '' ? [] : line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('help goes to stdout when asked for, to stderr when nothing was', async (t) => {
  for (const line of ['help', '-h', '--help', 'he'])
    t.match(await vtep(line), { exit: 0, out: /^Usage: vtep/, err: '' }, line);
  t.match(await vtep(''), { exit: 1, out: '', err: /^Usage: vtep/ });
  for (const line of ['link help', 'l hel', 'link --help', 'link add -h', '-h link'])
    t.match(await vtep(line), { exit: 0, out: /^vtep link: / }, line);
  t.match(await vtep('monitor help'), { exit: 0, out: /^vtep monitor: / });
});

t.test('version', async (t) => {
  t.match(await vtep('-V'), { exit: 0, out: /^vtep utility, uvtep-\d+\.\d+\.\d+/ });
});

t.test('unknown objects, verbs and options', async (t) => {
  for (const [line, says] of [
    [
      'foo',
      'Object "foo" is unknown; expected one of link, fdb, neigh, nexthop, route, remote, vni, monitor, mdb, daemon, flannel, flannel-ext, help',
    ],
    ['lnik', 'Object "lnik" is unknown; expected one of'],
    ['addr add 10.0.0.1/24 dev vx0', 'use `ip addr add 10.0.0.1/24 dev vx0`'],
    ['vlan show', 'use `bridge vlan show`'],
    [
      'fdb foo',
      'Command "foo" is unknown to "vtep fdb"; expected one of add, append, replace, delete, get, show, flush',
    ],
    ['-x link', 'Option "-x" is unknown; expected one of -d[etails]'],
    ['-n', '"-n" expects a network namespace'],
    ['link replace vx0', '"replace" is not supported yet'],
  ] as const)
    t.match(await vtep(line), { exit: 1, out: '', err: says }, line);
});

t.test('a namespace that is not there', async (t) => {
  const failed = await vtep('-n no-such-namespace link show');
  t.match(
    failed.err,
    /^(Error: |RTNETLINK answers: [^:]*: )Cannot open network namespace "no-such-namespace": ENOENT/,
  );
  t.not(failed.exit, 0);
  t.equal(failed.err.split('\n').length, 2, 'one line');
});

t.test('VTEP_DEBUG=1 shows the stack', async (t) => {
  process.env['VTEP_DEBUG'] = '1';
  t.teardown(() => delete process.env['VTEP_DEBUG']);
  t.match((await vtep('foo')).err, /\n {4}at /);
});
