/** pcapng as it is written, read back by a reader of this test's own, and one packet octet by octet. */
import t from 'tap';
import {
  Batch,
  GSO_SIZE,
  HEADER,
  LENGTH,
  LOCAL0,
  OFFSET,
  PEER0,
  PEER_PORT,
  SOURCE_PORT,
  STATUS,
  TOS,
  TTL,
} from '../../lib/memory/batch.js';
import { Slab } from '../../lib/memory/slab.js';
import {
  Capture,
  CaptureReceivePort,
  CaptureTransmitPort,
  type LinkType,
} from '../../lib/port/capture-port.js';
import { MemoryDatagrams, MemoryFrames } from '../../lib/port/memory-port.js';
import { parseAddress } from '../../lib/wire/text.js';
import { check, ethernet, ipv4, ipv6, payload, udp, vxlan } from '../support/check.js';
import { hex } from '../support/hex.js';
import { udpFrame, vxlanPacket } from '../support/packets.js';

const A = '02:00:00:00:01:01';
const B = '02:00:00:00:02:02';
const FRAME = udpFrame(A, B);
/** Microseconds; more than 32 bits. */
const NOW = 0x0005_f000_1234_5678;

interface Captured {
  octets: Uint8Array;
  stamp: number;
  flags: number;
  comment: string | undefined;
}

/** A capture whose blocks are kept, and their reader. */
function recorder(linkType: LinkType): { capture: Capture; blocks: Buffer[]; packets: () => Captured[] } {
  const blocks: Buffer[] = [];
  const capture = new Capture(
    linkType,
    (octets) => blocks.push(Buffer.from(octets)),
    () => NOW,
  );
  return { capture, blocks, packets: () => blocks.slice(2).map(readPacket) };
}

function readPacket(block: Buffer): Captured {
  const total = block.readUInt32LE(4);
  if (
    block.readUInt32LE(0) !== 6 ||
    total !== block.length ||
    block.readUInt32LE(total - 4) !== total ||
    total % 4 !== 0
  ) {
    throw new Error('not an Enhanced Packet Block');
  }
  const length = block.readUInt32LE(20);
  if (block.readUInt32LE(24) !== length) throw new Error('cut off');
  const found: Captured = {
    octets: block.subarray(28, 28 + length),
    stamp: block.readUInt32LE(12) * 2 ** 32 + block.readUInt32LE(16),
    flags: 0,
    comment: undefined,
  };
  for (let at = 28 + length + (-length & 3); ;) {
    const code = block.readUInt16LE(at);
    const size = block.readUInt16LE(at + 2);
    if (code === 0) return found;
    if (code === 2) found.flags = block.readUInt32LE(at + 4);
    if (code === 1) found.comment = block.toString('utf8', at + 4, at + 4 + size);
    at += 4 + size + (-size & 3);
  }
}

t.test('the section begins with its headers', async (t) => {
  const { blocks } = recorder('ethernet');
  t.same(
    Buffer.concat(blocks),
    Buffer.from(
      hex(`
        0a0d0d0a 1c000000 4d3c2b1a 01000000 ffffffff ffffffff 1c000000
        01000000 14000000 01000000 00000000 14000000
      `),
    ),
  );
  t.equal(recorder('raw').blocks[1][8], 101);
});

t.test('a packet, octet by octet', async (t) => {
  const { capture, blocks } = recorder('ethernet');
  capture.packet([Uint8Array.of(1, 2), Uint8Array.of(3)], 'out', 'hi');
  t.same(
    blocks[2],
    Buffer.from(
      hex(`
        06000000 38000000
        00000000 00f00500 78563412   # interface 0, microseconds
        03000000 03000000            # captured, on the wire
        010203 00
        0200 0400 02000000           # flags: outbound
        0100 0200 6869 0000          # comment
        0000 0000
        38000000
      `),
    ),
  );
});

t.test('frames received', async (t) => {
  const { capture, packets } = recorder('ethernet');
  const frames = new MemoryFrames();
  const port = new CaptureReceivePort(frames, capture);
  frames.send(FRAME);
  frames.send(Uint8Array.of(1));
  const batch = new Batch(4);
  t.equal(port.receive(new Slab(4), batch), 2);
  t.equal(batch.length, 2);
  t.equal(port.receive(new Slab(4), batch), 0);
  const [first, second] = packets();
  check(first.octets, ethernet({ dst: A, src: B }), ipv4(), udp());
  t.same([first.flags, first.stamp, first.comment], [1, NOW, undefined]);
  t.same([...second.octets], [1]);
});

t.test('a port that fails captures nothing', async (t) => {
  const { capture, packets } = recorder('ethernet');
  const port = new CaptureReceivePort({ receive: () => -9 }, capture);
  t.equal(port.receive(new Slab(1), new Batch(1)), -9);
  t.same(packets(), []);
});

t.test('datagrams received: outer headers made up, joined ones taken apart', async (t) => {
  const { capture, packets } = recorder('raw');
  const datagrams = new MemoryDatagrams();
  const one = vxlanPacket(42, FRAME);
  const two = {
    receive: (slab: Slab, batch: Batch) => (
      datagrams.receive(slab, batch),
      batch.set(GSO_SIZE, 0, one.length),
      batch.length
    ),
  };
  datagrams.send({
    payload: Uint8Array.from([...one, ...one.subarray(0, 20)]),
    peer: parseAddress('192.0.2.2')!,
    port: 50_000,
    tos: 0xb9,
    ttl: 9,
  });
  new CaptureReceivePort(two, capture, 4_789).receive(new Slab(1), new Batch(1));
  const [first, second, ...others] = packets();
  t.same(others, []);
  t.same(
    first.octets.subarray(0, 28),
    Buffer.from(hex('45b9 0052 0000 0000 0911 0000 c0000202 00000000  c350 12b5 003e 0000')),
  );
  t.same(Buffer.from(first.octets.subarray(28)), Buffer.from(one));
  t.equal(second.octets.length, 28 + 20);
  t.equal(first.flags, 1);
});

t.test('datagrams sent over IPv6, and what became of them', async (t) => {
  const { capture, packets } = recorder('raw');
  const slab = new Slab(1);
  const batch = new Batch(2);
  const at = slab.slotOffset(0);
  slab.bytes.set(vxlanPacket(42, FRAME), at - 8);
  for (let j = 0; j < 2; j++) {
    for (const [column, text] of [
      [PEER0, '2001:db8::2'],
      [LOCAL0, '2001:db8::1'],
    ] as const) {
      for (const [i, word] of parseAddress(text)!.entries()) batch.set(column + i, j, word);
    }
    batch.set(OFFSET, j, at);
    batch.set(LENGTH, j, FRAME.length);
    batch.set(HEADER, j, at - 8);
    batch.set(PEER_PORT, j, 4_789);
    batch.set(SOURCE_PORT, j, 50_001);
    batch.set(TOS, j, 0xb8);
    batch.set(TTL, j, j === 0 ? 0 : 7);
  }
  batch.length = 2;
  new CaptureTransmitPort({ transmit: (_, sent) => sent.set(STATUS, 1, -101) }, capture).transmit(
    slab,
    batch,
  );
  const [first, second] = packets();
  check(
    first.octets,
    ipv6({ src: '2001:db8::1', dst: '2001:db8::2', hopLimit: 64, trafficClass: 0xb8 }),
    udp({ src: 50_001, dst: 4_789, checksum: 'zero' }),
    vxlan({ vni: 42 }),
    payload(FRAME),
  );
  check(second.octets, ipv6({ hopLimit: 7 }), udp());
  t.same([first.flags, first.comment], [2, undefined]);
  t.same([second.flags, second.comment], [2, 'not sent: errno 101']);
});

t.test('frames sent', async (t) => {
  const { capture, packets } = recorder('ethernet');
  const slab = new Slab(1);
  const batch = new Batch(1);
  slab.bytes.set(FRAME, slab.slotOffset(0));
  batch.set(OFFSET, 0, slab.slotOffset(0));
  batch.set(LENGTH, 0, FRAME.length);
  batch.length = 1;
  new CaptureTransmitPort({ transmit: () => {} }, capture).transmit(slab, batch);
  t.same(packets()[0].octets, Buffer.from(FRAME));
});

t.test('the clock, when none is given, is that of the day', async (t) => {
  const blocks: Buffer[] = [];
  new Capture('ethernet', (octets) => blocks.push(Buffer.from(octets))).packet([FRAME], 'in');
  t.ok(Math.abs(readPacket(blocks[2]).stamp / 1_000 - Date.now()) < 10_000);
});
