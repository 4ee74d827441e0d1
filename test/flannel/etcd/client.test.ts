/** The client against a real etcd. */
import t from 'tap';
import { EtcdClient, type WatchEvent } from '../../../lib/flannel/etcd/client.js';
import { Etcd, NO_ETCD } from '../../support/etcd.js';

t.test('etcd', { skip: NO_ETCD }, async (t) => {
  const etcd = await Etcd.start();
  const client = new EtcdClient({ endpoints: [etcd.endpoint] });
  t.teardown(async () => {
    client.close();
    await etcd.close();
  });

  /** Collects what a watch says until `count` events are there. */
  async function watched(prefix: string, revision: number, count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    const ending = new AbortController();
    const watch = client.watch(
      prefix,
      revision,
      (answer) => {
        events.push(...answer.events);
        if (events.length >= count) ending.abort();
      },
      ending.signal,
    );
    await watch.catch((error: unknown) => {
      if (!ending.signal.aborted) throw error;
    });
    return events;
  }

  t.test('a key with its revisions and its lease', async (t) => {
    t.equal(await client.get('/a/none'), undefined);
    const lease = await etcd.grant(100);
    const first = await etcd.put('/a/k&é', 'välue', lease);
    t.same(await client.get('/a/k&é'), {
      key: '/a/k&é',
      value: 'välue',
      lease,
      created: first,
      modified: first,
    });
    const second = await etcd.put('/a/k&é', '');
    t.same(await client.get('/a/k&é'), {
      key: '/a/k&é',
      value: '',
      lease: '0',
      created: first,
      modified: second,
    });
    t.equal((await client.get('/a/k&é'))!.lease, '0');
  });

  t.test('a list holds what begins with the prefix and nothing else, page by page', async (t) => {
    await etcd.put('/b/subnets', 'no');
    await etcd.put('/b/subnets0', 'no');
    t.same((await client.list('/b/subnets/')).entries, []);
    const keys = Array.from({ length: 5001 }, (_, i) => `/b/subnets/${String(i).padStart(5, '0')}`);
    await etcd.putAll(keys.map((key) => [key, 'x'] as const));
    const { entries, revision } = await client.list('/b/subnets/');
    t.same(
      entries.map(({ key }) => key),
      keys,
    );
    t.equal(revision, Math.max(...entries.map(({ modified }) => modified)));
  });

  t.test('writes that say what they were decided on', async (t) => {
    const { lease, seconds } = await client.grant(100);
    t.equal(seconds, 100);
    const made = await client.create('/c/k', 'one', lease);
    t.equal(made.succeeded, true);
    t.same(await etcd.get('/c/k'), { value: 'one', lease, version: 1 });
    t.equal((await client.create('/c/k', 'two', lease)).succeeded, false, 'it is there');
    t.equal(
      (await client.replace('/c/k', 'two', lease, made.revision - 1)).succeeded,
      false,
      'of another revision',
    );
    const replaced = await client.replace('/c/k', 'two', '0', made.revision);
    t.equal(replaced.succeeded, true);
    t.same(await etcd.get('/c/k'), { value: 'two', lease: '0', version: 2 });
    t.equal((await client.remove('/c/k', made.revision)).succeeded, false);
    t.equal((await client.remove('/c/k', replaced.revision)).succeeded, true);
    t.equal(await etcd.get('/c/k'), undefined);
  });

  t.test('leases', async (t) => {
    const { lease } = await client.grant(50);
    t.equal(await client.keepAlive(lease), 50);
    await client.revoke(lease);
    t.equal(await etcd.timeToLive(lease), -1);
    t.equal(await client.keepAlive(lease), 0, 'it is gone');
    await t.rejects(client.revoke(lease), {
      message: `etcd ${etcd.endpoint}: etcdserver: requested lease not found`,
      grpc: 5,
    });
    await t.rejects(client.create('/d/k', 'x', lease), {
      message: /requested lease not found/,
      grpc: 5,
      isFinal: false,
    });
  });

  t.test('a watch tells of writes and deletions from its revision on', async (t) => {
    const revision = await etcd.put('/e/x', 'before');
    await etcd.put('/e/a', '1');
    await etcd.remove('/e/a');
    await etcd.put('/other', '1');
    const events = await watched('/e/', revision + 1, 2);
    t.match(events, [
      { key: '/e/a', entry: { value: '1' }, revision: revision + 1 },
      { key: '/e/a', entry: undefined, revision: revision + 2 },
    ]);
  });

  t.test('a watch from a revision that is compacted ends and says so', async (t) => {
    const revision = await etcd.put('/f/x', '1');
    await etcd.put('/f/x', '2');
    await etcd.compact();
    const watch = client.watch('/f/', revision, () => {}, new AbortController().signal);
    await t.rejects(watch, {
      message: new RegExp(`^etcd ${etcd.endpoint}: revision \\d+ and all before are compacted$`),
      isFinal: false,
    });
  });

  t.test('an endpoint is asked whether it is there', async (t) => {
    await client.probe(etcd.endpoint, '/x');
    await t.rejects(client.probe('http://127.0.0.1:1', '/x'), {
      message: 'etcd http://127.0.0.1:1: ECONNREFUSED',
    });
  });

  t.test('a user where there are none', async (t) => {
    const other = new EtcdClient({ endpoints: [etcd.endpoint], username: 'a', password: 'b' });
    t.equal(await other.get('/nothing'), undefined, 'etcd without authentication does not mind');
    other.close();
  });
});
