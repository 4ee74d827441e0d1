/** What is known of the paths to remotes, and when the host is asked anew. */
import t from 'tap';
import { TOO_BIG } from '../../lib/dataplane/records.js';
import { FAR, MemoryHost, OTHER, PEER } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

/** A host whose interface is a port of a bridge, and the addresses whose paths it was asked for. */
function asked(): { host: MemoryHost; addresses: () => number } {
  const host = new MemoryHost({ remote: PEER });
  let count = 0;
  const { system } = host;
  const answer = system.pathMtu.bind(system);
  system.pathMtu = (address) => {
    count++;
    return answer(address);
  };
  host.vtep.noticed({ bridged: true });
  return {
    host,
    addresses: () => {
      const before = count;
      count = 0;
      return before;
    },
  };
}

t.test('asked when a bridge takes the interface, for a new remote, and every ten seconds', async (t) => {
  const { host, addresses } = asked();
  t.equal(host.vtep.paths.least, 1450);
  t.equal(addresses(), 1);
  host.engine.poll();
  t.equal(addresses(), 0);
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.equal(addresses(), 1, 'the new one');
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:02:07', dst: OTHER });
  t.equal(addresses(), 0, 'a known one');
  host.clock.pass(9);
  host.engine.poll();
  t.equal(addresses(), 0);
  host.clock.pass(2);
  host.engine.poll();
  t.equal(addresses(), 2);
});

t.test('asked anew after a change of routes, and a path that widens counts', async (t) => {
  const { host } = asked();
  host.system.paths.set(PEER, 1300);
  host.engine.poll();
  t.equal(host.vtep.paths.least, 1450, 'not yet known');
  host.engine.pathsChanged();
  host.engine.poll();
  t.equal(host.vtep.paths.least, 1250);
  host.system.paths.delete(PEER);
  host.engine.pathsChanged();
  host.engine.poll();
  t.equal(host.vtep.paths.least, 1450);
});

t.test('a remote that went no longer counts', async (t) => {
  const { host } = asked();
  host.system.paths.set(OTHER, 1300);
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.equal(host.vtep.paths.least, 1250);
  host.vtep.fdb.delete({ mac: FAR });
  host.clock.pass(11);
  host.engine.poll();
  t.equal(host.vtep.paths.least, 1450);
});

t.test('no route: not known, and nothing is held back', async (t) => {
  const { host } = asked();
  host.system.paths.set(PEER, 0);
  host.engine.pathsChanged();
  host.engine.poll();
  t.equal(host.vtep.paths.least, 0);
  t.equal(host.send(udpFrame(FAR, '02:00:00:00:01:01')).length, 1);
});

t.test('nobody needs to know: nothing is asked', async (t) => {
  const { host, addresses } = asked();
  addresses();
  host.vtep.noticed({ bridged: false });
  host.engine.pathsChanged();
  host.clock.pass(20);
  host.engine.poll();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  t.equal(addresses(), 0);
});

t.test('more remotes than are asked about at one go', async (t) => {
  const { host, addresses } = asked();
  for (let i = 1; i <= 150; i++) {
    host.vtep.fdb.set({
      verb: 'add',
      mac: `02:00:00:00:03:${i.toString(16).padStart(2, '0')}`,
      dst: `192.0.3.${i}`,
    });
  }
  addresses();
  host.engine.pathsChanged();
  const rounds = [1, 2, 3, 4].map(() => {
    host.engine.poll();
    return addresses();
  });
  t.same(rounds, [64, 64, 23, 0]);
});

t.test('refused as too big: asked about that remote, but not for every frame of a flood', async (t) => {
  const { host, addresses } = asked();
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER });
  addresses();
  host.system.paths.set(OTHER, 1300);
  const record = Int32Array.of(TOO_BIG, 0, 0, 0, 42, 0, 0, 0xffff, 0xc0000203 | 0, 0);
  for (let i = 0; i < 100; i++) host.vtep.paths.refused(record, 0);
  t.equal(host.vtep.paths.least, 1250);
  t.ok(addresses() <= 8);
});

t.test('a worker tells by its ring', async (t) => {
  const { host } = asked();
  host.system.paths.set(PEER, 1300);
  const [ring] = host.engine.dataplane.rings;
  const at = ring!.claim();
  ring!.words.set([TOO_BIG, 0, 0, 0, 42, 0, 0, 0xffff, 0xc0000202 | 0, 0], at);
  ring!.publish();
  host.engine.poll();
  t.equal(host.vtep.paths.least, 1250);
});
