import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import type { RouteEntry } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const route = (dst: string, more: Partial<RouteEntry> = {}): RouteEntry => ({
  dst,
  onlink: false,
  origin: 'own',
  ...more,
});

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
t.beforeEach(() => {
  daemon.devices.clear();
  daemon.requests.length = 0;
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('add and replace', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  t.same(await vtep('route add 10.20.2.0/24 via 10.20.2.0 dev vx0 onlink'), { exit: 0, out: '', err: '' });
  await vtep('r r default via fe80::1 dev vx0');
  await vtep('-6 route add default dev vx0');
  await vtep('route add default dev vx0');
  t.same(daemon.bodies('POST /v1/links/vx0/routes'), [
    { verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true },
    { verb: 'replace', dst: '::/0', via: 'fe80::1' },
    { verb: 'add', dst: '::/0' },
    { verb: 'add', dst: '0.0.0.0/0' },
  ]);
  t.match(await vtep('route add 10.20.2.0/24 dev vx0'), { exit: 2, err: /^RTNETLINK answers: File exists/ });
});

t.test('wrong words', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  for (const [line, says] of [
    ['route add 10.20.2.0/24 via fe80::1 dev vx0', 'inet address is expected rather than "fe80::1"'],
    ['route add 10.20.2.1/24 dev vx0', '"10.20.2.1/24" is wrong'],
    ['route add 10.20.2.0/24', '"dev" is required'],
    ['route add 10.20.2.0/24 dev vx0 metric 5', '"metric" is for the host\'s table'],
    ['route add blackhole 10.20.2.0/24', '"blackhole" is for the host\'s table'],
    ['route append 10.20.2.0/24 dev vx0', 'use `ip route append 10.20.2.0/24 dev vx0`'],
    ['-6 route add 10.20.2.0/24 dev vx0', 'is not of family -6'],
    ['route flush', 'requires arguments'],
  ] as const)
    t.match(await vtep(line), { exit: 1, out: '', err: says }, line);
  t.same(daemon.requests, []);
});

t.test('show', async (t) => {
  const { routes } = daemon.add({ name: 'vx0', id: 1 });
  routes.push(
    route('0.0.0.0/0', { via: '10.20.1.9' }),
    route('10.20.2.0/24', { via: '10.20.2.0', onlink: true }),
    route('10.20.2.1/32', { origin: 'kernel' }),
    route('2001:db8:1::/64', { via: 'fe80::1' }),
  );
  t.equal(
    (await vtep('route')).out,
    'default via 10.20.1.9 dev vx0 \n10.20.2.0/24 via 10.20.2.0 dev vx0 onlink \n10.20.2.1 dev vx0 scope link \n',
  );
  t.equal((await vtep('-6 route show dev vx0')).out, '2001:db8:1::/64 via fe80::1 \n');
  t.equal((await vtep('route show 10.20.2.0/24')).out, '10.20.2.0/24 via 10.20.2.0 dev vx0 onlink \n');
  t.equal((await vtep('route show root 10.20.0.0/16')).out.split('\n').length, 3);
  t.equal((await vtep('route show match 10.20.2.1')).out.split('\n').length, 4);
  t.equal((await vtep('route show default')).out, 'default via 10.20.1.9 dev vx0 \n');
  t.same(JSON.parse((await vtep('-j route show 10.20.2.0/24 dev vx0')).out), [
    { dst: '10.20.2.0/24', gateway: '10.20.2.0', flags: ['onlink'] },
  ]);
});

t.test('get asks every VTEP and takes the longest prefix', async (t) => {
  daemon.add({ name: 'vx0', id: 1 }).routes.push(route('0.0.0.0/0', { via: '10.20.1.9' }));
  daemon.add({ name: 'vx1', id: 2 }).routes.push(route('10.20.2.0/24', { via: '10.20.2.0', onlink: true }));
  t.equal((await vtep('route get 10.20.2.5')).out, '10.20.2.5 via 10.20.2.0 dev vx1 \n');
  t.equal((await vtep('route get 10.20.2.5 dev vx0')).out, '10.20.2.5 via 10.20.1.9 dev vx0 \n');
  t.match(await vtep('route get 10.9.9.9 oif vx1'), {
    exit: 2,
    err: /^RTNETLINK answers: Network is unreachable: /,
  });
  t.same(JSON.parse((await vtep('-j route get 10.20.2.5')).out), [
    { dst: '10.20.2.5', gateway: '10.20.2.0', dev: 'vx1', flags: [] },
  ]);
});

t.test('del with and without dev, flush only what is own', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  const { routes } = daemon.add({ name: 'vx1', id: 2 });
  routes.push(route('10.20.2.0/24'), route('10.20.3.0/24'), route('10.20.4.0/24', { origin: 'kernel' }));
  t.same(await vtep('route del 10.20.2.0/24'), { exit: 0, out: '', err: '' });
  t.match(await vtep('route del 10.20.2.0/24'), { exit: 2, err: /^RTNETLINK answers: No such process/ });
  t.match(await vtep('route del 10.20.3.0/24 via 10.0.0.1'), { exit: 2 }, 'another next hop');
  t.equal((await vtep('route del 10.20.3.0/24 dev vx1')).exit, 0);
  routes.push(route('10.20.3.0/24'));
  t.match(await vtep('-s route flush dev vx1'), { exit: 0, out: /deleting 1 entries/ });
  t.same(
    routes.map((entry) => entry.dst),
    ['10.20.4.0/24'],
  );
});
