/**
 * A million frames and a million datagrams that nobody would send, through tables nobody would fill in this way. Whatever comes:
 * nothing is thrown; nothing is written outside the frame's own slot, in front of its headroom or behind its end;
 * what is passed on is what came in but for the fields the device defines; and each case ends in exactly one way,
 * passed on, answered, or dropped with its reason counted once.
 */
import t from 'tap';
import { EVENT_ROUTED, EVENT_SHORT_CIRCUITED, REASON0 } from '../../lib/dataplane/counters.js';
import { GATEWAY, L2MISS, L3MISS, LEARNING, NEIGHSNOOP, PROXY, RSC, UP } from '../../lib/dataplane/device.js';
import { REASONS } from '../../lib/dataplane/reasons.js';
import { GSO_SIZE, HEADER, LENGTH, OFFSET, PEER3, STATUS, TOS } from '../../lib/memory/batch.js';
import { HEADROOM, STRIDE } from '../../lib/memory/slab.js';
import { FLAG_ROUTER, STATE_NOARP, STATE_PERMANENT, STATE_REACHABLE } from '../../lib/table/fdb.js';
import { NUD_PERMANENT, NUD_STALE } from '../../lib/table/neighbour.js';
import { ADVERTISEMENT_BYTES } from '../../lib/wire/ndp.js';
import { Bench } from '../support/bench.js';
import {
  arpPacket,
  concat,
  ethernetFrame,
  ipv4Packet,
  ipv6Packet,
  tagged,
  udpDatagram,
  udp6Frame,
  udpFrame,
  vxlanPacket,
} from '../support/packets.js';
import { Random } from '../support/random.js';

const SEED = Number(process.env['VTEP_SEED'] ?? 20_260_101);
const CASES = 1_000_000;
/** Cases with the same tables. */
const ROUND = 12_500;
const SLOTS = 4;
const CANARY = 0xa5;
/** Octets behind the longest frame that are looked at after each case; all of the slab after each round. */
const BEHIND = 128;

const MACS = [
  '02:00:00:00:01:01',
  '02:00:00:00:02:02',
  '02:00:00:00:0a:0a',
  '01:00:5e:00:00:05',
  'ff:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
];
const PEERS = ['192.0.2.2', '192.0.2.3', '239.1.1.1', '0.0.0.0'];

const TCP = concat(
  [4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x80, 0x18, 1, 0, 0, 0, 0, 0],
  [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
  [1, 2, 3],
);
const TO = { src: '10.0.0.1', dst: '10.0.0.2' };
const HOP_BY_HOP = concat([17, 0, 1, 4, 0, 0, 0, 0], udpDatagram(1, 2));
/** A solicitation for fd00::2 and an advertisement of it, without a checksum. */
const ND = [135, 136].map((type) =>
  concat([type, 0, 0, 0, 0x60, 0, 0, 0, 0xfd], new Uint8Array(14), [2, type - 134, 1, 2, 0, 0, 0, 1, 1]),
);
const FRAGMENT = concat([17, 0, 0, 1, 0, 0, 0, 9], udpDatagram(1, 2));

/** Frames as they should be; what is sent is made from them. */
function frames(dst: string, src: string): Uint8Array[] {
  const arp = arpPacket({ senderMac: src, senderIp: '10.0.0.1', targetIp: '10.0.0.2' });
  return [
    udpFrame(dst, src),
    udpFrame(dst, src, { ttl: 1, tos: 3 }),
    udpFrame(dst, src, { tos: 2, dst: '10.0.1.9' }),
    ethernetFrame(dst, src, 0x0800, ipv4Packet({ ...TO, protocol: 6 }, TCP)),
    ethernetFrame(dst, src, 0x0800, ipv4Packet({ ...TO, protocol: 1, ttl: 1 }, new Uint8Array(16))),
    udp6Frame(dst, src),
    udp6Frame(dst, src, { hopLimit: 1, trafficClass: 1 }),
    ethernetFrame(
      dst,
      src,
      0x86dd,
      ipv6Packet({ src: 'fd00::1', dst: 'fd00::2', nextHeader: 0 }, HOP_BY_HOP),
    ),
    ethernetFrame(
      dst,
      src,
      0x86dd,
      ipv6Packet({ src: 'fd00::1', dst: 'fd00::2', nextHeader: 44, hopLimit: 1 }, FRAGMENT),
    ),
    ethernetFrame(dst, src, 0x0806, arp),
    ...ND.map((body) =>
      ethernetFrame(
        dst,
        src,
        0x86dd,
        ipv6Packet({ src: 'fd00::1', dst: 'fd00::2', nextHeader: 58, hopLimit: 255 }, body),
      ),
    ),
    tagged(udpFrame(dst, src, { tos: 1 }), 5),
    tagged(tagged(udp6Frame(dst, src), 5), 6, 0x88a8),
    tagged(ethernetFrame(dst, src, 0x0806, arp), 0),
    ethernetFrame(dst, src, 0x1234, new Uint8Array(5)),
  ];
}

/** Changes what lies at `at`; returns its new length, at least 0. */
function mutate(bytes: Uint8Array, at: number, length: number, random: Random): number {
  let size = length;
  for (let times = random.below(4); times > 0 && size > 0; times--) {
    switch (random.below(6)) {
      case 0:
        size = random.below(size + 1);
        break;
      case 1:
        bytes[at + random.below(size)] = random.below(256);
        break;
      case 2:
        // Lengths, header sizes, types and next headers stand in the first octets.
        bytes[at + random.below(Math.min(size, 48))] = random.pick([
          0, 1, 4, 5, 8, 0x0f, 0x45, 0x4f, 0x60, 0x81, 0xff,
        ]);
        break;
      case 3:
        bytes[at + random.below(size)] ^= 1 << random.below(8);
        break;
      case 4: {
        const more = random.below(32);
        for (let i = 0; i < more; i++) bytes[at + size + i] = random.below(256);
        size += more;
        break;
      }
      default:
        for (let i = random.below(size); i < size; i++) bytes[at + i] = random.below(256);
    }
  }
  return size;
}

function makeBench(random: Random): Bench {
  const options = [LEARNING, PROXY, RSC, L2MISS, L3MISS, NEIGHSNOOP, GATEWAY].filter(
    () => random.below(2) === 0,
  );
  const bench = new Bench({
    burst: SLOTS,
    ring: 16,
    settings: {
      features: options.reduce((all, option) => all | option, random.below(20) === 0 ? 0 : UP),
      tos: random.pick([0, 1, 0xb8]),
      ttl: random.pick([0, -1, 7]),
      df: random.below(3),
      gatewayHigh: 0x02000000,
      gatewayLow: 0x0a0a,
      gateways: Int32Array.of(
        0,
        0,
        0xffff,
        0x0a000002 + random.below(2),
        0xfd000000,
        0,
        0,
        2 + random.below(2),
      ),
      router6: random.below(2) === 0 ? [0, 0, 0, 0] : [0xfd000000 | 0, 0, 0, 9],
    },
  });
  for (const mac of MACS) {
    if (random.below(3) === 0) continue;
    const state = random.pick([STATE_PERMANENT, STATE_NOARP | STATE_REACHABLE, STATE_REACHABLE]);
    const one = [bench.remote(random.pick(PEERS), 0, random.pick([-1, 7]))];
    const many = PEERS.slice(0, 3).map((peer, i) =>
      bench.remote(peer, random.below(2) * 9, i === 1 ? 7 : -1),
    );
    bench.learn(mac, random.below(3) === 0 ? many : one, state, random.below(2) * FLAG_ROUTER);
  }
  const { neighbours, routes } = bench.device.tables;
  const state = random.pick([NUD_PERMANENT, NUD_STALE]);
  if (random.below(2) === 0)
    neighbours.set(0, 0, 0xffff, 0x0a000002, 0x02000000, random.pick([0x0202, 0x0b0b]), state, 0, 0);
  if (random.below(2) === 0) neighbours.set(0xfd000000, 0, 0, 2, 0x02000000, 0x0202, state, 0, 0);
  if (random.below(2) === 0) routes.set(0, 0, 0xffff, 0x0a000000, 16, 4, 0, 0, 0xffff, 0x0a000002, 0);
  if (random.below(2) === 0) routes.set(0xfd000000, 0, 0, 0, 64, 6, 0, 0, 0, 0, 0);
  bench.slab.bytes.fill(CANARY);
  return bench;
}

/** Reasons counted so far. */
function counted(bench: Bench): number {
  let sum = 0;
  for (let i = REASON0; i < REASON0 + REASONS.length; i++)
    sum += bench.device.counters[i] + bench.unclaimed[i];
  return sum;
}

/** What stood in one slot when a case began. */
const before = new Uint8Array(HEADROOM + 1_024 + BEHIND);

/**
 * Compares a slot with what it was: in front of the frame only the last `front` octets of the headroom may differ,
 * behind it nothing. Then the slot is made a canary again.
 */
function intact(bench: Bench, slot: number, length: number, front: number): boolean {
  const { bytes } = bench.slab;
  const start = slot * STRIDE;
  for (let i = 0; i < HEADROOM - front; i++) if (bytes[start + i] !== CANARY) return false;
  for (let i = HEADROOM + length; i < HEADROOM + length + BEHIND; i++)
    if (bytes[start + i] !== before[i]) return false;
  return true;
}

function remember(bench: Bench, slot: number, length: number): void {
  const start = slot * STRIDE;
  for (let i = HEADROOM; i < HEADROOM + length + BEHIND; i++) before[i] = bench.slab.bytes[start + i];
}

function clean(bench: Bench, slot: number): void {
  bench.slab.bytes.fill(CANARY, slot * STRIDE, slot * STRIDE + before.length);
}

function isCanary(bench: Bench): boolean {
  const words = new BigUint64Array(bench.slab.bytes.buffer);
  return words.every((word) => word === 0xa5a5a5a5a5a5a5a5n);
}

/** Fields a routed hop changes: MACs, TTL or hop limit, IPv4 header checksum. */
const ROUTED_FIELDS = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 21, 22, 24, 25]);

/** The first octet of the frame that differs and may not, or -1. */
function altered(
  bench: Bench,
  slot: number,
  length: number,
  skip: number,
  may: ReadonlySet<number> | undefined,
): number {
  const start = slot * STRIDE + HEADROOM;
  for (let i = skip; i < length; i++) {
    if (bench.slab.bytes[start + i] !== before[HEADROOM + i] && !may?.has(i - skip)) return i;
  }
  return -1;
}

t.test(`encapsulation: ${CASES} frames, seed ${SEED}`, async (t) => {
  const random = new Random(SEED);
  const templates = MACS.flatMap((dst) => frames(dst, MACS[random.below(2)]));
  let bench = makeBench(random);
  const ends = { sent: 0, answered: 0, dropped: 0 };
  for (let n = 0; n < CASES; n++) {
    if (n % ROUND === 0 && n > 0) {
      if (!isCanary(bench)) return t.fail(`something outside the slot was written before case ${n}`);
      bench = makeBench(random);
    }
    const slot = n % SLOTS;
    const at = bench.slab.slotOffset(slot);
    const template = random.pick(templates);
    bench.slab.bytes.set(template, at);
    const length = mutate(bench.slab.bytes, at, template.length, random);
    remember(bench, slot, length);
    bench.rx.length = 1;
    bench.rx.set(OFFSET, 0, at);
    bench.rx.set(LENGTH, 0, length);
    bench.tx.length = bench.back.length = 0;
    const { counters } = bench.device;
    const reasons = counted(bench);
    const hops = counters[EVENT_ROUTED] + counters[EVENT_SHORT_CIRCUITED];
    if (!bench.runEncap(n >> 10)) return t.fail(`case ${n}: not finished`);
    const dropped = counted(bench) - reasons;
    const { tx, back } = bench;
    const isSent = tx.length > 0 && back.length === 0 && dropped === 0;
    const isAnswered = tx.length === 0 && back.length === 1 && dropped === 0;
    const isDropped = tx.length === 0 && back.length <= 1 && dropped === 1;
    if (Number(isSent) + Number(isAnswered) + Number(isDropped) !== 1) {
      return t.fail(`case ${n}: ${tx.length} sent, ${back.length} back, ${dropped} reasons`);
    }
    if (isSent) {
      ends.sent++;
      const hop = counters[EVENT_ROUTED] + counters[EVENT_SHORT_CIRCUITED] > hops;
      const wrong = altered(bench, slot, length, 0, hop ? ROUTED_FIELDS : undefined);
      if (wrong >= 0) return t.fail(`case ${n}: octet ${wrong} of ${length} altered`);
      for (let j = 0; j < tx.length; j++) {
        const header = tx.get(HEADER, j);
        const isHere = tx.get(OFFSET, j) === at && tx.get(LENGTH, j) === length;
        const vni = bench.slab.bytes[header + 6];
        if (
          !isHere ||
          header < slot * STRIDE ||
          header > at - 8 ||
          bench.slab.bytes[header] !== 8 ||
          (vni !== 42 && vni !== 7)
        ) {
          return t.fail(`case ${n}: copy ${j} is described wrongly`);
        }
      }
    } else if (isAnswered) ends.answered++;
    else ends.dropped++;
    // Spare headers in front for copies, 62 octets of an ICMPv6 error otherwise.
    const end = isAnswered ? Math.max(length, ADVERTISEMENT_BYTES) : length;
    if (!intact(bench, slot, end, isSent ? 8 * (tx.length + 1) : back.length * 62)) {
      return t.fail(`case ${n}: written outside the frame`);
    }
    clean(bench, slot);
    while (bench.ring.front() >= 0) bench.ring.release();
  }
  t.ok(isCanary(bench), 'nothing outside the slots was written');
  for (const [end, count] of Object.entries(ends)) t.ok(count > CASES / 1_000, `${count} ${end}`);
});

/** Fields that congestion marking changes, of IPv4 and of IPv6. */
const MARKED_FIELDS = new Set([15, 24, 25]);

t.test(`decapsulation: ${CASES} datagrams, seed ${SEED}`, async (t) => {
  const random = new Random(SEED + 1);
  const templates = MACS.flatMap((src) =>
    frames(MACS[random.below(2)], src).map((frame) => vxlanPacket(42, frame)),
  );
  templates.push(
    vxlanPacket(42, new Uint8Array(0)),
    vxlanPacket(43, templates[0]),
    vxlanPacket(42, templates[0], 0),
  );
  let bench = makeBench(random);
  const ends = { delivered: 0, dropped: 0, parts: 0 };
  for (let n = 0; n < CASES; n++) {
    if (n % ROUND === 0 && n > 0) {
      if (!isCanary(bench)) return t.fail(`something outside the slot was written before case ${n}`);
      bench = makeBench(random);
    }
    const slot = n % SLOTS;
    const at = bench.slab.slotOffset(slot);
    const template = random.pick(templates);
    bench.slab.bytes.set(template, at);
    const length = mutate(bench.slab.bytes, at, template.length, random);
    const segment = random.below(8) === 0 ? random.below(80) : 0;
    remember(bench, slot, length);
    bench.rx.length = 1;
    bench.rx.set(OFFSET, 0, at);
    bench.rx.set(LENGTH, 0, length);
    bench.rx.set(GSO_SIZE, 0, segment);
    bench.rx.set(TOS, 0, random.below(256));
    bench.rx.set(PEER3, 0, random.pick([0xc0000202 | 0, 0xc0000203 | 0]));
    bench.rx.set(STATUS, 0, random.below(500) === 0 ? -90 : 0);
    bench.tx.length = 0;
    const reasons = counted(bench);
    if (!bench.runDecap(n >> 10)) return t.fail(`case ${n}: not finished`);
    const dropped = counted(bench) - reasons;
    const cut = bench.rx.get(STATUS, 0) !== 0;
    const parts = cut || segment === 0 || length === 0 ? 1 : Math.ceil(length / Math.min(segment, length));
    if (bench.tx.length + dropped !== parts) {
      return t.fail(`case ${n}: ${bench.tx.length} delivered and ${dropped} dropped of ${parts}`);
    }
    if (parts > 1) ends.parts++;
    if (parts === 1 && bench.tx.length === 1) {
      ends.delivered++;
      if (bench.tx.get(OFFSET, 0) !== at + 8 || bench.tx.get(LENGTH, 0) !== length - 8) {
        return t.fail(`case ${n}: described wrongly`);
      }
    } else if (parts === 1) ends.dropped++;
    if (parts === 1) {
      const wrong = altered(bench, slot, length, 8, MARKED_FIELDS);
      if (wrong >= 0) return t.fail(`case ${n}: octet ${wrong} of ${length} altered`);
    }
    if (!intact(bench, slot, length, 0)) return t.fail(`case ${n}: written outside the datagram`);
    clean(bench, slot);
    while (bench.ring.front() >= 0) bench.ring.release();
  }
  t.ok(isCanary(bench), 'nothing outside the slots was written');
  for (const [end, count] of Object.entries(ends)) t.ok(count > CASES / 1_000, `${count} ${end}`);
});
