/** Remotes of an entry: one word whatever changes, and every reference given back. */
import t from 'tap';
import { EntryRemotes } from '../../lib/engine/entry-remotes.js';
import { FdbTable } from '../../lib/table/fdb.js';
import { RemoteLists } from '../../lib/table/remote-list.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { ManualClock, OTHER, PEER } from '../support/memory-host.js';
import { Random } from '../support/random.js';

function tables() {
  const fdb = new FdbTable({ seed: 1 });
  const remotes = new RemoteTable({ seed: 2 });
  const lists = new RemoteLists();
  const context = {
    dev: 'vtep0',
    vni: 42,
    vnifilter: false,
    family: 4,
    port: 4_789,
    learnPort: false,
    clock: new ManualClock(),
    interfaces: {
      indexOf: (name: string) => (name === 'eth0' ? 3 : 0),
      nameOf: (index: number) => `if${index}`,
    },
    isLocal: () => false,
    gateways: () => [],
    emit: () => {},
    routersChanged: () => {},
    remoteAdded: () => {},
    multicastChanged: () => {},
    neighboursFull: () => {},
    removed: () => {},
    unlearn: () => {},
  } as const;
  const entry = new EntryRemotes(fdb, remotes, lists, context);
  const insert = (dst: string) =>
    fdb.insert(0x02000000, 1, 42, entry.intern(entry.parse({ dst })), 0x80, 0, 0);
  return { fdb, remotes, lists, entry, insert };
}

t.test('what equals the device’s own is the device’s', async (t) => {
  const { entry } = tables();
  const own = { port: 0, vni: -1, ifindex: 0 };
  t.match(entry.parse({ dst: PEER }), own);
  t.match(entry.parse({ dst: PEER, port: 4_789, vni: 42 }), own);
  t.match(entry.parse({ dst: PEER, port: 9, vni: 0, via: 'eth0' }), { port: 9, vni: 0, ifindex: 3 });
  const index = entry.intern(entry.parse({ dst: PEER, port: 9, vni: 0, via: 'eth0' }));
  t.same(entry.describe(index), { dst: PEER, port: 9, vni: 0, via: 'if3' });
});

t.test('one remote stands in the entry, several in a list', async (t) => {
  const { fdb, lists, remotes, entry, insert } = tables();
  const at = insert(PEER);
  t.ok(fdb.remotes(at) >= 0);
  t.ok(entry.append(at, entry.parse({ dst: OTHER })) >= 0);
  t.ok(fdb.remotes(at) < 0);
  t.equal(lists.count, 1);
  t.equal(entry.append(at, entry.parse({ dst: PEER })), -1, 'it has that one');
  t.same(
    entry.of(at).map((index) => entry.describe(index).dst),
    [PEER, OTHER],
  );
  entry.keep(at, entry.of(at).slice(1));
  t.same([fdb.remotes(at) >= 0, lists.count, remotes.count], [true, 0, 1]);
  entry.destroy(at);
  t.same([fdb.count, lists.count, remotes.count], [0, 0, 0]);
});

t.test('replacing and moving the first', async (t) => {
  const { remotes, entry, insert } = tables();
  const at = insert(PEER);
  const key = entry.parse({ dst: OTHER, port: 9 });
  t.ok(entry.replaceFirst(at, key) >= 0);
  t.equal(entry.replaceFirst(at, key), -1);
  t.equal(remotes.count, 1, 'the former one is given back');
  const address = entry.parse({ dst: PEER }).address;
  t.ok(entry.moveFirst(at, address, 0, undefined) >= 0);
  t.equal(entry.moveFirst(at, address, 0, undefined), -1);
  t.same(entry.describe(entry.of(at)[0]), { dst: PEER, port: 9 }, 'the port is kept');
  entry.moveFirst(at, entry.parse({ dst: OTHER }).address, 7, undefined);
  t.match(entry.describe(entry.of(at)[0]), { via: 'if7' }, 'a link-local source brings its interface');
  const there = entry.parse({ dst: OTHER }).address;
  t.ok(entry.moveFirst(at, there, 0, 10) >= 0, 'another port alone');
  t.equal(entry.moveFirst(at, there, 0, 10), -1);
  t.match(entry.describe(entry.of(at)[0]), { dst: OTHER, port: 10, via: 'if7' });
});

t.test('random changes against an array: nothing leaks', async (t) => {
  const random = new Random(9);
  const { fdb, lists, remotes, entry, insert } = tables();
  const at = insert('10.0.0.1');
  let model = ['10.0.0.1'];
  for (let n = 0; n < 5_000; n++) {
    const dst = `10.0.0.${1 + random.below(12)}`;
    if (random.below(2) === 0) {
      const added = entry.append(at, entry.parse({ dst })) >= 0;
      if (added === model.includes(dst)) t.fail(`${dst} added: ${added}`);
      if (added) model.push(dst);
    } else if (model.length > 1) {
      model = model.filter((each) => each !== dst);
      if (model.length === 0) model = [dst];
      const kept = entry.of(at).filter((index) => model.includes(entry.describe(index).dst));
      entry.keep(at, kept);
    }
    const now = entry.of(at).map((index) => entry.describe(index).dst);
    if (now.join() !== model.join()) return t.fail(`${now.join()} is not ${model.join()}`);
    if (remotes.count !== model.length || lists.count !== (model.length > 1 ? 1 : 0))
      return t.fail(`leak at ${n}`);
  }
  fdb.selfCheck();
  remotes.selfCheck();
  lists.selfCheck();
  t.pass('5000 changes');
});
