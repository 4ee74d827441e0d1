import t from 'tap';
import { DeviceFdb } from '../../lib/flannel/device-fdb.js';
import { FakeDaemonClient, FakeHost } from './fakes.js';

const mac = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`;

async function scene() {
  const written: string[] = [];
  const client = new FakeDaemonClient(new FakeHost(written));
  await client.addLink({ name: 'flannel.1', id: 1 });
  written.length = 0;
  return { written, client, fdb: new DeviceFdb(client, 'flannel.1') };
}

t.test('many entries are one call; one that is refused stops no other', async (t) => {
  const { client, fdb } = await scene();
  const entries = new Map(Array.from({ length: 100 }, (_, i) => [mac(i), `10.99.0.${i}`]));
  client.calls = 0;
  t.equal((await fdb.set(entries)).size, 0);
  t.equal(client.calls, 1);
  client.refuses.add(mac(3)).add(mac(99));
  client.calls = 0;
  const refused = await fdb.set(entries);
  t.same([...refused.keys()], [mac(3), mac(99)]);
  t.match(refused.get(mac(3)), { code: 'ERR_VTEP_ARGUMENT', errno: 'EINVAL' });
  t.equal(client.calls, 2, 'goes on behind it');
  t.same(await fdb.read(), entries);
});

t.test('more than one call takes', async (t) => {
  const { client, fdb } = await scene();
  const name = (i: number): string =>
    `02:00:00:${[i >> 16, (i >> 8) & 255, i & 255].map((n) => n.toString(16).padStart(2, '0')).join(':')}`;
  const entries = new Map(Array.from({ length: 25_000 }, (_, i) => [name(i), '10.99.0.12']));
  client.calls = 0;
  await fdb.set(entries);
  t.equal(client.calls, 3);
  t.equal((await fdb.read()).size, 25_000);
});

t.test('an entry of several destinations is removed before one takes its place', async (t) => {
  const { written, client, fdb } = await scene();
  client.entry('flannel.1', mac(1), ['10.99.0.12', '10.99.0.13']);
  client.entry('flannel.1', mac(2), [], { nhid: 7 });
  t.equal((await fdb.read()).size, 0);
  await fdb.set(new Map([1, 2, 3].map((n) => [mac(n), '10.99.0.12'])));
  t.same(written, [
    `fdb - ${mac(1)}`,
    `fdb - ${mac(2)}`,
    ...[1, 2, 3].map((n) => `fdb + ${mac(n)} 10.99.0.12`),
  ]);
});

t.test('removal: many are one call, and what has gone is removed', async (t) => {
  const { written, client, fdb } = await scene();
  const [one, two, three] = [1, 2, 3].map((n) => [mac(n), `10.99.0.${n}`] as const);
  await fdb.set(new Map([one!, three!]));
  written.length = 0;
  client.calls = 0;
  t.equal((await fdb.delete(new Map([one!, two!, three!]))).size, 0);
  t.same(
    written,
    [1, 2, 3].map((n) => `fdb - ${mac(n)} 10.99.0.${n}`),
  );
  t.equal(client.calls, 2, 'it went on behind the one that had gone');
  t.equal((await fdb.read()).size, 0);
});

t.test('without daemon or device nothing is anybody’s fault', async (t) => {
  const { client, fdb } = await scene();
  const entries = new Map([[mac(1), '10.99.0.12']]);
  client.forget('flannel.1');
  await t.rejects(fdb.set(entries), { code: 'ERR_VTEP_NO_DEVICE' });
  await t.rejects(fdb.delete(entries), { code: 'ERR_VTEP_NO_DEVICE' });
  client.isGone = true;
  await t.rejects(fdb.read(), { code: 'ERR_VTEP_DAEMON' });
  await t.rejects(fdb.set(entries), { code: 'ERR_VTEP_DAEMON' });
});
