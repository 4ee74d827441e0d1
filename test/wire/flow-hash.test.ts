import fc from 'fast-check';
import t from 'tap';
import { flowHash, flowHashIpv4, sourcePort } from '../../lib/wire/flow-hash.js';
import { hex } from '../support/hex.js';

const SEED = 0x5eed;
const TCP4 = hex(`
  0200 0000 0002  0200 0000 0001  0800
  4500 0028 0001 4000 4006 0000  0a00 0001  0a00 0002
  c350 1451 00000001 00000002 5010 ffff 0000 0000
`);
const ADDRESSES = `20010db8 00000000 00000000 00000001  20010db8 00000000 00000000 00000002`;
const UDP6 = hex(`
  0200 0000 0002  0200 0000 0001  86dd
  6001 2345 0008 11 40  ${ADDRESSES}
  c350 0035 0008 0000
`);
const ARP = hex('ffff ffff ffff  0200 0000 0001  0806  0001 0800 0604 0001');

function hash(frame: Uint8Array, change: Record<number, number> = {}, length = frame.length): number {
  const bytes = frame.slice();
  for (const [offset, value] of Object.entries(change)) bytes[Number(offset)] ^= value;
  return flowHash(bytes, 0, length, SEED);
}

/** Octets of a frame whose change moves the hash. */
function sensitive(frame: Uint8Array): number[] {
  const own = hash(frame);
  return [...frame.keys()].filter((offset) => hash(frame, { [offset]: 0x10 }) !== own);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

t.test('what takes part', async (t) => {
  // A changed EtherType, version, length, protocol or fragment field makes it another kind of packet.
  t.same(
    sensitive(TCP4).filter((at) => at > 21),
    [...range(23, 23), ...range(26, 37)],
    'IPv4: protocol, addresses, ports; not TTL, checksum, sequence number',
  );
  t.notOk(
    sensitive(TCP4).some((at) => at < 12),
    'IPv4: no MAC address',
  );
  t.same(
    sensitive(UDP6).filter((at) => at > 19),
    [20, ...range(22, 57)],
    'IPv6: next header, addresses, ports; not hop limit',
  );
  t.ok(
    [16, 17].every((at) => sensitive(UDP6).includes(at)),
    'IPv6: flow label',
  );
  t.same(sensitive(ARP), range(0, 13), 'the rest: MAC addresses and EtherType');
});

t.test('traffic class is no part of it', async (t) => {
  t.equal(hash(UDP6, { 14: 0x0f, 15: 0xf0 }), hash(UDP6));
  t.equal(hash(TCP4, { 15: 0xff }), hash(TCP4));
});

t.test('VLAN ID', async (t) => {
  const tagged = (tci: string) => hex(`020000000002 020000000001 8100 ${tci}`);
  const frame = (tci: string) => new Uint8Array([...tagged(tci), ...TCP4.subarray(12)]);
  t.not(hash(frame('0064')), hash(TCP4));
  t.not(hash(frame('0064')), hash(frame('0065')));
  t.equal(hash(frame('0064')), hash(frame('e064')), 'its priority does not count');
});

t.test('fragments of one packet take one path', async (t) => {
  const first = hash(TCP4, { 20: 0x20 });
  const later = hash(TCP4, { 20: 0x20, 21: 0x05, 34: 0xff, 36: 0xff });
  const last = hash(TCP4, { 21: 0x0a, 35: 0x77 });
  t.equal(first, later);
  t.equal(first, last);
  const v6 = (fragment: string, ports: string) =>
    hex(
      `020000000002 020000000001 86dd 6000 0000 0010 2c 40 ${ADDRESSES} 1100 ${fragment} 00000007 ${ports} 0008 0000`,
    );
  t.equal(hash(v6('0001', 'c350 0035')), hash(v6('0148', 'dead beef')), 'IPv6');
});

t.test('extension headers are stepped over', async (t) => {
  const options = (ports: string) =>
    hex(
      `020000000002 020000000001 86dd 6000 0000 0010 00 40 ${ADDRESSES} 1100 0104 0000 0000 ${ports} 0008 0000`,
    );
  t.not(hash(options('c350 0035')), hash(options('c350 0036')));
});

t.test('truncated frames hash what is there', async (t) => {
  t.equal(hash(TCP4, { 3: 0 }, 30), hash(hex(Buffer.from(TCP4.subarray(0, 30)).toString('hex'))));
  t.equal(hash(TCP4, {}, 14), hash(TCP4, { 20: 1 }, 14), 'nothing beyond the end is read');
  const short = TCP4.slice();
  short[17] = 22; // two octets of TCP: no ports
  t.equal(hash(short), hash(short, { 34: 0xff, 35: 0xff, 36: 0xff, 37: 0xff }));
});

t.test('never reads beyond the frame', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 14, maxLength: 90 }),
      fc.constantFrom(0x0800, 0x86dd, 0x8100),
      (frame, type) => {
        frame[12] = type >>> 8;
        frame[13] = type;
        if (frame.length > 14) frame[14] = type === 0x86dd ? 0x60 : 0x45;
        const zeros = new Uint8Array(200);
        const ones = new Uint8Array(200).fill(0xff);
        zeros.set(frame, 50);
        ones.set(frame, 50);
        return flowHash(zeros, 50, frame.length, 1) === flowHash(ones, 50, frame.length, 1);
      },
    ),
    { numRuns: 2000 },
  );
});

/** As the data plane calls it: two words of the header, read beforehand. */
function hashOfWords(frame: Uint8Array, at: number, length: number): number {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const ip = at + 14;
  return flowHashIpv4(view, ip, length - 14, view.getInt32(ip), view.getInt32(ip + 6), SEED);
}

t.test('the way by words agrees with the way by octets, whatever the frame', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 34, maxLength: 90 }),
      fc.constantFrom(0x45, 0x46, 0x4f, 0x44, 0x65, 0x05),
      fc.constantFrom(0, 20, 23, 24, 28, 40, 56, 76, 77, 0x1234),
      fc.constantFrom(0, 0x1f, 0x20, 0x40, 0x80),
      fc.constantFrom(1, 6, 17, 33, 132, 136, 255),
      (frame, version, total, fragment, protocol) => {
        frame.set([8, 0, version], 12);
        frame.set([total >>> 8, total], 16);
        frame.set([fragment, 0], 20);
        frame[23] = protocol;
        const around = new Uint8Array(200).fill(0xff);
        around.set(frame, 50);
        return hashOfWords(around, 50, frame.length) === flowHash(around, 50, frame.length, SEED);
      },
    ),
    { numRuns: 5000 },
  );
});

t.test('the seed changes every hash', async (t) => {
  t.not(flowHash(TCP4, 0, TCP4.length, 1), flowHash(TCP4, 0, TCP4.length, 2));
});

t.test('source ports', async (t) => {
  t.equal(sourcePort(0, 5000, 5010), 5000);
  t.equal(sourcePort(-1, 5000, 5010), 5000 + 0, 'folded: 0xffffffff ^ 0xffff0000 is a small number');
  t.equal(sourcePort(0xffff0000 | 0, 5000, 5010), 5009, 'the largest port is max - 1');
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 65_534 }), fc.nat(65_535), (value, min, span) => {
      const max = Math.min(65_535, min + 1 + span);
      const port = sourcePort(value, min, max);
      return Number.isInteger(port) && port >= min && port < max;
    }),
  );
});

t.test('flows that differ in one port spread over the range', async (t) => {
  const counts = new Array<number>(16).fill(0);
  const frame = TCP4.slice();
  for (let port = 0; port < 4096; port++) {
    frame[34] = port >>> 8;
    frame[35] = port;
    counts[sourcePort(flowHash(frame, 0, frame.length, SEED), 0, 16)]++;
  }
  t.ok(
    counts.every((count) => count > 256 * 0.75 && count < 256 * 1.25),
    `${counts}`,
  );
});
