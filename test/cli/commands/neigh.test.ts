import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import type { NeighbourEntry } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const MAC = 'e6:4b:f9:ce:d7:7b';
const neighbour = (dst: string, more: Partial<NeighbourEntry> = {}): NeighbourEntry => ({
  dst,
  lladdr: MAC,
  state: 'permanent',
  router: false,
  externLearn: false,
  origin: 'own',
  used: 1,
  updated: 2,
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

t.test('add, change, replace and del', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  t.same(await vtep(`neigh add 10.20.1.3 lladdr ${MAC} dev vx0`), { exit: 0, out: '', err: '' });
  t.match(await vtep(`neigh add 10.20.1.3 lladdr ${MAC} dev vx0`), {
    exit: 2,
    err: /^RTNETLINK answers: File exists/,
  });
  t.match(await vtep(`n chg 10.20.1.9 lladdr ${MAC} dev vx0`), { exit: 2, err: /No such file or directory/ });
  t.equal(
    (await vtep(`neighbour replace dev vx0 nud stale lladdr ${MAC} to FE80::0:1 router extern_learn`)).exit,
    0,
  );
  t.same(daemon.bodies('POST /v1/links/vx0/neigh').at(-1), {
    verb: 'replace',
    dst: 'fe80::1',
    lladdr: MAC,
    state: 'stale',
    router: true,
    externLearn: true,
  });
  t.equal((await vtep('neigh del fe80::1 dev vx0')).exit, 0);
  t.equal(daemon.requests.at(-1)?.line, 'DELETE /v1/links/vx0/neigh/fe80%3A%3A1');
  t.match(await vtep('neigh add 10.20.1.4 dev vx0'), { exit: 1, err: /No link layer address given/ });
  t.match(await vtep(`neigh add proxy 10.20.1.4 dev vx0`), { exit: 1, err: /use `ip neigh add proxy/ });
});

t.test('show chooses by prefix, state, device and family', async (t) => {
  const device = daemon.add({ name: 'vx0', id: 1 });
  device.neighbours.push(
    neighbour('10.20.1.3'),
    neighbour('10.20.1.5', { state: 'stale', router: true }),
    neighbour('2001:db8::3'),
    neighbour('10.20.1.6', { state: 'noarp' }),
    neighbour('10.20.1.7', { state: 'noarp', externLearn: true }),
  );
  const firsts = async (line: string): Promise<string> =>
    (await vtep(line)).out
      .trim()
      .split('\n')
      .map((text) => text.split(' ')[0])
      .join(' ');
  t.equal((await vtep('neigh show 10.20.1.3')).out, `10.20.1.3 dev vx0 lladdr ${MAC} PERMANENT \n`);
  t.equal((await vtep('neigh show 10.20.1.3 dev vx0')).out, `10.20.1.3 lladdr ${MAC} PERMANENT \n`);
  t.equal(
    await firsts('n'),
    '10.20.1.3 10.20.1.5 2001:db8::3 10.20.1.7',
    'NOARP is hidden unless learned outside',
  );
  t.equal(await firsts('neigh show nud all'), '10.20.1.3 10.20.1.5 2001:db8::3 10.20.1.6 10.20.1.7');
  t.equal(await firsts('neigh show nud stale'), '10.20.1.5');
  t.equal(await firsts('-6 neigh show'), '2001:db8::3');
  t.equal(await firsts('-4 neigh show'), '10.20.1.3 10.20.1.5 10.20.1.7');
  t.equal(await firsts('neigh show to 10.20.1.4/31'), '10.20.1.5');
  t.same(JSON.parse((await vtep('-j neigh show 10.20.1.5')).out), [
    { dst: '10.20.1.5', dev: 'vx0', lladdr: MAC, router: null, state: ['STALE'] },
  ]);
});

t.test('get', async (t) => {
  daemon.add({ name: 'vx0', id: 1 }).neighbours.push(neighbour('10.20.1.3'));
  t.equal((await vtep('neigh get 10.20.1.3 dev vx0')).out, `10.20.1.3 dev vx0 lladdr ${MAC} PERMANENT \n`);
  t.match(await vtep('neigh get 10.20.1.4 dev vx0'), { exit: 2, err: 'Error: Neighbour entry not found.\n' });
});

t.test('flush spares permanent, NOARP and mirrored entries', async (t) => {
  const { neighbours } = daemon.add({ name: 'vx0', id: 1 });
  const fill = (): void => {
    neighbours.splice(
      0,
      neighbours.length,
      neighbour('10.20.1.3'),
      neighbour('10.20.1.4', { state: 'reachable' }),
      neighbour('10.20.1.5', { state: 'stale', origin: 'kernel' }),
      neighbour('10.20.1.6', { state: 'reachable', origin: 'snooped' }),
    );
  };
  fill();
  t.match(await vtep('-s neigh flush dev vx0'), { exit: 0, out: /Round 1, deleting 2 entries/ });
  t.same(
    neighbours.map((entry) => entry.dst),
    ['10.20.1.3', '10.20.1.5'],
  );
  t.equal((await vtep('-s neigh flush dev vx0')).out, 'Nothing to flush.\n');
  fill();
  t.same(await vtep('neigh flush dev vx0 nud permanent'), { exit: 0, out: '', err: '' });
  t.same(
    neighbours.map((entry) => entry.dst),
    ['10.20.1.4', '10.20.1.5', '10.20.1.6'],
  );
  const gone = { code: 'ERR_VTEP_NO_ENTRY', message: 'No such file or directory', errno: 'ENOENT' } as const;
  daemon.refusals.set('DELETE /v1/links/vx0/neigh/10.20.1.6', gone);
  t.match(await vtep('-s neigh flush dev vx0'), { exit: 0, out: /deleting 1 entries/ }, 'it aged meanwhile');
  daemon.refusals.set('DELETE /v1/links/vx0/neigh/10.20.1.4', gone);
  neighbours.push(neighbour('10.20.1.4', { state: 'reachable' }));
  t.equal((await vtep('neigh flush dev vx0')).exit, 2, 'an own one does not');
  daemon.refusals.clear();
  t.match(await vtep('neigh flush'), { exit: 1, err: /Flush requires arguments/ });
});
