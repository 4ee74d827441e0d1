/** Snooped neighbours, control's half: whom they give way to, how many there are, how long they live. */
import t from 'tap';
import type { LinkConfig, NeighbourStateName } from '../../lib/engine/types.js';
import { FAR, MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { arpPacket, BROADCAST, ethernetFrame } from '../support/packets.js';

const IP = '10.20.1.3';
const OTHER_MAC = '02:00:00:00:03:03';

const says = (mac: string, ip: string): Uint8Array =>
  ethernetFrame(BROADCAST, mac, 0x0806, arpPacket({ senderMac: mac, senderIp: ip, targetIp: ip }));
const snooping = (config: Partial<LinkConfig> = {}): MemoryHost =>
  new MemoryHost({ neighsnoop: 100, remote: PEER, ...config });
const all = ({ vtep }: MemoryHost): string[] =>
  vtep.neighbours
    .list()
    .map(({ dst, lladdr, state, origin }) => `${dst} ${lladdr} ${state} ${origin}`)
    .reverse();
const count = ({ vtep }: MemoryHost, name: string): number => vtep.statistics().events[name]!;
const actions = (host: MemoryHost): string[] =>
  host
    .events()
    .flatMap((event) =>
      event.type === 'neigh' ? [`${event.action} ${event.entry.origin} ${event.entry.lladdr}`] : [],
    );

t.test('what was given is never overridden', async (t) => {
  const host = snooping();
  host.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: NEAR, state: 'stale' });
  host.arrive(says(FAR, IP));
  t.same(all(host), [`${IP} ${NEAR} stale own`]);
  t.equal(count(host, 'neighRefused'), 1);
  host.arrive(says(NEAR, IP));
  t.equal(count(host, 'neighRefused'), 1, 'the same is no contradiction');
});

t.test('what was snooped gives way to what is given, and can be changed and deleted', async (t) => {
  const host = snooping();
  const { neighbours } = host.vtep;
  const learn = (): void => void host.arrive(says(FAR, IP));
  learn();
  neighbours.set({ verb: 'add', dst: IP, lladdr: NEAR });
  t.same(all(host), [`${IP} ${NEAR} permanent own`], 'add');
  neighbours.delete(IP);
  t.same(all(host), [], 'what was snooped is forgotten');
  learn();
  neighbours.set({ verb: 'change', dst: IP, lladdr: NEAR });
  t.same(all(host), [`${IP} ${NEAR} permanent own`], 'change');
  neighbours.delete(IP);
  learn();
  neighbours.delete(IP);
  t.same(all(host), [], 'delete');
  learn();
  t.equal(neighbours.flush({ state: 'permanent' }), 0);
  t.equal(neighbours.flush({}), 1, 'flush');
  t.same(actions(host), [
    `new snooped ${FAR}`,
    `new own ${NEAR}`,
    `del own ${NEAR}`,
    `new snooped ${FAR}`,
    `new own ${NEAR}`,
    `del own ${NEAR}`,
    `new snooped ${FAR}`,
    `del snooped ${FAR}`,
    `new snooped ${FAR}`,
    `del snooped ${FAR}`,
  ]);
});

t.test('the host’s own table goes before, while the host relies on it', async (t) => {
  const host = snooping();
  const { neighbours } = host.vtep;
  const seen = (state: NeighbourStateName, lladdr = NEAR): void =>
    neighbours.mirror({ dst: IP, lladdr, state, router: false, externLearn: false });
  seen('reachable');
  host.arrive(says(FAR, IP));
  t.same(all(host), [`${IP} ${NEAR} reachable kernel`]);
  t.equal(count(host, 'neighRefused'), 1);
  seen('stale');
  host.arrive(says(FAR, IP));
  t.same(all(host), [`${IP} ${FAR} reachable snooped`], 'in doubt, what is heard counts');
  seen('delay');
  seen('probe');
  t.same(all(host), [`${IP} ${FAR} reachable snooped`]);
  seen('reachable');
  t.same(all(host), [`${IP} ${NEAR} reachable kernel`], 'certain again');
  seen('stale');
  host.arrive(says(NEAR, IP));
  t.same(all(host), [`${IP} ${NEAR} reachable snooped`]);
  neighbours.delete(IP);
  t.same(all(host), [`${IP} ${NEAR} stale kernel`], 'what was hidden comes to light');
  host.arrive(says(NEAR, IP));
  neighbours.unmirror(IP);
  neighbours.delete(IP);
  t.same(all(host), [], 'unless it went meanwhile');
});

t.test('an own entry in front of a mirrored one that snooping hid', async (t) => {
  const host = snooping();
  const { neighbours } = host.vtep;
  neighbours.mirror({ dst: IP, lladdr: NEAR, state: 'stale', router: false, externLearn: false });
  host.arrive(says(FAR, IP));
  neighbours.set({ verb: 'add', dst: IP, lladdr: OTHER_MAC });
  neighbours.delete(IP);
  t.same(all(host), [`${IP} ${NEAR} stale kernel`]);
});

t.test('the limit', async (t) => {
  const host = snooping({ neighsnoop: 2 });
  for (const last of [1, 2, 3, 4]) host.arrive(says(FAR, `10.20.1.${last}`));
  t.same(all(host), [`10.20.1.1 ${FAR} reachable snooped`, `10.20.1.2 ${FAR} reachable snooped`]);
  t.equal(count(host, 'neighRefused'), 2);
  host.arrive(says(NEAR, '10.20.1.1'));
  t.match(host.vtep.neighbours.get('10.20.1.1'), { lladdr: NEAR }, 'those that are known may move');
  host.vtep.neighbours.set({ verb: 'add', dst: '10.20.1.9', lladdr: FAR });
  t.equal(host.vtep.neighbours.list().length, 3, 'given ones do not count');
  host.vtep.neighbours.delete('10.20.1.2');
  host.arrive(says(FAR, '10.20.1.4'));
  t.ok(host.vtep.neighbours.get('10.20.1.4'), 'room again');
  host.vtep.set({ neighsnoop: 3 });
  host.arrive(says(FAR, '10.20.1.5'));
  t.ok(host.vtep.neighbours.get('10.20.1.5'), 'a greater limit');
  host.vtep.set({ neighsnoop: 1 });
  t.equal(host.vtep.neighbours.list().length, 4, 'a smaller one takes none away');
});

t.test('a burst of one address is one entry; more than the limit in one burst is refused', async (t) => {
  const host = snooping({ neighsnoop: 3 });
  const burst = [1, 1, 1, 2, 3, 4, 5].map((last) => says(NEAR, `10.20.1.${last}`));
  t.equal(host.send(...burst).length, burst.length);
  t.equal(host.vtep.neighbours.list().length, 3);
  t.equal(count(host, 'neighSnooped'), 3);
  t.equal(actions(host).length, 3, 'told once each');
});

t.test('ageing: as long as an FDB entry, from the last packet that confirms it', async (t) => {
  const host = snooping({ ageing: 20, proxy: true });
  host.arrive(says(FAR, IP));
  host.arrive(says(FAR, '10.20.1.7'));
  host.clock.pass(15);
  host.arrive(says(FAR, IP));
  host.clock.pass(6);
  host.engine.poll();
  t.same(all(host), [`${IP} ${FAR} reachable snooped`]);
  t.equal(count(host, 'neighAged'), 1);
  t.match(host.vtep.neighbours.get(IP), { updated: 6 });
  const request = ethernetFrame(
    BROADCAST,
    NEAR,
    0x0806,
    arpPacket({ senderMac: NEAR, senderIp: '10.20.1.4', targetIp: IP }),
  );
  host.clock.pass(13);
  t.same(host.send(request), [], 'answered');
  host.clock.pass(2);
  host.engine.poll();
  t.notOk(host.vtep.neighbours.get(IP), 'being asked for does not keep it');
  host.vtep.neighbours.set({ verb: 'add', dst: IP, lladdr: FAR, state: 'reachable' });
  host.clock.pass(1_000);
  host.engine.poll();
  t.ok(host.vtep.neighbours.get(IP), 'what was given does not age');
});

t.test('they go with the interface’s being up, and with the option', async (t) => {
  const host = snooping();
  host.vtep.neighbours.set({ verb: 'add', dst: '10.20.1.9', lladdr: NEAR });
  host.arrive(says(FAR, IP));
  host.vtep.set({ up: false });
  t.same(all(host), [`10.20.1.9 ${NEAR} permanent own`]);
  host.vtep.set({ up: true });
  host.arrive(says(FAR, IP));
  host.vtep.set({ neighsnoop: 0 });
  t.same(all(host), [`10.20.1.9 ${NEAR} permanent own`]);
  host.arrive(says(FAR, IP));
  t.equal(host.vtep.neighbours.get(IP), undefined);
});
