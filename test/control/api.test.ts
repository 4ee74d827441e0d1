import { request } from 'node:http';
import t from 'tap';
import type { Client } from '../../lib/control/client.js';
import type { VtepError } from '../../lib/errors.js';
import { startApi, type ApiUnderTest } from '../support/api-server.js';

let api: ApiUnderTest;
let client: Client;
t.beforeEach(async () => {
  api = await startApi();
  client = api.client;
});
t.afterEach(() => api.close());

const MAC = 'e6:4b:f9:ce:d7:7b';

async function refusal(promise: Promise<unknown>): Promise<VtepError> {
  return promise.then(
    () => {
      throw new Error('was accepted');
    },
    (error: VtepError) => error,
  );
}

/** A request with octets of our own, as curl would send it. */
function raw(method: string, path: string, body?: string, type = 'application/x-www-form-urlencoded') {
  return new Promise<{ status: number; text: string; type: string }>((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request(
      { socketPath: api.socketPath, method, path, headers, agent: false },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode ?? 0, text, type: String(response.headers['content-type']) });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

t.test('a link is added with the defaults of the kernel', async (t) => {
  const link = await client.addLink({ name: 'vtep0', id: 42 });
  t.match(link, {
    name: 'vtep0',
    id: 42,
    dstport: 8472,
    ttl: 0,
    learning: true,
    ageing: 300,
    udpcsum: true,
    up: false,
  });
  t.same(await client.links(), [link]);
  t.same(await client.link('vtep0'), link);
});

t.test('a link is changed and deleted', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  t.match(await client.setLink('vtep0', { up: true, ageing: 0, tos: 1 }), {
    up: true,
    ageing: 300,
    tos: 'inherit',
  });
  await client.deleteLink('vtep0');
  t.same(await client.links(), []);
});

t.test('what cannot change is refused by name and changes nothing', async (t) => {
  const before = await client.addLink({ name: 'vtep0', id: 42 });
  const error = await refusal(client.setLink('vtep0', { ageing: 10, dstport: 4789 }));
  t.match(error, { code: 'ERR_VTEP_FIXED', errno: 'EOPNOTSUPP', word: 'dstport' });
  t.same(await client.link('vtep0'), before);
  t.match(await client.setLink('vtep0', { id: 42 }), { id: 42 }, 'repeating the VNI is no change');
});

t.test('an unknown device is named', async (t) => {
  const error = await refusal(client.fdb('nosuch'));
  t.match(error, {
    code: 'ERR_VTEP_NO_DEVICE',
    errno: 'ENODEV',
    word: 'nosuch',
    message: 'Cannot find device "nosuch"',
  });
});

t.test('errors of the engine arrive as they were thrown', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  t.match(await refusal(client.addLink({ name: 'vtep0', id: 43 })), {
    code: 'ERR_VTEP_NAME_IN_USE',
    errno: 'EEXIST',
  });
  t.match(await refusal(client.addLink({ name: 'vtep1', id: 42 })), {
    code: 'ERR_VTEP_VNI_IN_USE',
    word: '42',
  });
});

t.test('an unexpected error of the engine is a 500 with its errno', async (t) => {
  api.engine.list = () => {
    throw Object.assign(new Error('read failed'), { code: 'EIO' });
  };
  t.match(await refusal(client.links()), { code: 'ERR_VTEP_SYSTEM', errno: 'EIO', message: 'read failed' });
});

t.test('requests that do not fit the schema', async (t) => {
  const add = (body: object) => refusal(client.addLink({ name: 'vtep0', id: 1, ...body } as never));
  const cases: [object, string, string][] = [
    [{ lerning: true }, 'lerning', '"lerning" is unknown in this body; see /openapi.json'],
    [{ id: 16777216 }, '16777216', 'id is 16777216; expected a VNI, 0 to 16777215'],
    [{ id: undefined }, 'id', '"id" is missing from the body'],
    [{ id: '1' }, '1', 'id is "1"; expected a VNI, 0 to 16777215'],
    [{ ttl: 256 }, '256', 'ttl is 256; expected 1 to 255, 0 for the system\'s default, or "inherit"'],
    [{ df: 'on' }, 'on', 'df is "on"; expected "unset", "set" or "inherit"'],
    [{ mtu: 67 }, '67', 'mtu is 67; expected an MTU, 68 to 65535'],
    [{ srcport: [1, 70000] }, '70000', 'srcport[1] is 70000; expected a UDP port, 0 to 65535'],
    [{ hold: 1025 }, '1025', 'hold is 1025; expected a number of frames, 0 to 1024, 0 to hold none'],
    [{ holdtime: 99 }, '99', 'holdtime is 99; expected milliseconds, 100 to 60000'],
    [{ mssclamp: 87 }, '87', 'mssclamp is 87; expected a maximum segment size, 88 to 65495, "auto" or "off"'],
    [
      { neighsnoop: -1 },
      '-1',
      'neighsnoop is -1; expected a number of neighbours, 1 to 1048576, or 0 to learn none',
    ],
    [
      { gateway: '10.0.0.1' },
      '10.0.0.1',
      'gateway is "10.0.0.1"; expected a list of up to 64 unicast IPv4 or IPv6 addresses',
    ],
    [{ learning: 'yes' }, 'yes', 'learning is "yes"; expected true or false'],
  ];
  for (const [body, word, message] of cases) {
    t.match(await add(body), { code: 'ERR_VTEP_ARGUMENT', errno: 'EINVAL', word, message }, message);
  }
  t.same(await client.links(), []);
});

t.test('the FDB over HTTP', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42, remote: '192.0.2.2' });
  await client.setFdb('vtep0', { verb: 'add', mac: 'E6:4B:F9:CE:D7:7B', dst: '2001:DB8:0::1', port: 4790 });
  const entry = await client.fdbEntry('vtep0', MAC);
  t.match(entry, { mac: MAC, state: 'permanent', remotes: [{ dst: '2001:db8::1', port: 4790 }] });
  t.equal((await client.fdb('vtep0')).length, 2);
  await client.deleteFdb('vtep0', { mac: MAC });
  const error = await refusal(client.fdbEntry('vtep0', MAC));
  t.match(error, { code: 'ERR_VTEP_NO_ENTRY', errno: 'ENOENT', message: 'Fdb entry not found', word: MAC });
  t.same(await client.flushFdb('vtep0'), { flushed: 1 });
  t.match(await refusal(client.fdbEntry('vtep0', MAC, 2 ** 24)), {
    code: 'ERR_VTEP_ARGUMENT',
    errno: 'ERANGE',
  });
});

t.test('the key VNI is part of an entry', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  await client.setFdb('vtep0', { verb: 'add', mac: MAC, dst: '192.0.2.9', srcVni: 7 });
  t.match(await client.fdbEntry('vtep0', MAC, 7), { srcVni: 7 });
  t.match(await refusal(client.fdbEntry('vtep0', MAC)), { code: 'ERR_VTEP_NO_ENTRY' });
});

t.test('neighbours over HTTP', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  await client.setNeighbour('vtep0', { verb: 'add', dst: '10.20.1.3', lladdr: MAC });
  await client.setNeighbour('vtep0', { verb: 'add', dst: 'FD00::0001', lladdr: MAC, state: 'reachable' });
  t.match(await client.neighbours('vtep0'), [{ dst: '10.20.1.3', state: 'permanent' }, { dst: 'fd00::1' }]);
  await client.deleteNeighbour('vtep0', 'fd00:0::1');
  t.match(await refusal(client.deleteNeighbour('vtep0', 'fd00::1')), { code: 'ERR_VTEP_NO_ENTRY' });
  t.same(await client.flushNeighbours('vtep0', { state: 'stale' }), { flushed: 0 });
  t.same(await client.flushNeighbours('vtep0'), { flushed: 1 });
});

t.test('routes over HTTP', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  await client.setRoute('vtep0', { verb: 'add', dst: '10.20.2.0/24', via: '10.20.2.0', onlink: true });
  t.same(await client.lookupRoute('vtep0', '10.20.2.9'), (await client.routes('vtep0'))[0]);
  t.match(await refusal(client.lookupRoute('vtep0', '10.99.0.1')), {
    errno: 'ENETUNREACH',
    word: '10.99.0.1',
  });
  await client.deleteRoute('vtep0', '10.20.2.0/24');
  t.match(await refusal(client.deleteRoute('vtep0', '10.20.2.0/24')), { code: 'ERR_VTEP_NO_ENTRY' });
  t.same(await client.flushRoutes('vtep0'), { flushed: 0 });
});

t.test('curl -d works: JSON under any content type', async (t) => {
  const { status, text } = await raw('POST', '/v1/links', '{"name":"vtep0","id":1}');
  t.equal(status, 201);
  t.match(JSON.parse(text), { name: 'vtep0' });
  t.match(JSON.parse((await raw('POST', '/v1/links', '{"name":')).text), { code: 'ERR_VTEP_ARGUMENT' });
  t.equal((await raw('POST', '/v1/links/vtep0/fdb/flush')).status, 200, 'no body is an empty filter');
});

t.test('what is no endpoint', async (t) => {
  const { status, text } = await raw('GET', '/v2/links');
  t.equal(status, 404);
  t.match(JSON.parse(text), { message: 'there is no GET /v2/links; see /openapi.json' });
  t.equal((await raw('HEAD', '/v1/monitor')).status, 404, 'a stream has no HEAD');
});

t.test('a body beyond the limit is refused', async (t) => {
  const { status, text } = await raw('POST', '/v1/links', JSON.stringify({ name: 'x'.repeat(70_000) }));
  t.equal(status, 400);
  t.match(JSON.parse(text), { code: 'ERR_VTEP_ARGUMENT' });
});

t.test('the daemon introduces itself and can be stopped', async (t) => {
  t.match(await client.daemon(), { pid: 1, netns: '2', workers: 4 });
  t.equal(api.stopped(), false);
  await client.stopDaemon();
  t.equal(api.stopped(), true);
});

t.test('the OpenAPI document names every endpoint', async (t) => {
  const document = (await client.openapi()) as { openapi: string; paths: Record<string, object> };
  t.equal(document.openapi, '3.1.0');
  t.same(Object.keys(document.paths).sort(), [
    '/metrics',
    '/v1/daemon',
    '/v1/links',
    '/v1/links/{dev}',
    '/v1/links/{dev}/fdb',
    '/v1/links/{dev}/fdb/bulk',
    '/v1/links/{dev}/fdb/flush',
    '/v1/links/{dev}/fdb/{mac}',
    '/v1/links/{dev}/mdb',
    '/v1/links/{dev}/mdb/entry',
    '/v1/links/{dev}/mdb/flush',
    '/v1/links/{dev}/neigh',
    '/v1/links/{dev}/neigh/bulk',
    '/v1/links/{dev}/neigh/flush',
    '/v1/links/{dev}/neigh/{dst}',
    '/v1/links/{dev}/remotes',
    '/v1/links/{dev}/routes',
    '/v1/links/{dev}/routes/bulk',
    '/v1/links/{dev}/routes/flush',
    '/v1/links/{dev}/routes/lookup',
    '/v1/links/{dev}/statistics',
    '/v1/links/{dev}/vnis',
    '/v1/monitor',
    '/v1/nexthops',
    '/v1/nexthops/flush',
    '/v1/nexthops/{id}',
  ]);
});

t.test('metrics in Prometheus text', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42, remote: '192.0.2.2' });
  const vtep = api.engine.get('vtep0');
  if (vtep)
    vtep.counters = { ...vtep.counters, rxPackets: 7, reasons: { vni_not_found: 3 }, events: { learned: 2 } };
  const { text, type } = await raw('GET', '/metrics');
  t.match(type, 'text/plain');
  for (const line of [
    'vtep_receive_packets_total{dev="vtep0"} 7',
    'vtep_drops_total{dev="vtep0",reason="vni_not_found"} 3',
    'vtep_events_total{dev="vtep0",event="learned"} 2',
    'vtep_fdb_entries{dev="vtep0",origin="given"} 1',
    'vtep_neighbour_entries{dev="vtep0",origin="snooped"} 0',
    'vtep_up{dev="vtep0",vni="42"} 0',
    'vtep_resident_memory_bytes 3',
    'vtep_unclaimed_drops_total{reason="vni_not_found"} 6',
    'vtep_records_lost_total 5',
  ]) {
    t.match(text, line);
  }
  await client.deleteLink('vtep0');
  t.notMatch((await raw('GET', '/metrics')).text, 'vtep0', 'a deleted link leaves no series behind');
});

t.test('remotes, and their metrics', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42, remoteStats: true });
  const vtep = api.engine.get('vtep0')!;
  const statistics = {
    rxPackets: 1,
    rxBytes: 2,
    txPackets: 3,
    txBytes: 4,
    learnLimited: 0,
    heard: 9,
    reasons: { no_route: 5, peer_refused: 1 },
  };
  const many = Array.from({ length: 300 }, (_, n) => ({
    dst: `10.0.${n >> 8}.${n & 255}`,
    known: true,
    statistics,
  }));
  vtep.peers = {
    remotes: [
      { dst: '2001:db8::1', port: 4790, vni: 7, known: true, statistics },
      { dst: '192.0.2.66', known: false, statistics },
      ...many,
    ],
  };
  t.same(await client.remotes('vtep0'), vtep.peers);
  t.match(await refusal(client.remotes('vtep9')), { code: 'ERR_VTEP_NO_DEVICE' });
  const { text } = await raw('GET', '/metrics');
  const labels = '{dev="vtep0",dst="2001:db8::1",port="4790",vni="7"}';
  for (const line of [
    `vtep_remote_receive_packets_total${labels} 1`,
    `vtep_remote_receive_bytes_total${labels} 2`,
    `vtep_remote_transmit_packets_total${labels} 3`,
    `vtep_remote_transmit_bytes_total${labels} 4`,
    `vtep_remote_drops_total${labels} 6`,
    `vtep_remote_heard_seconds${labels} 9`,
    'vtep_remote_drops_total{dev="vtep0",dst="10.0.0.0",port="",vni=""} 6',
  ])
    t.ok(text.includes(`${line}\n`), line);
  t.notMatch(text, '192.0.2.66', 'a stranger makes no series');
  const series = text.split('\n').filter((line) => line.startsWith('vtep_remote_receive_packets_total{'));
  t.equal(series.length, 256, 'nor do more remotes than that');
  await client.deleteLink('vtep0');
  await client.addLink({ name: 'vtep0', id: 42 });
  t.notMatch((await raw('GET', '/metrics')).text, 'vtep_remote_', 'none without remote-stats');
  await client.deleteLink('vtep0');
});

t.test('many FDB entries in one call', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  const entry = (last: number) => ({
    verb: 'add' as const,
    mac: `02:00:00:00:00:0${last}`,
    dst: '192.0.2.1',
  });
  t.same(await client.setFdbBulk('vtep0', [entry(1), entry(2)]), { set: 2 });
  t.equal((await client.fdb('vtep0')).length, 2);

  const exists = await refusal(client.setFdbBulk('vtep0', [entry(3), entry(2), entry(4)]));
  t.match(exists, { code: 'ERR_VTEP_EXISTS', errno: 'EEXIST' });
  t.match(exists.message, /^entries\[1\]: /, 'the one that failed is named');
  t.equal((await client.fdb('vtep0')).length, 3, 'the one before it is in effect, the one after is not');

  const bad = await refusal(client.setFdbBulk('vtep0', [entry(5), { ...entry(6), port: 0 }]));
  t.match(bad, { code: 'ERR_VTEP_ARGUMENT', message: /^entries\[1\]\.port is 0; expected a UDP port/ });
  t.match(await refusal(client.setFdbBulk('vtep0', [])), { message: /expected 1 to 10000 entries/ });
  const many = Array.from({ length: 10_001 }, () => entry(7));
  t.match(await refusal(client.setFdbBulk('vtep0', many)), { message: /expected 1 to 10000 entries/ });
  t.equal((await client.fdb('vtep0')).length, 3, 'a request that does not fit its schema changes nothing');
});

t.test('many FDB entries deleted in one call', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  const macs = [1, 2, 3, 4, 5].map((last) => `02:00:00:00:00:0${last}`);
  const entries = macs.map((mac) => ({ verb: 'add' as const, mac, dst: '192.0.2.1' }));
  await client.setFdbBulk('vtep0', entries);
  const [first = '', second = '', third = '', ...rest] = macs;
  t.same(await client.deleteFdbBulk('vtep0', [{ mac: first }, { mac: second, dst: '192.0.2.1' }]), {
    deleted: 2,
  });
  const gone = await refusal(
    client.deleteFdbBulk('vtep0', [{ mac: third }, { mac: first }, { mac: rest[0]! }]),
  );
  t.match(gone, { code: 'ERR_VTEP_NO_ENTRY', errno: 'ENOENT', message: /^entries\[1\]: / });
  t.same((await client.fdb('vtep0')).map(({ mac }) => mac).sort(), rest);
  t.match(await refusal(client.deleteFdbBulk('vtep0', [])), { message: /expected 1 to 10000 entries/ });
});

t.test('many neighbours and many routes in one call', async (t) => {
  await client.addLink({ name: 'vtep0', id: 42 });
  const neighbour = (last: number) => ({
    verb: 'add' as const,
    dst: `10.20.0.${last}`,
    lladdr: '02:00:00:00:00:01',
  });
  t.same(await client.setNeighbourBulk('vtep0', [neighbour(1), neighbour(2)]), { set: 2 });
  t.equal((await client.neighbours('vtep0')).length, 2);
  t.match(await refusal(client.setNeighbourBulk('vtep0', [neighbour(3), neighbour(1)])), {
    errno: 'EEXIST',
    message: /^entries\[1\]: /,
  });
  t.match(await refusal(client.setNeighbourBulk('vtep0', [{ ...neighbour(4), lladdr: 'x' }])), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /^entries\[0\]: /,
  });
  t.equal((await client.neighbours('vtep0')).length, 3);

  const route = (third: number) => ({ verb: 'add' as const, dst: `10.20.${third}.0/24` });
  t.same(await client.setRouteBulk('vtep0', [route(1), route(2)]), { set: 2 });
  t.match(await refusal(client.setRouteBulk('vtep0', [route(3), route(2), route(4)])), {
    errno: 'EEXIST',
    message: /^entries\[1\]: /,
  });
  t.equal((await client.routes('vtep0')).length, 3);
});
