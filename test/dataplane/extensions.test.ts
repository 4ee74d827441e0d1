/** Headers with extensions, octet by octet, and who may send: GBP, GPE, reserved_bits, allow, learn-limit. */
import t from 'tap';
import { FAR, MemoryHost, NEAR, OTHER, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udpFrame, vxlanPacket } from '../support/packets.js';

const TO_FAR = udpFrame(FAR, NEAR);
const FROM_FAR = udpFrame(NEAR, FAR);
const STRANGER = '203.0.113.9';

/** The eight octets in front of a sent frame. */
const header = (host: MemoryHost): string =>
  Buffer.from(host.send(TO_FAR)[0]!.payload.subarray(0, 8)).toString('hex');

t.test('gbp sends its id, and no G bit without one', async (t) => {
  const host = new MemoryHost({ remote: PEER, gbp: true, gbpId: 0x1234 });
  t.equal(header(host), '8800123400002a00');
  host.vtep.set({ gbpId: 0 });
  t.equal(header(host), '0800000000002a00');
  t.equal(header(new MemoryHost({ remote: PEER })), '0800000000002a00');
});

t.test('a remote with a VNI of its own has the same first word', async (t) => {
  const host = new MemoryHost({ gbp: true, gbpId: 7 });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER, vni: 99 });
  t.equal(header(host), '8800000700006300');
});

t.test('gbp receives any id, counts it, and hands the frame up', async (t) => {
  const host = new MemoryHost({ gbp: true });
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x88080007)).length, 1);
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x8800ffff)).length, 1);
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x08000000)).length, 1, 'a plain header');
  t.match(host.vtep.statistics().events, { gbpReceived: 2, gbpApplied: 1 });
  t.equal(host.vtep.statistics().last?.policy, 0xffff);
});

t.test('gbp reserves what the kernel reserves: seven flags, and the last octet', async (t) => {
  const host = new MemoryHost({ gbp: true });
  for (let bit = 0; bit < 32; bit++) {
    host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x08000000 | (1 << bit)));
  }
  for (let bit = 0; bit < 8; bit++) host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x08000000, 1 << bit));
  // 30, 29, 28, 26, 25, 24 of the first word, and eight bits of the second.
  t.same(host.reasons(), { reserved_bits: 6 + 8 });
  t.equal(host.counters()['rxPackets'], 32 - 6);
});

t.test('gbp: the D bit keeps a source from being learned, not from arriving', async (t) => {
  const host = new MemoryHost({ gbp: true });
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x88400007)).length, 1);
  t.equal(host.entry(FAR), undefined);
  t.equal(host.vtep.statistics().events['gbpUnlearned'], 1);
  host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x08400007));
  t.equal(host.entry(FAR), `${PEER} reachable`, 'without G the bit means nothing');
  host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x88400007), { from: OTHER });
  t.equal(host.entry(FAR), `${PEER} reachable`, 'nor does it move');
  host.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: PEER });
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x88400007), { from: OTHER }).length, 0);
  t.match(host.reasons(), { entry_exists: 1 }, 'a static entry is defended all the same');
});

t.test('gpe: header sent, port, and what the receiver refuses', async (t) => {
  const host = new MemoryHost({ remote: PEER, gpe: true, learning: false });
  t.equal(header(host), '0c00000300002a00');
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x0c000003)).length, 1);
  const refused: [number, string][] = [
    [0x08000003, 'gpe_invalid'],
    [0x0d000003, 'gpe_invalid'],
    [0x1c000003, 'gpe_invalid'],
    [0x0c000001, 'gpe_protocol'],
    [0x0c000002, 'gpe_protocol'],
    [0x0c000004, 'gpe_protocol'],
    [0x0c000103, 'reserved_bits'],
    [0x8c000003, 'reserved_bits'],
  ];
  const expected: Record<string, number> = {};
  for (const [word, reason] of refused) {
    t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, word)).length, 0, word.toString(16));
    expected[reason] = (expected[reason] ?? 0) + 1;
    t.same(host.reasons(), expected);
  }
  t.same(host.counters(), {
    txPackets: 1,
    txBytes: TO_FAR.length - 14,
    rxPackets: 1,
    rxBytes: FROM_FAR.length - 14,
    rxErrors: 2,
    rxFrameErrors: 2,
  });
});

t.test('reserved_bits: a bit not in the mask may be set', async (t) => {
  // As vxlan_reserved.sh: bits 0, 10, 31, 56 and 63 of the header, counted from the first octet.
  for (const bit of [0, 10, 31, 56, 63]) {
    const mask = 0xf7ffffff_000000ffn & ~(1n << BigInt(63 - bit));
    const host = new MemoryHost({ reserved_bits: `0x${mask.toString(16)}` });
    for (let other = 0; other < 64; other++) {
      if (other === 4 || (other >= 32 && other < 56)) continue;
      const [high, low] = other < 32 ? [0x80000000 >>> other, 0] : [0, 1 << (63 - other)];
      const got = host.arriveRaw(vxlanPacket(42, FROM_FAR, 0x08000000 | high, low)).length;
      t.equal(got, other === bit ? 1 : 0, `mask without ${bit}, bit ${other}`);
    }
    t.same(host.reasons(), { reserved_bits: 38 });
  }
});

t.test('reserved_bits 0 tolerates everything, in one burst as well', async (t) => {
  const host = new MemoryHost({ reserved_bits: '0x0' });
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR, 0xffffffff | 0, 0xff)).length, 1);
  t.equal(host.arrive(FROM_FAR).length, 1);
  t.same(host.reasons(), {});
});

t.test('allow known: only peers of given entries', async (t) => {
  const host = new MemoryHost({ allow: 'known', remote: PEER });
  t.equal(host.arrive(FROM_FAR, { from: STRANGER }).length, 0);
  t.same(host.reasons(), { peer_refused: 1 });
  t.equal(host.entry(FAR), undefined, 'nothing was learned');
  t.equal(host.vtep.statistics().last?.refused, STRANGER);
  t.equal(host.arrive(FROM_FAR).length, 1, 'the default destination is known');
  t.equal(host.entry(FAR), `${PEER} reachable`);

  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: STRANGER, port: 4_790, vni: 7 });
  t.equal(
    host.arrive(udpFrame(NEAR, '02:00:00:00:02:03'), { from: STRANGER }).length,
    1,
    'whatever its port',
  );
  t.equal(host.entry('02:00:00:00:02:03'), `${STRANGER} reachable`);
  host.vtep.fdb.delete({ mac: ZERO_MAC, dst: STRANGER, port: 4_790, vni: 7 });
  t.equal(host.arrive(FROM_FAR, { from: STRANGER }).length, 0, 'what was learned keeps nobody in');
});

t.test('allow known: replace, flush, roaming and the default destination keep the list right', async (t) => {
  const host = new MemoryHost({ allow: 'known' });
  const { fdb } = host.vtep;
  const taken = (from: string): boolean => host.arrive(FROM_FAR, { from }).length === 1;
  fdb.set({ verb: 'add', mac: '02:00:00:00:03:01', dst: PEER });
  fdb.set({ verb: 'add', mac: '02:00:00:00:03:02', dst: PEER });
  t.same([taken(PEER), taken(OTHER)], [true, false]);
  fdb.set({ verb: 'replace', mac: '02:00:00:00:03:01', dst: OTHER });
  t.same([taken(PEER), taken(OTHER)], [true, true]);
  fdb.set({ verb: 'replace', mac: '02:00:00:00:03:02', dst: OTHER });
  t.same([taken(PEER), taken(OTHER)], [false, true]);
  host.vtep.set({ remote: PEER });
  t.ok(taken(PEER));
  host.vtep.set({ remote: '192.0.2.9' });
  t.notOk(taken(PEER));
  fdb.flush({});
  t.same([taken(PEER), taken(OTHER)], [false, false]);
  fdb.set({ verb: 'add', mac: FAR, dst: PEER, state: 'dynamic', externLearn: true });
  t.ok(taken(PEER), 'learned by a control plane is given');
  host.vtep.tables.remotes.selfCheck();
});

t.test('allow can be switched on a running device', async (t) => {
  const host = new MemoryHost();
  host.arrive(FROM_FAR, { from: STRANGER });
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:03:01', dst: PEER });
  host.vtep.set({ allow: 'known' });
  t.equal(host.arrive(FROM_FAR, { from: STRANGER }).length, 0);
  t.equal(host.arrive(FROM_FAR, { from: PEER }).length, 1);
  host.vtep.set({ allow: 'any' });
  t.equal(host.arrive(FROM_FAR, { from: STRANGER }).length, 1);
  host.vtep.tables.remotes.selfCheck();
});

t.test('allow fdb: each source only from where its entry is', async (t) => {
  const host = new MemoryHost({ allow: 'fdb', learning: false });
  t.equal(host.arrive(FROM_FAR).length, 0, 'no entry');
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: PEER });
  t.equal(host.arrive(FROM_FAR).length, 1);
  t.equal(host.arrive(FROM_FAR, { from: OTHER }).length, 0, 'behind another');
  t.same(host.reasons(), { peer_refused: 2 });
  t.equal(host.arriveRaw(vxlanPacket(42, FROM_FAR.subarray(0, 13))).length, 0);
  t.match(host.reasons(), { inner_too_small: 1 });
});

t.test('learn-limit: MACs learned behind one peer', async (t) => {
  const host = new MemoryHost({ learnLimit: 2, remote: PEER });
  const from = (n: number, peer = PEER): boolean =>
    host.arrive(udpFrame(NEAR, `02:00:00:00:04:0${n}`), { from: peer }).length === 1;
  const known = (n: number): string | undefined => host.entry(`02:00:00:00:04:0${n}`);
  for (const n of [1, 2, 3]) t.ok(from(n), 'delivered in any case');
  t.same([known(1), known(2), known(3)], [`${PEER} reachable`, `${PEER} reachable`, undefined]);
  t.ok(from(3));
  t.equal(known(3), undefined);
  t.ok(host.vtep.statistics().events['learnLimited']! >= 1);
  t.ok(from(4, OTHER));
  t.equal(known(4), `${OTHER} reachable`, 'another peer has its own limit');
  t.ok(from(4));
  t.equal(known(4), `${OTHER} reachable`, 'a MAC does not move to a full one');

  host.vtep.fdb.delete({ mac: '02:00:00:00:04:01' });
  t.ok(from(3));
  t.equal(known(3), `${PEER} reachable`, 'room again');
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:04:05', dst: PEER });
  t.ok(known(5), 'given entries are not limited');
  host.vtep.set({ learnLimit: 0 });
  t.ok(from(6));
  t.equal(known(6), `${PEER} reachable`);
  host.vtep.tables.remotes.selfCheck();
});

t.test('learned entries age out of the limit', async (t) => {
  const host = new MemoryHost({ learnLimit: 1, ageing: 10 });
  host.arrive(udpFrame(NEAR, '02:00:00:00:04:01'));
  host.arrive(udpFrame(NEAR, '02:00:00:00:04:02'));
  t.equal(host.vtep.fdb.list().length, 1);
  host.clock.pass(25);
  host.engine.poll();
  host.arrive(udpFrame(NEAR, '02:00:00:00:04:02'));
  t.same(
    host.vtep.fdb.list().map(({ mac }) => mac),
    ['02:00:00:00:04:02'],
  );
});
