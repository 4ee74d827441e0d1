import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import type { VtepEvent } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
daemon.events = [
  { type: 'miss', layer: 3, dev: 'vx0', dst: '10.20.1.3' },
  { type: 'miss', layer: 2, dev: 'vx1', lladdr: '02:00:00:00:00:03' },
  {
    type: 'route',
    action: 'new',
    dev: 'vx0',
    entry: { dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true, origin: 'own' },
  },
];

const nexthop: VtepEvent = {
  type: 'nexthop',
  action: 'del',
  cause: 'delete',
  entry: { id: 101, group: [{ id: 61 }], protocol: 0 },
};

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('prints what happens until the daemon ends it, and says so', async (t) => {
  const heard = await vtep('monitor');
  t.equal(
    heard.out,
    'miss 10.20.1.3 dev vx0 STALE \n' +
      'miss dev vx1 lladdr 02:00:00:00:00:03 STALE \n' +
      '10.20.2.0/24 via 10.20.2.0 dev vx0 onlink \n',
  );
  t.equal(heard.exit, 1);
  t.match(heard.err, /^Error: the vtep daemon on .* ended the stream\n$/);
});

t.test('labels with all, kinds and devices by name', async (t) => {
  t.match((await vtep('monitor all')).out, /^\[MISS\]miss 10.*\n\[MISS\]miss dev.*\n\[ROUTE\]10/);
  t.match((await vtep('m miss label dev vx1')).out, /^\[MISS\]miss dev vx1 [^\n]*\n$/);
  t.match((await vtep('monitor route')).out, /^10\.20\.2\.0[^\n]*\n$/);
  t.ok(daemon.requests.some(({ line }) => line === 'GET /v1/monitor?types=route'));
});

t.test('nexthops are of no device', async (t) => {
  const others = daemon.events;
  daemon.events = [...others, nexthop];
  t.match((await vtep('monitor label')).out, /\n\[NEXTHOP\]Deleted id 101 group 61 fdb\n$/);
  t.notMatch((await vtep('monitor dev vx0')).out, /101/);
  const lines = (await vtep('-j monitor nexthop')).out.trim().split('\n');
  t.match(JSON.parse(lines.at(-1)!), { event: 'nexthop', deleted: true, id: 101, group: [{ id: 61 }] });
  daemon.events = others;
});

t.test('JSON is one object a line; -ts stamps', async (t) => {
  const lines = (await vtep('-j monitor')).out.trim().split('\n');
  t.same(JSON.parse(lines[0] ?? ''), {
    event: 'miss',
    layer: 3,
    dst: '10.20.1.3',
    dev: 'vx0',
    state: ['STALE'],
  });
  t.equal(lines.length, 3);
  t.match((await vtep('-ts monitor route')).out, /^\[\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}\] 10\.20/);
  t.match((await vtep('-t monitor route')).out, /^Timestamp: [^\n]* usec\n10\.20/);
});

t.test('wrong words', async (t) => {
  t.match(await vtep('monitor foo'), {
    exit: 1,
    out: '',
    err: /"foo" is unknown to "vtep monitor"; expected one of all/,
  });
});
