/** Many VNIs on one device: VLANs on one side, VNIs on the other, and what `vni add` and `vni del` do. */
import t from 'tap';
import type { LinkConfig } from '../../lib/engine/types.js';
import type { Datagram } from '../../lib/port/memory-port.js';
import { get32 } from '../../lib/wire/bytes.js';
import { formatAddress } from '../../lib/wire/text.js';
import { FAR, inner, MemoryHost, NEAR, OTHER, PEER, peers, ZERO_MAC } from '../support/memory-host.js';
import { check, ethernet, icmp, ipv4, vlan } from '../support/check.js';
import {
  arpPacket,
  BROADCAST,
  ethernetFrame,
  ipv4Packet,
  tagged,
  udpDatagram,
  udpFrame,
} from '../support/packets.js';

const MANY = { id: undefined, external: true, vnifilter: true } as const;
const OUT = udpFrame(FAR, NEAR);
const IN = udpFrame(NEAR, FAR);
const FLOOD = udpFrame(BROADCAST, NEAR);
const GROUP = '239.1.1.1';

const refusal = (code: string, errno?: string) => ({ code: `ERR_VTEP_${code}`, ...(errno ? { errno } : {}) });
const vniOf = (datagram: Datagram): number => get32(datagram.payload, 4) >>> 8;
const sent = (datagrams: readonly Datagram[]): string[] =>
  datagrams.map((datagram, i) => `${vniOf(datagram)} ${peers(datagrams)[i]}`);

/** VNI 100 is VLAN 10, 200 is 20; up. */
function host(config: Partial<LinkConfig> = {}, up = true): MemoryHost {
  const made = new MemoryHost({ ...MANY, remote: PEER, ...config }, up);
  made.vtep.vnis!.add({ vnis: [[100, 100], [200, 200]], vlans: [[10, 10], [20, 20]] }); // prettier-ignore
  made.events();
  return made;
}

const vnis = (of: MemoryHost): string[] =>
  of.vtep
    .vnis!.list()
    .map(({ vni, vlan, remote, group }) => `${vni} ${vlan} ${remote ?? group ?? ''}`.trim());
const zeros = (of: MemoryHost): string[] =>
  of.vtep.fdb
    .list()
    .filter(({ mac }) => mac === ZERO_MAC)
    .map(({ srcVni, remotes }) => `${srcVni ?? 0} ${remotes.map(({ dst }) => dst).join()}`)
    .sort();

/** Groups the host is a member of, from now on. */
function watchGroups({ system }: MemoryHost): () => string[] {
  const joined: string[] = [];
  Object.assign(system, {
    join: (_fd: number, group: Int32Array) => void joined.push(formatAddress(group)),
    leave: (_fd: number, group: Int32Array) => void joined.splice(joined.indexOf(formatAddress(group)), 1),
  });
  return () => [...joined];
}

t.test('a tag names the VNI, and stays here', async (t) => {
  const h = host();
  const datagrams = h.send(tagged(FLOOD, 10), tagged(FLOOD, 20), tagged(FLOOD, 10));
  t.same(sent(datagrams), [`100 ${PEER}`, `200 ${PEER}`, `100 ${PEER}`]);
  for (const datagram of datagrams) t.same(inner(datagram), FLOOD);
});

t.test('a VNI names the tag', async (t) => {
  const h = host();
  t.same(h.arrive(IN, { vni: 200 }), [tagged(IN, 20)]);
  t.same(
    h.arrive(tagged(IN, 10), { vni: 200 }),
    [tagged(tagged(IN, 10), 20)],
    'a tag inside opens no other VLAN',
  );
});

t.test('frames without a tag: VLAN 0, or nobody', async (t) => {
  const h = host();
  t.same(h.send(OUT), []);
  t.same(h.reasons(), { no_vni: 1 });
  h.vtep.vnis!.add({ vnis: [[5_000, 5_000]], vlans: [[0, 0]] });
  t.same(sent(h.send(OUT)), [`5000 ${PEER}`]);
  t.same(h.arrive(IN, { vni: 5_000 }), [IN]);
});

t.test('a VNI that is not listed is refused, also where none is', async (t) => {
  const h = host();
  t.same(h.arrive(IN, { vni: 300 }), []);
  t.same(h.reasons(), { vni_not_found: 1 });
  h.vtep.vnis!.delete([[100, 100], [200, 200]]); // prettier-ignore
  t.same(h.arrive(IN, { vni: 100 }), []);
  t.same(h.send(tagged(OUT, 10)), []);
  t.same(h.reasons(), { vni_not_found: 2, no_vni: 1 });
  h.vtep.vnis!.add({ vnis: [[100, 100]], vlans: [[10, 10]] });
  t.same(h.arrive(IN, { vni: 100 }), [tagged(IN, 10)]);
});

t.test('the VLAN is that of the number, up to 4094', async (t) => {
  const h = host();
  h.vtep.vnis!.add({ vnis: [[4_093, 4_094]] });
  t.same(vnis(h), ['100 10', '200 20', '4093 4093', '4094 4094']);
  t.throws(() => h.vtep.vnis!.add({ vnis: [[4_095, 4_095]] }), {
    ...refusal('ARGUMENT', 'EINVAL'),
    message: /vlan/,
  });
  h.vtep.vnis!.add({ vnis: [[100, 100]] });
  t.same(vnis(h)[0], '100 10', 'one that is there keeps its VLAN');
});

t.test('a VNI is moved to another VLAN; two change places', async (t) => {
  const h = host();
  h.vtep.vnis!.add({ vnis: [[100, 100], [200, 200]], vlans: [[20, 20], [10, 10]] }); // prettier-ignore
  t.same(sent(h.send(tagged(FLOOD, 10), tagged(FLOOD, 20))), [`200 ${PEER}`, `100 ${PEER}`]);
  t.same(h.arrive(IN, { vni: 100 }), [tagged(IN, 20)]);
  h.vtep.vnis!.add({ vnis: [[100, 100]], vlans: [[30, 30]] });
  t.same(h.send(tagged(FLOOD, 20)), []);
  t.same(sent(h.send(tagged(FLOOD, 30))), [`100 ${PEER}`]);
});

t.test('learning is off unless asked for, and by VNI', async (t) => {
  t.equal(host().vtep.state().learning, false);
  const h = host({ learning: true });
  h.arrive(IN, { vni: 100, from: OTHER });
  h.arrive(IN, { vni: 200, from: PEER });
  t.same(sent(h.send(tagged(OUT, 10), tagged(OUT, 20))), [`100 ${OTHER}`, `200 ${PEER}`]);
  t.match(h.vtep.fdb.get(FAR, 100), { srcVni: 100, remotes: [{ dst: OTHER }], learned: true });
  t.equal(h.vtep.statistics().events['learned'], 2);
  h.clock.pass(320);
  h.engine.poll();
  t.equal(h.vtep.fdb.get(FAR, 100), undefined, 'and ages');
});

t.test('the default destination: of the device, or its own', async (t) => {
  const h = host();
  t.same(zeros(h), [`0 ${PEER}`, `100 ${PEER}`, `200 ${PEER}`]);
  h.vtep.vnis!.add({ vnis: [[200, 200]], remote: OTHER });
  t.same(zeros(h), [`0 ${PEER}`, `100 ${PEER}`, `200 ${OTHER}`]);
  t.same(vnis(h), ['100 10', `200 20 ${OTHER}`]);
  h.vtep.set({ remote: '192.0.2.9' });
  t.same(zeros(h), ['0 192.0.2.9', '100 192.0.2.9', `200 ${OTHER}`], 'changes for those without one');
  h.vtep.vnis!.add({ vnis: [[200, 200]] });
  t.same(zeros(h), ['0 192.0.2.9', '100 192.0.2.9', '200 192.0.2.9']);
  h.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER, srcVni: 100 });
  t.same(sent(h.send(tagged(FLOOD, 10))), [`100 ${OTHER}`, '100 192.0.2.9'], 'a flood list');
  h.vtep.vnis!.delete([[100, 100]]);
  t.same(zeros(h), ['0 192.0.2.9', `100 ${OTHER}`, '200 192.0.2.9'], 'what others added stays');
  h.vtep.set({ remote: '0.0.0.0' });
  t.same(zeros(h), [`100 ${OTHER}`]);
});

t.test('a remote with the number of its source VNI is no other VNI', async (t) => {
  const h = host();
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, srcVni: 100, vni: 100 });
  t.same(h.vtep.fdb.get(FAR, 100)?.remotes, [{ dst: OTHER }]);
  h.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: OTHER, srcVni: 100, vni: 7 });
  t.same(sent(h.send(tagged(OUT, 10))), [`7 ${OTHER}`]);
});

t.test('flush by VNI: that of the key, where a remote has none of its own', async (t) => {
  const h = host();
  h.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OTHER, srcVni: 100, vni: 200 });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, srcVni: 100 });
  t.equal(h.vtep.fdb.flush({ vni: 100 }), 2);
  t.same(zeros(h), [`0 ${PEER}`, `100 ${OTHER}`, `200 ${PEER}`]);
  t.equal(h.vtep.fdb.get(FAR, 100), undefined);
  t.equal(h.vtep.fdb.flush({ vni: 0 }), 1);
  t.same(zeros(h), [`100 ${OTHER}`, `200 ${PEER}`]);
  t.equal(h.vtep.fdb.flush({ vni: 200 }), 2, 'its own, and that of the key');
  t.same(zeros(h), []);
});

t.test('a router of one of the VNIs signs what is routed', async (t) => {
  const h = host({ rsc: true });
  const router = '02:00:00:00:00:fe';
  h.vtep.routes.set({ verb: 'add', dst: '10.9.0.0/16', via: '10.0.0.7' });
  h.vtep.neighbours.set({ verb: 'add', dst: '10.0.0.7', lladdr: FAR });
  h.vtep.neighbours.set({ verb: 'add', dst: '10.0.0.254', lladdr: router });
  h.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OTHER, srcVni: 200 });
  h.vtep.fdb.set({ verb: 'add', mac: router, dst: OTHER, srcVni: 200, router: true });
  h.engine.poll();
  const ip = { src: '10.0.0.1', dst: '10.9.0.1', ttl: 1 };
  const last = ethernetFrame(router, NEAR, 0x0800, ipv4Packet(ip, udpDatagram(1, 2, new Uint8Array(8))));
  t.same(h.send(tagged(last, 20)), []);
  check(h.replies()[0]!, ethernet({ dst: NEAR }), vlan({ id: 20 }), ipv4({ src: '10.0.0.254', dst: '10.0.0.1' }), icmp({ type: 11 })); // prettier-ignore
});

t.test('own groups are joined and left', async (t) => {
  const h = host({ remote: undefined, dev: 'eth0' });
  const groups = watchGroups(h);
  h.vtep.vnis!.add({ vnis: [[100, 100]], group: GROUP });
  h.vtep.vnis!.add({ vnis: [[200, 200]], group: GROUP });
  t.same(groups(), [GROUP]);
  h.vtep.vnis!.delete([[100, 100]]);
  t.same(groups(), [GROUP], 'another VNI is a member');
  h.vtep.set({ up: false });
  t.same(groups(), []);
  h.vtep.set({ up: true });
  t.same(groups(), [GROUP]);
  h.vtep.vnis!.add({ vnis: [[200, 200]] });
  t.same(groups(), []);
  const without = host();
  t.throws(() => without.vtep.vnis!.add({ vnis: [[100, 100]], group: GROUP }), {
    ...refusal('ARGUMENT', 'EINVAL'),
    message: /Local interface required for multicast remote group/,
  });
});

t.test('down and up', async (t) => {
  const h = host({}, false);
  t.same(h.send(tagged(FLOOD, 10)), [], 'not before it is up');
  h.vtep.set({ up: true });
  t.same(h.arrive(IN, { vni: 100 }), [tagged(IN, 10)]);
  h.vtep.set({ up: false });
  h.vtep.vnis!.add({ vnis: [[300, 300]] });
  h.vtep.set({ up: true });
  t.same(h.arrive(IN, { vni: 300 }), [tagged(IN, 300)]);
  t.same(h.arrive(IN, { vni: 200 }), [tagged(IN, 20)]);
});

t.test('subscribers are told', async (t) => {
  const h = host();
  const told = (): string[] =>
    h
      .events()
      .flatMap((event) =>
        event.type === 'vni' ? [`${event.action} ${event.entry.vni} ${event.entry.vlan}`] : [],
      );
  h.vtep.vnis!.add({ vnis: [[300, 301]] });
  h.vtep.vnis!.add({ vnis: [[300, 301]], vlans: [[300, 300], [30, 30]] }); // prettier-ignore
  h.vtep.vnis!.delete([[300, 300]]);
  t.same(told(), ['new 300 300', 'new 301 301', 'new 301 30', 'del 300 300'], 'of changes only');
});

t.test('counters of each VNI, and of all', async (t) => {
  const h = host();
  h.send(tagged(FLOOD, 10), tagged(FLOOD, 10), tagged(FLOOD, 99));
  h.arrive(IN, { vni: 200 });
  h.vtep.fdb.flush({});
  h.send(tagged(FLOOD, 20));
  const bytes = IN.length - 14;
  const [first, second] = h.vtep.vnis!.list().map(({ statistics }) => statistics);
  t.match(first, { txPackets: 2, txBytes: 2 * bytes, rxPackets: 0, txDropped: 0 });
  t.match(second, { txPackets: 0, rxPackets: 1, rxBytes: bytes, txDropped: 1 });
  t.match(h.counters(), { txPackets: 2, rxPackets: 1, txDropped: 1 });
  h.vtep.vnis!.delete([[100, 100], [200, 200]]); // prettier-ignore
  t.match(h.counters(), { txPackets: 2, rxPackets: 1, txDropped: 1 }, 'the device goes on counting');
});

t.test('answers of the proxy have a tag', async (t) => {
  const h = host({ proxy: true });
  h.vtep.neighbours.set({ verb: 'add', dst: '10.0.0.2', lladdr: FAR });
  const request = arpPacket({ senderMac: NEAR, senderIp: '10.0.0.1', targetIp: '10.0.0.2' });
  t.same(h.send(tagged(ethernetFrame(BROADCAST, NEAR, 0x0806, request), 20)), []);
  const answer = arpPacket({
    operation: 2,
    senderMac: FAR,
    senderIp: '10.0.0.2',
    targetMac: NEAR,
    targetIp: '10.0.0.1',
  });
  t.same(h.replies(), [tagged(ethernetFrame(NEAR, FAR, 0x0806, answer), 20)]);
});

t.test('a bridged guest is told of a narrow path, with its tag', async (t) => {
  const h = host();
  h.system.paths.set(PEER, 1_050);
  h.vtep.noticed({ bridged: true });
  const ip = { src: '10.0.0.1', dst: '10.0.0.2', df: true };
  const long = ethernetFrame(FAR, NEAR, 0x0800, ipv4Packet(ip, udpDatagram(1, 2, new Uint8Array(1_200))));
  t.same(h.send(tagged(long, 20)), []);
  const [answer] = h.replies();
  check(answer!, ethernet({ dst: NEAR, src: FAR }), vlan({ id: 20 }), ipv4({ src: '10.0.0.2', dst: '10.0.0.1' }), icmp({ type: 3, code: 4, rest: 1_000 })); // prettier-ignore
});

t.test('over IPv6', async (t) => {
  const six = '2001:db8::2';
  const h = host({ remote: undefined, local: '2001:db8::1' });
  h.vtep.vnis!.add({ vnis: [[100, 100]], remote: six });
  t.same(sent(h.send(tagged(FLOOD, 10))), [`100 ${six}`]);
  t.same(h.arrive(IN, { vni: 200, from: six }), [tagged(IN, 20)]);
  t.throws(() => h.vtep.vnis!.add({ vnis: [[100, 100]], remote: PEER }), refusal('ARGUMENT', 'EAFNOSUPPORT'));
});

t.test('as many as there are VLANs', async (t) => {
  const h = new MemoryHost({ ...MANY, remote: PEER });
  const began = performance.now();
  h.vtep.vnis!.add({ vnis: [[10_000, 14_094]], vlans: [[0, 4_094]] });
  t.same(sent(h.send(FLOOD, tagged(FLOOD, 1), tagged(FLOOD, 4_094))), [10_000, 10_001, 14_094].map((vni) => `${vni} ${PEER}`)); // prettier-ignore
  t.same(h.arrive(IN, { vni: 14_000 }), [tagged(IN, 4_000)]);
  h.vtep.vnis!.delete([[10_000, 14_094]]);
  t.comment(`${(performance.now() - began).toFixed(0)} ms`);
  t.same(vnis(h), []);
  t.same(h.send(tagged(FLOOD, 1)), []);
});

t.test('two devices of this host, one slot, two tags', async (t) => {
  const h = host({ remote: undefined, address: '02:00:00:00:0a:01' });
  const other = h.add({ ...MANY, name: 'vtep1', address: '02:00:00:00:0a:02' });
  other.vnis!.add({ vnis: [[300, 300], [400, 400]], vlans: [[30, 30], [0, 0]] }); // prettier-ignore
  h.engine.setLocalAddresses([{ address: '192.0.2.1', ifindex: 1 }]);
  for (const vni of [300, 200, 400]) {
    h.vtep.fdb.set({ verb: 'append', mac: BROADCAST, dst: '192.0.2.1', srcVni: 100, vni });
  }
  h.vtep.fdb.set({ verb: 'append', mac: BROADCAST, dst: OTHER, srcVni: 100 });
  const out = h.send(tagged(FLOOD, 10), tagged(FLOOD, 10));
  t.same(sent(out), [`100 ${OTHER}`, `100 ${OTHER}`]);
  for (const datagram of out) t.same(inner(datagram), FLOOD);
  const up = h.system.frames('vtep1').take();
  t.same(up, [FLOOD, tagged(FLOOD, 30), FLOOD, tagged(FLOOD, 30)]);
  t.same(h.replies(), [tagged(FLOOD, 20), tagged(FLOOD, 20)]);
});

t.test('a VNI belongs to one device of a port', async (t) => {
  const h = host();
  const other = h.add({ ...MANY, name: 'vtep1' });
  t.throws(() => other.vnis!.add({ vnis: [[99, 100]] }), {
    ...refusal('VNI_IN_USE', 'EEXIST'),
    message: /vtep0/,
  });
  t.same(other.vnis!.list(), [], 'all or nothing');
  other.vnis!.add({ vnis: [[99, 99]] });
  t.throws(() => h.vtep.vnis!.add({ vnis: [[99, 99]] }), refusal('VNI_IN_USE', 'EEXIST'));
  h.engine.delete('vtep1');
  h.vtep.vnis!.add({ vnis: [[99, 99]] });
  h.vtep.vnis!.delete([[99, 99]]);
  h.add({ ...MANY, name: 'vtep2', dstport: 4_790 }).vnis!.add({ vnis: [[100, 100]] });
  t.equal(
    h.engine.add({ name: 'vtep3', id: 100, dstport: 4_789 }).vnis,
    undefined,
    'one VNI: another socket',
  );
  t.throws(
    () => h.engine.get('vtep3')!.set({ up: true }),
    refusal('PORT_IN_USE', 'EADDRINUSE'),
    'not both up',
  );
});

t.test('what is refused changes nothing', async (t) => {
  const h = host();
  const before = [vnis(h), zeros(h)];
  const add = (request: Parameters<NonNullable<typeof h.vtep.vnis>['add']>[0]) => () =>
    h.vtep.vnis!.add(request);
  t.throws(
    add({ vnis: [[0, 0]], vlans: [[1, 1]] }),
    refusal('ARGUMENT', 'EINVAL'),
    'VNI 0, as in the kernel',
  );
  t.throws(add({ vnis: [[20, 10]] }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(add({ vnis: [[1, 2]], vlans: [[1, 3]] }), { message: /3 VLANs for 2 VNIs/ });
  t.throws(add({ vnis: [[1, 1]], vlans: [[4_095, 4_095]] }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(add({ vnis: [[1, 0xffffff]] }), { message: /more than 4095/ });
  t.throws(add({ vnis: [[1, 3], [2, 2]] }), { message: /twice/ }); // prettier-ignore
  t.throws(add({ vnis: [[1, 1], [10, 10]] }), { ...refusal('EXISTS', 'EEXIST'), message: /vlan 10 .* vni 100/ }); // prettier-ignore
  t.throws(add({ vnis: [[1, 1]], remote: '2001:db8::1' }), refusal('ARGUMENT', 'EAFNOSUPPORT'));
  t.throws(add({ vnis: [[1, 1]], remote: GROUP }), { message: /write group/ });
  t.throws(add({ vnis: [[1, 1]], group: PEER }), { message: /write remote/ });
  t.throws(() => h.vtep.vnis!.delete([[100, 101]]), refusal('NO_ENTRY', 'ENOENT'));
  t.same([vnis(h), zeros(h)], before);
});

t.test('maxaddress: no room for the default destination of one, none is added', async (t) => {
  const h = host({ maxaddress: 4 });
  t.throws(() => h.vtep.vnis!.add({ vnis: [[1, 3]] }), refusal('LIMIT', 'ENOSPC'));
  t.same(vnis(h), ['100 10', '200 20']);
  t.same(zeros(h), [`0 ${PEER}`, `100 ${PEER}`, `200 ${PEER}`]);
});

t.test('id, external, vnifilter', async (t) => {
  const h = new MemoryHost();
  const add = (config: Partial<LinkConfig>) => () => h.engine.add({ name: 'vtep1', ...config });
  t.throws(add({ id: 1, vnifilter: true }), { message: /only when 'external' is set/ });
  t.throws(add({ external: true }), {
    message: /tunnel metadata, which a TAP does not carry; give vnifilter/,
  });
  t.throws(add({ ...MANY, id: 1 }), { message: /both 'external' and vni/ });
  t.throws(add({}), { message: /"id" is missing/ });
  t.equal(h.engine.get('vtep1'), undefined);
});
