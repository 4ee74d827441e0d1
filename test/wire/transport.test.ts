/** UDP and TCP headers. */
import t from 'tap';
import * as tcp from '../../lib/wire/tcp.js';
import * as udp from '../../lib/wire/udp.js';
import * as expect from '../support/check.js';
import { hex } from '../support/hex.js';

t.test('udp: deconstruct', async (t) => {
  const bytes = hex('c350 12b5 000c 0000 dead beef');
  t.equal(udp.checkUdp(bytes, 0, bytes.length), 0);
  t.equal(udp.sourcePort(bytes, 0), 50_000);
  t.equal(udp.destinationPort(bytes, 0), 4789);
  t.equal(udp.udpLength(bytes, 0), 12);
});

t.test('udp: construct', async () => {
  const bytes = new Uint8Array(12).fill(0xff);
  udp.putUdp(bytes, 0, 65_535, 4789, 12);
  expect.check(
    bytes,
    expect.udp({ src: 65_535, dst: 4789, length: 12, checksum: 'zero' }),
    expect.payload(4),
  );
});

t.test('udp: impossible lengths', async (t) => {
  t.equal(udp.checkUdp(new Uint8Array(7), 0, 7), udp.UDP_SHORT);
  t.equal(udp.checkUdp(hex('0001 0002 0007 0000'), 0, 8), udp.UDP_LENGTH, 'below its header');
  t.equal(udp.checkUdp(hex('0001 0002 0009 0000'), 0, 8), udp.UDP_LENGTH, 'past the end');
  t.equal(udp.checkUdp(hex('0001 0002 0008 0000'), 0, 8), 0, 'no payload');
});

const SEGMENT = hex('c350 1451 00000001 00000002 80 18 ffff 0000 0000 0101 080a 0000 0001 0000 0002');

t.test('tcp: deconstruct', async (t) => {
  t.equal(tcp.checkTcp(SEGMENT, 0, SEGMENT.length), 0);
  t.equal(tcp.headerBytes(SEGMENT, 0), 32);
  t.equal(tcp.sourcePort(SEGMENT, 0), 50_000);
  t.equal(tcp.destinationPort(SEGMENT, 0), 5201);
  t.equal(SEGMENT[tcp.FLAGS], tcp.PSH | tcp.ACK);
});

t.test('tcp: impossible data offsets', async (t) => {
  const verdict = (octet: number, length: number) => {
    const segment = SEGMENT.slice();
    segment[tcp.DATA_OFFSET] = octet;
    return tcp.checkTcp(segment, 0, length);
  };
  t.equal(verdict(0x50, 19), tcp.TCP_SHORT);
  t.equal(verdict(0x40, 32), tcp.TCP_DATA_OFFSET, 'below 5');
  t.equal(verdict(0x00, 32), tcp.TCP_DATA_OFFSET, 'zero');
  t.equal(verdict(0xf0, 32), tcp.TCP_DATA_OFFSET, 'options past the end');
  t.equal(verdict(0x50, 20), 0, 'no options, no payload');
});
