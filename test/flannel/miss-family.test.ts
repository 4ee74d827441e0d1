import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { FdbEntry, FdbRequest } from '../../lib/engine/types.js';
import { MissFamily, type MissCounts } from '../../lib/flannel/miss-family.js';
import type { HostNeighbour, NeighbourChange } from '../../lib/flannel/host.js';
import { parsePrefix } from '../../lib/flannel/prefix.js';
import { NUD_REACHABLE } from '../../lib/native/netlink/neighbour.js';

const MAC = '96:5f:e6:c4:d9:0f';
const PEER = { subnet: '10.5.3.0/24', publicIp: '10.99.0.12', mac: MAC };

function surroundings(fdbAhead = false) {
  const counts: MissCounts = { l2: 0, l3: 0, answered: 0, unknown: 0, limited: 0, failed: 0 };
  const said: string[] = [];
  const fdb: FdbRequest[] = [];
  const deleted: unknown[] = [];
  const neighbours: NeighbourChange[] = [];
  const settings: string[] = [];
  const state = {
    clock: 0,
    fdb: [] as Partial<FdbEntry>[],
    neighbours: [] as HostNeighbour[],
    refuses: false,
    writes: 0,
  };
  const family = new MissFamily({
    client: {
      fdb: async () => state.fdb as FdbEntry[],
      setFdbBulk: async (_dev, entries) => {
        if (state.refuses) throw new Error('no daemon');
        state.writes++;
        fdb.push(...entries);
        return { set: entries.length };
      },
      deleteFdbBulk: async (_dev, entries) => {
        deleted.push(...entries);
        return { deleted: entries.length };
      },
    },
    host: {
      neighbours: () => state.neighbours,
      setNeighbours: async (changes) => {
        if (changes.length > 0) state.writes++;
        neighbours.push(...changes);
        return changes.map(() => undefined);
      },
      deleteNeighbours: async (_ifindex, addresses) => {
        deleted.push(...addresses);
        return addresses.map(() => undefined);
      },
      setting: (path, value) => void settings.push(`${path}=${value}`),
    },
    device: {
      name: 'flannel.1',
      family: 4,
      network: parsePrefix('10.5.0.0/16'),
      ifindex: 7,
      ensure: async () => false,
    },
    fdbAhead,
    counts,
    warn: (message) => said.push(message),
    now: () => state.clock,
  });
  return { family, state, counts, said, fdb, deleted, neighbours, settings };
}

t.test('the kernel is told to ask us', async (t) => {
  const { family, settings } = surroundings();
  t.notOk(family.isAt(7), 'before the device is there, nothing is its');
  await family.reconcile(new Map());
  t.ok(family.isAt(7));
  t.ok(settings.includes('ipv4/neigh/flannel.1/app_solicit=3'));
  t.ok(settings.includes('ipv4/neigh/flannel.1/mcast_solicit=0'));
});

t.test('an address is answered with the MAC of its subnet’s host, a MAC with its address', async (t) => {
  const { family, counts, fdb, neighbours, state } = surroundings();
  await family.reconcile(new Map([['a', PEER]]));
  family.addressMissed('10.5.3.2');
  family.addressMissed('10.5.3.2');
  family.addressMissed('10.5.3.9');
  family.macMissed(MAC);
  await sleep(5);
  t.same(neighbours, [
    { ifindex: 7, address: '10.5.3.2', mac: MAC, state: NUD_REACHABLE },
    { ifindex: 7, address: '10.5.3.9', mac: MAC, state: NUD_REACHABLE },
  ]);
  t.same(fdb, [{ verb: 'replace', mac: MAC, dst: '10.99.0.12', state: 'dynamic' }]);
  t.equal(state.writes, 2, 'what came together is answered together');
  t.match(counts, { l3: 3, l2: 1, answered: 3, unknown: 0 });
});

t.test('what nobody has is not looked for again for a second', async (t) => {
  const { family, counts, neighbours, state } = surroundings();
  await family.reconcile(new Map([['a', PEER]]));
  family.addressMissed('10.5.4.2');
  await sleep(5);
  family.addressMissed('10.5.4.2');
  family.addressMissed('192.0.2.1');
  await sleep(5);
  t.match(counts, { unknown: 3, answered: 0 });
  state.clock += 1001;
  await family.apply(new Map([['b', { ...PEER, subnet: '10.5.4.0/24' }]]));
  family.addressMissed('10.5.4.2');
  await sleep(5);
  t.equal(neighbours.length, 1, 'it has come meanwhile');
});

t.test('a peer that comes is known at once', async (t) => {
  const { family, neighbours } = surroundings();
  await family.reconcile(new Map());
  family.addressMissed('10.5.3.2');
  await sleep(5);
  await family.apply(new Map([['a', PEER]]));
  family.addressMissed('10.5.3.2');
  await sleep(5);
  t.equal(neighbours.length, 1);
});

t.test('a storm is answered in part, and counted', async (t) => {
  const { family, counts, state } = surroundings();
  await family.reconcile(new Map([['a', { ...PEER, subnet: '10.5.0.0/17' }]]));
  for (let i = 0; i < 3000; i++) family.addressMissed(`10.5.${i >> 8}.${i & 255}`);
  await sleep(20);
  t.match(counts, { answered: 1000, limited: 2000 });
  state.clock += 500;
  for (let i = 0; i < 3000; i++) family.addressMissed(`10.5.${i >> 8}.${i & 255}`);
  await sleep(20);
  t.match(counts, { answered: 1500, limited: 4500 }, 'a thousand a second');
});

t.test('answers that are wrong by now go', async (t) => {
  const { family, deleted, state } = surroundings();
  state.neighbours = [
    { address: '10.5.3.2', mac: '02:00:00:00:00:01', state: NUD_REACHABLE, flags: 0 },
    { address: '10.5.3.3', mac: MAC, state: NUD_REACHABLE, flags: 0 },
    { address: '10.5.9.9', mac: MAC, state: NUD_REACHABLE, flags: 0 },
    { address: '192.0.2.1', mac: MAC, state: NUD_REACHABLE, flags: 0 },
    { address: '10.5.3.4', mac: undefined, state: 1, flags: 0 },
  ];
  state.fdb = [
    { mac: MAC, state: 'reachable', remotes: [{ dst: '10.99.0.99' }] } as never,
    { mac: '02:00:00:00:00:09', state: 'reachable', remotes: [{ dst: '10.99.0.99' }] } as never,
  ];
  await family.reconcile(new Map([['a', PEER]]));
  t.same(deleted, ['10.5.3.2', '10.5.9.9', { mac: MAC, dst: '10.99.0.99' }], 'and nothing else');
});

t.test('with the FDB ahead, it is that of the peers', async (t) => {
  const { family, fdb, deleted, state } = surroundings(true);
  const old = '02:00:00:00:00:09';
  state.fdb = [{ mac: old, state: 'permanent', remotes: [{ dst: '10.99.0.99' }] } as never];
  await family.reconcile(new Map([['a', PEER]]));
  t.same(fdb, [{ verb: 'replace', mac: MAC, dst: '10.99.0.12' }]);
  t.same(deleted, [{ mac: old, dst: '10.99.0.99' }]);
  state.fdb = [{ mac: MAC, state: 'permanent', remotes: [{ dst: '10.99.0.12' }] } as never];
  t.same((await family.state()).get('a'), { fdb: true, neighbour: undefined, route: undefined });
  await family.reconcile(new Map([['a', PEER]]));
  t.equal(fdb.length, 1, 'what is right is not touched');
});

t.test('an answer that fails is counted and told', async (t) => {
  const { family, counts, said, state } = surroundings();
  await family.reconcile(new Map([['a', PEER]]));
  state.refuses = true;
  family.macMissed(MAC);
  await sleep(5);
  t.match(counts, { failed: 1, answered: 0 });
  t.match(said, ['misses were not answered: no daemon']);
  state.refuses = false;
  family.macMissed(MAC);
  await sleep(5);
  t.match(counts, { answered: 1 }, 'and may be asked again');
});
