import t, { type Test } from 'tap';
import { KubeRegistry } from '../../../lib/flannel/kube/registry.js';
import { FakeKube } from '../../support/fake-kube.js';
import { soon } from '../../support/soon.js';
import { DUAL, IPV4, managed, managed6, OURS, prefixed, scene } from './fixtures.js';

const until = async (t: Test, holds: () => boolean, what: string): Promise<void> =>
  void t.ok(await soon(async () => holds()), what);

const NOW = Date.UTC(2026, 8, 24, 10, 11, 12, 345);

t.test('a dual-stack host writes what flanneld writes, octet for octet', async (t) => {
  const { kube, registry } = await scene(t, DUAL, { now: () => NOW });
  const lease = await registry.acquire(OURS);
  t.same(lease, {
    key: 'h1',
    subnet: '10.5.1.0/24',
    subnet6: 'fd05:0:0:1::/64',
    attributes: OURS,
    expires: undefined,
  });
  t.same(kube.bodies(), [
    '{"metadata":{"annotations":{"flannel.alpha.coreos.com/backend-data":"{\\"VNI\\":1,\\"VtepMAC\\":\\"1a:70:a7:a6:ee:fe\\"}",' +
      '"flannel.alpha.coreos.com/backend-type":"vxlan","flannel.alpha.coreos.com/backend-v6-data":"{\\"VNI\\":1,\\"VtepMAC\\":\\"b6:0b:95:cd:d6:04\\"}",' +
      '"flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/public-ip":"10.99.0.11","flannel.alpha.coreos.com/public-ipv6":"fd99::11"}}}',
    '{"status":{"conditions":[{"type":"NetworkUnavailable","status":"False","lastHeartbeatTime":"2026-09-24T10:11:12Z",' +
      '"lastTransitionTime":"2026-09-24T10:11:12Z","reason":"FlannelIsUp","message":"Flannel is running on this node"}]}}',
  ]);
  const [patch] = kube.requests.filter(({ method }) => method === 'PATCH');
  t.equal(patch?.url, '/api/v1/nodes/h1/status');
  t.equal(patch?.headers['content-type'], 'application/strategic-merge-patch+json');
});

t.test('what the node says already is not written again, what differs alone is', async (t) => {
  const { kube, registry } = await scene(t, DUAL, { setNodeNetworkUnavailable: false });
  await registry.acquire(OURS);
  await registry.acquire(OURS);
  t.equal(kube.bodies().length, 1);
  await registry.publish({ ...OURS, ipv6: { vni: 1, mac: '02:00:00:00:00:06' } });
  t.equal(
    kube.bodies()[1],
    '{"metadata":{"annotations":{"flannel.alpha.coreos.com/backend-v6-data":"{\\"VNI\\":1,\\"VtepMAC\\":\\"02:00:00:00:00:06\\"}"}}}',
  );
});

t.test('an IPv4 network takes no notice of the IPv6 podCIDR', async (t) => {
  const { kube, registry } = await scene(t, IPV4);
  const lease = await registry.acquire({ ...OURS, publicIpv6: undefined, ipv6: undefined });
  t.match(lease, { subnet: '10.5.1.0/24', subnet6: undefined });
  t.notMatch(kube.bodies()[0], /v6/);
});

t.test('requests are those that flanneld was granted', async (t) => {
  const { kube, registry, heard } = await scene(t);
  const revision = kube.revision;
  await registry.acquire(OURS);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  const lists = kube.lines().filter((line) => /nodes\?/.test(line));
  t.same(lists, [
    'GET /api/v1/nodes?limit=500&resourceVersion=0',
    `GET /api/v1/nodes?allowWatchBookmarks=true&resourceVersion=${kube.revision}&watch=true`,
  ]);
  t.not(kube.revision, revision);
  const [first] = kube.requests;
  t.match(first?.headers, { accept: 'application/json', 'user-agent': /^vtep\// });
});

t.test('peers: all at first, then what changes', async (t) => {
  const { kube, registry, heard } = await scene(t);
  kube.set('h2', { podCIDR: '10.5.2.0/24' }, managed('10.99.0.12', 'b2:56:42:b5:e6:fc'));
  kube.set('h9', { podCIDR: '10.5.9.0/24' });
  registry.watch(heard);
  await until(t, () => heard.snapshots.length === 1 && kube.watches === 1, 'snapshot');
  t.same(heard.snapshots, [['h2']], 'neither the own node nor one without flannel');
  t.same(heard.leases[0], {
    key: 'h2',
    subnet: '10.5.2.0/24',
    subnet6: undefined,
    attributes: {
      publicIp: '10.99.0.12',
      publicIpv6: undefined,
      backendType: 'vxlan',
      ipv4: { vni: 1, mac: 'b2:56:42:b5:e6:fc' },
      ipv6: undefined,
    },
    expires: undefined,
  });
  for (let i = 0; i < 10; i++) kube.heartbeat('h2');
  kube.set('h3', { podCIDR: '10.5.3.0/24' }, managed('10.99.0.13', '02:00:00:00:00:03'));
  await until(t, () => heard.changes.length > 0, 'join');
  t.same(
    heard.changes.map(({ leases, gone }) => [leases.map(({ key }) => key), gone]),
    [[['h3'], []]],
    'heartbeats are no changes',
  );
  kube.remove('h2');
  await until(t, () => heard.changes.length === 2, 'leave');
  t.same(heard.changes[1], { leases: [], gone: ['h2'] });
  kube.annotate('h3', { 'flannel.alpha.coreos.com/kube-subnet-manager': null });
  await until(t, () => heard.changes.length === 3, 'no longer a host of the network');
  t.same(heard.changes[2], { leases: [], gone: ['h3'] });
  t.same(heard.problems, []);
});

t.test('of two families, a change of either is a change', async (t) => {
  const { kube, registry, heard } = await scene(t, DUAL);
  const spec = { podCIDR: '10.5.2.0/24', podCIDRs: ['10.5.2.0/24', 'fd05:0:0:2::/64'] };
  kube.set('h2', spec, {
    ...managed('10.99.0.12', '02:00:00:00:00:02'),
    ...managed6('fd99::12', '02:00:00:00:06:02'),
  });
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.annotate('h2', prefixed({ 'backend-data': '{"VNI":1,"VtepMAC":"02:00:00:00:00:22"}' }));
  await until(t, () => heard.changes.length === 1, 'IPv4 alone');
  kube.annotate('h2', prefixed({ 'public-ipv6': 'fd99::22' }));
  await until(t, () => heard.changes.length === 2, 'IPv6 alone');
  t.match(heard.changes[1]?.leases, [
    { attributes: { ipv4: { mac: '02:00:00:00:00:22' }, publicIpv6: 'fd99::22' } },
  ]);
});

t.test('what comes together arrives together, the last of each node', async (t) => {
  const { kube, registry, heard } = await scene(t);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.together(() => {
    for (let i = 2; i < 102; i++)
      kube.set(`h${i}`, { podCIDR: `10.5.${i}.0/24` }, managed(`10.99.0.${i}`, '02:00:00:00:00:99'));
    kube.annotate('h2', prefixed({ 'public-ip': '10.99.1.2' }));
    kube.remove('h3');
  });
  await until(
    t,
    () => kube.watches === 1 && heard.changes.flatMap(({ leases }) => leases).length >= 99,
    'all of them',
  );
  t.ok(heard.changes.length <= 3, `${heard.changes.length} calls`);
  const last = new Map(heard.changes.flatMap(({ leases }) => leases).map((lease) => [lease.key, lease]));
  t.equal(last.get('h2')?.attributes.publicIp, '10.99.1.2');
});

for (const [how, end] of [
  ['an orderly end', (kube: FakeKube) => kube.endWatches()],
  ['a broken connection', (kube: FakeKube) => kube.breakWatches()],
] as const)
  t.test(`after ${how} all nodes are listed again, not older than what was known`, async (t) => {
    const { kube, registry, heard } = await scene(t);
    kube.set('h2', { podCIDR: '10.5.2.0/24' }, managed('10.99.0.12', '02:00:00:00:00:02'));
    registry.watch(heard);
    await until(t, () => kube.watches === 1, 'it watches');
    kube.bookmark();
    const { revision } = kube;
    await until(t, () => registry.status().revision === revision, 'a bookmark advances the revision');
    kube.remove('h2');
    end(kube);
    await until(t, () => heard.snapshots.length === 2 && kube.watches === 1, 'listed again');
    t.same(heard.snapshots, [['h2'], []]);
    const list = kube
      .lines()
      .filter((line) => !line.includes('watch=') && line.includes('nodes?'))
      .at(-1);
    t.match(list, /^GET \/api\/v1\/nodes\?resourceVersion=\d+$/);
    t.ok(Number(list?.split('=')[1]) >= Number(revision));
  });

t.test('410 Gone: the nodes are listed as the store has them, and the watch goes on', async (t) => {
  const { kube, registry, heard } = await scene(t);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.compact();
  await until(t, () => heard.snapshots.length === 2 && kube.watches === 1, 'listed again');
  t.ok(kube.lines().includes('GET /api/v1/nodes?limit=500'), 'no revision asked for');
  kube.set('h4', { podCIDR: '10.5.4.0/24' }, managed('10.99.0.14', '02:00:00:00:00:04'));
  await until(t, () => heard.changes.length === 1, 'and hears');
  t.equal(registry.status().error, undefined);
});

t.test('leases are told oldest first; a node that is made anew has gone and come', async (t) => {
  const { kube, registry, heard } = await scene(t);
  for (const [name, made] of [
    ['h2', '2026-09-03T00:00:00Z'],
    ['h3', '2026-09-01T00:00:00Z'],
    ['h5', '2026-09-02T00:00:00Z'],
    ['h4', '2026-09-02T00:00:00Z'],
  ] as const)
    kube.set(
      name,
      { podCIDR: `10.5.${name[1]}.0/24` },
      managed(`10.99.0.1${name[1]}`, `02:00:00:00:00:0${name[1]}`),
      made,
    );
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  t.same(heard.snapshots, [['h3', 'h4', 'h5', 'h2']]);
  kube.together(() => {
    kube.remove('h3');
    kube.set('h3', { podCIDR: '10.5.3.0/24' }, managed('10.99.0.13', '02:00:00:00:00:03'));
  });
  await until(t, () => heard.changes.length > 0, 'told');
  t.match(heard.changes, [{ leases: [{ key: 'h3' }], gone: ['h3'] }]);
});

t.test('the own lease is told when it is acquired and published', async (t) => {
  const { kube, registry, heard } = await scene(t);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  await registry.acquire(OURS);
  t.match(heard.owns, [{ subnet: '10.5.1.0/24', attributes: { publicIp: '10.99.0.11' } }]);
  await registry.publish({ ...OURS, publicIp: '10.99.0.99' });
  t.equal(heard.owns.at(-1)?.attributes.publicIp, '10.99.0.99');
});

t.test('a list in pages is one snapshot', async (t) => {
  const { kube, registry, heard } = await scene(t);
  kube.page = 2;
  for (let i = 2; i < 7; i++)
    kube.set(`h${i}`, { podCIDR: `10.5.${i}.0/24` }, managed(`10.99.0.${i}`, `02:00:00:00:00:0${i}`));
  registry.watch(heard);
  await until(t, () => heard.snapshots.length === 1, 'snapshot');
  t.same(heard.snapshots, [['h2', 'h3', 'h4', 'h5', 'h6']]);
  t.same(kube.lines().slice(0, 3), [
    'GET /api/v1/nodes?limit=500&resourceVersion=0',
    'GET /api/v1/nodes?continue=2&limit=500',
    'GET /api/v1/nodes?continue=4&limit=500',
  ]);
});

t.test('a server that is away is waited for', async (t) => {
  const { kube, registry, heard } = await scene(t);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  const { port } = kube;
  await kube.stop();
  await until(t, () => registry.status().error !== undefined, 'status says so');
  t.match(registry.status(), { name: `Kubernetes http://127.0.0.1:${port}`, error: /ECONN/ });
  const again = await FakeKube.start(undefined, port);
  t.teardown(() => again.stop());
  again.set('h5', { podCIDR: '10.5.5.0/24' }, managed('10.99.0.15', '02:00:00:00:00:05'));
  await until(t, () => heard.leases.some(({ key }) => key === 'h5'), 'it is back');
  t.match(registry.status(), { error: undefined, lastContact: Number });
});

t.test('a node without podCIDR is waited for, and told of once', async (t) => {
  const { kube, registry, heard } = await scene(t);
  kube.set('h1', {});
  registry.watch(heard);
  const lease = registry.acquire(OURS);
  await until(t, () => heard.problems.length === 1, 'told');
  t.match(heard.problems[0], /^h1: node h1 has no podCIDR .*--allocate-node-cidrs/);
  kube.set('h1', { podCIDR: '10.5.7.0/24' });
  t.match(await lease, { subnet: '10.5.7.0/24' });
  t.equal(heard.problems.length, 1);
});

t.test('a podCIDR outside the network is for a person to change', async (t) => {
  const { kube, registry } = await scene(t);
  kube.set('h1', { podCIDR: '10.6.7.0/24' });
  await t.rejects(registry.acquire(OURS), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /podCIDR 10\.6\.7\.0\/24 is outside of Network 10\.5\.0\.0\/16 .*--cluster-cidr/,
  });
  t.same(kube.bodies(), [], 'nothing was written');
});

t.test('overwrites: peers are told what people wrote, at start and later', async (t) => {
  const { kube, registry, heard } = await scene(t, DUAL, { setNodeNetworkUnavailable: false });
  kube.annotate('h1', prefixed({ 'public-ip-overwrite': '203.0.113.7' }));
  const lease = await registry.acquire(OURS);
  t.match(lease.attributes, { publicIp: '203.0.113.7', publicIpv6: 'fd99::11' });
  t.match(
    kube.node('h1')?.metadata.annotations,
    prefixed({ 'public-ip': '203.0.113.7', 'public-ipv6': 'fd99::11' }),
  );
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.annotate('h1', prefixed({ 'public-ipv6-overwrite': '2001:db8::7' }));
  await until(
    t,
    () => kube.node('h1')?.metadata.annotations?.['flannel.alpha.coreos.com/public-ipv6'] === '2001:db8::7',
    'written',
  );
  t.match(heard.owns, [{ attributes: { publicIpv6: '2001:db8::7' } }]);
});

t.test('annotations that somebody takes away are written again', async (t) => {
  const { kube, registry, heard } = await scene(t);
  await registry.acquire(OURS);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.remove('h1');
  await until(t, () => heard.problems.length === 1, 'told');
  kube.set('h1', { podCIDR: '10.5.8.0/24' });
  await until(
    t,
    () => kube.node('h1')?.metadata.annotations?.['flannel.alpha.coreos.com/public-ip'] === '10.99.0.11',
    'written',
  );
  t.match(heard.owns, [{ subnet: '10.5.8.0/24' }], 'its subnet is another');
  const conditions = () => kube.bodies().filter((body) => body.includes('NetworkUnavailable')).length;
  await until(t, () => conditions() === 2, 'and pods may be scheduled on it');
});

t.test('a node that is made anew while nobody watches is said to have a network, too', async (t) => {
  const { kube, registry, heard } = await scene(t);
  await registry.acquire(OURS);
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  const annotations = kube.node('h1')?.metadata.annotations;
  kube.endWatches();
  kube.remove('h1');
  kube.set('h1', { podCIDR: '10.5.1.0/24' }, annotations);
  await until(
    t,
    () => kube.bodies().filter((body) => body.includes('NetworkUnavailable')).length === 2,
    'written',
  );
  t.equal(kube.bodies().length, 3, 'and nothing else');
});

t.test('a PATCH is tried until it holds', async (t) => {
  const { kube, registry } = await scene(t);
  kube.refuse('PATCH', /status$/, 500, 'etcdserver: leader changed', 3);
  await registry.acquire(OURS);
  t.equal(kube.bodies().length, 5, 'three refused, annotations, condition');
});

t.test('a role that does not allow it is named', async (t) => {
  const { kube, registry, heard } = await scene(t);
  const why =
    'nodes is forbidden: User "system:serviceaccount:kube-flannel:flannel" cannot list resource "nodes"';
  kube.refuse('GET', /nodes\?/, 403, why, 1000);
  registry.watch(heard);
  await until(t, () => registry.status().error !== undefined, 'status says so');
  t.match(registry.status().error, /403 nodes is forbidden: User .*; its role must allow that: see deploy\//);
});

t.test('peers that cannot be used are told of once', async (t) => {
  const { kube, registry, heard } = await scene(t);
  kube.set(
    'broken',
    { podCIDR: '10.5.3.0/24' },
    { ...managed('10.99.0.13', 'x'), ...prefixed({ 'backend-data': '{"VNI":' }) },
  );
  kube.set('homeless', {}, managed('10.99.0.14', '02:00:00:00:00:04'));
  kube.set(
    'gateway',
    { podCIDR: '10.5.5.0/24' },
    prefixed({
      'backend-type': 'host-gw',
      'backend-data': 'null',
      'kube-subnet-manager': 'true',
      'public-ip': '10.99.0.15',
    }),
  );
  registry.watch(heard);
  await until(t, () => kube.watches === 1, 'it watches');
  kube.heartbeat('broken');
  kube.endWatches();
  await until(t, () => heard.snapshots.length === 2, 'listed again');
  t.same(heard.problems, [
    'broken: flannel.alpha.coreos.com/backend-data is "{\\"VNI\\":"',
    "homeless: no podCIDR of the network's families: it has none",
  ]);
  t.same(heard.snapshots[0], ['broken', 'gateway'], 'of another backend: for others to judge');
});

t.test('hints: what the node tells before we told it anything', async (t) => {
  const { kube, registry } = await scene(t, DUAL);
  t.same(await registry.hints(), {
    publicIp: undefined,
    publicIpv6: undefined,
    ipv4: undefined,
    ipv6: undefined,
  });
  await registry.acquire(OURS);
  kube.annotate('h1', prefixed({ 'node-public-ip': '10.98.0.11', 'node-public-ipv6': 'fd98::11' }));
  t.same(await registry.hints(), {
    publicIp: '10.98.0.11',
    publicIpv6: 'fd98::11',
    ipv4: OURS.ipv4,
    ipv6: OURS.ipv6,
  });
});

t.test('the node by its pod', async (t) => {
  const kube = await FakeKube.start();
  t.teardown(() => kube.stop());
  kube.pods.set('kube-flannel/vtep-abc', 'h1');
  const parse = (): never => t.fail('not asked') as never;
  const open = (env: NodeJS.ProcessEnv) =>
    KubeRegistry.open({ apiUrl: kube.url, env, parse, pause: { first: 1, longest: 2 } });
  kube.refuse('GET', /pods/, 500, 'not yet', 2);
  const registry = await open({ POD_NAME: 'vtep-abc', POD_NAMESPACE: 'kube-flannel' });
  await registry.close();
  t.equal(kube.lines().at(-1), 'GET /api/v1/namespaces/kube-flannel/pods/vtep-abc');
  await t.rejects(open({ POD_NAME: 'gone', POD_NAMESPACE: 'kube-flannel' }), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /pods "gone" not found/,
  });
  await t.rejects(open({}), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /set NODE_NAME, or POD_NAME and POD_NAMESPACE/,
  });
  await t.rejects(KubeRegistry.open({ env: {}, parse }), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /--kubeconfig-file or --kube-api-url/,
  });
});

t.test('net-conf.json: where it is looked for, and what in it means nothing', async (t) => {
  const { registry } = await scene(t, IPV4, { netConfigPath: '/nonexistent/net-conf.json' });
  await t.rejects(registry.config(), {
    code: 'ERR_VTEP_ARGUMENT',
    message: /cannot read .*\/nonexistent\/net-conf\.json: ENOENT; .*--net-config-path/,
  });
  const other = await scene(t, IPV4, {
    parse: () => ({ config: IPV4, problems: ['"Netwrk" means nothing'] }),
  });
  t.equal(await other.registry.config(), IPV4);
  other.registry.watch(other.heard);
  t.match(other.heard.problems, [/net-conf\.json: "Netwrk" means nothing/]);
});

t.test('close ends what waits', async (t) => {
  const { kube, registry, heard } = await scene(t);
  kube.set('h1', {});
  registry.watch(heard);
  const lease = registry.acquire(OURS);
  const refused = t.rejects(lease, { code: 'ERR_VTEP_DAEMON' });
  await until(t, () => heard.problems.length === 1, 'it waits');
  await registry.close();
  await refused;
});
