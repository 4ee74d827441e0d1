/** /v1/links/{dev}/vnis, over the engine on a host in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { buildServer } from '../../lib/control/api/server.js';
import { connect, type Client } from '../../lib/control/client.js';
import type { DaemonInfo } from '../../lib/control/client.js';
import { Names } from '../../lib/control/names/names.js';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { LinkChange, LinkConfig, VniRequest } from '../../lib/engine/types.js';

const directory = mkdtempSync(join(tmpdir(), 'vtep-vnis-'));
const engine = new Engine(new MemorySystem({ eth0: 1_500 }));
const api = await buildServer({ engine, info: () => ({}) as DaemonInfo, stop: () => {} });
const socketPath = join(directory, 'api.sock');
await api.listen({ path: socketPath });
const client: Client = connect({ socketPath });
t.teardown(async () => {
  client.close();
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'accepted',
    (error: { code: string; errno?: string; message: string }) =>
      `${error.code} ${error.errno}: ${error.message}`,
  );

t.test('one VNI or many', async (t) => {
  const add = (config: Partial<LinkConfig>) => code(client.addLink({ name: 'vtep9', ...config }));
  t.match(await add({}), /^ERR_VTEP_ARGUMENT EINVAL: "id" is missing from the body/);
  t.match(await add({ external: true }), /^ERR_VTEP_ARGUMENT EINVAL: .*give vnifilter, too/);
  t.match(await add({ id: 1, vnifilter: true }), /^ERR_VTEP_ARGUMENT EINVAL: vnifilter is valid only/);
  t.match(await add({ id: 1, external: true, vnifilter: true }), /^ERR_VTEP_ARGUMENT EINVAL: both/);
  const link = await client.addLink({ name: 'vtep0', external: true, vnifilter: true, dstport: 4_789 });
  t.match(link, { id: 0, external: true, vnifilter: true, learning: false });
  await client.addLink({ name: 'vtep1', id: 1, dstport: 4_789 });
  const fixed = { vnifilter: true } as LinkChange;
  t.match(
    await code(client.setLink('vtep1', fixed)),
    /^ERR_VTEP_FIXED EOPNOTSUPP: vnifilter of vtep1 is false/,
  );
});

t.test('added, listed, deleted', async (t) => {
  const request: VniRequest = {
    vnis: [[100, 101]],
    vlans: [[10, 11]],
    remote: '192.0.2.7',
  };
  await client.addVnis('vtep0', request);
  t.match(await client.vnis('vtep0'), [
    { vni: 100, vlan: 10, remote: '192.0.2.7', statistics: { rxPackets: 0 } },
    { vni: 101, vlan: 11, remote: '192.0.2.7' },
  ]);
  t.match((await client.fdb('vtep0'))[0], {
    srcVni: 101,
    remotes: [{ dst: '192.0.2.7' }],
    state: 'permanent',
  });
  await client.deleteVnis('vtep0', [[100, 100]]);
  t.same(
    (await client.vnis('vtep0')).map(({ vni }) => vni),
    [101],
  );
});

t.test('metrics: each VNI by itself', async (t) => {
  const { metricsText } = await import('../../lib/control/api/metrics.js');
  const info = (): DaemonInfo => ({
    pid: 1,
    version: '0',
    netns: '2',
    started: '2026-01-01T00:00:00.000Z',
    memory: 3,
    workers: 1,
    busyPoll: 0,
  });
  const context = { engine, info, stop: () => {}, names: new Names({ engine }) };
  const text = await metricsText(context);
  t.match(text, 'vtep_vni_receive_packets_total{dev="vtep0",vni="101"} 0');
  t.notMatch(text, 'vtep_vni_transmit_dropped_total{dev="vtep1"', 'a device with one has none');
});

t.test('refused, by name', async (t) => {
  const add = (request: object, dev = 'vtep0') => code(client.addVnis(dev, request as VniRequest));
  t.match(await add({}), /^ERR_VTEP_ARGUMENT EINVAL: "vnis" is missing/);
  t.match(
    await add({ vnis: [] }),
    /^ERR_VTEP_ARGUMENT EINVAL: vnis is \[\]; expected a list of \[first, last\]/,
  );
  t.match(await add({ vnis: [[1]] }), /^ERR_VTEP_ARGUMENT EINVAL: vnis\[0\] is \[1\]/);
  t.match(await add({ vnis: [[1, 1 << 24]] }), /^ERR_VTEP_ARGUMENT EINVAL: vnis\[0\]\[1\] is 16777216/);
  t.match(await add({ vnis: [[1, 1]], remote: '1.2.3' }), /^ERR_VTEP_ARGUMENT EINVAL: remote is "1.2.3"/);
  t.match(await add({ vnis: [[1, 1]], foo: 1 }), /^ERR_VTEP_ARGUMENT EINVAL: "foo" is unknown/);
  t.match(await add({ vnis: [[1, 1]] }, 'vtep1'), /^ERR_VTEP_UNSUPPORTED EOPNOTSUPP: .*vtep1 has one VNI/);
  t.match(await add({ vnis: [[1, 1]] }, 'nope'), /^ERR_VTEP_NO_DEVICE ENODEV/);
  t.match(
    await code(client.deleteVnis('vtep0', [[1, 1]])),
    /^ERR_VTEP_NO_ENTRY ENOENT: .*vtep0 has no vni 1/,
  );
  t.match(await code(client.vnis('vtep1')), /^ERR_VTEP_UNSUPPORTED/);
});
