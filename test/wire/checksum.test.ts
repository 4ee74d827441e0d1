import fc from 'fast-check';
import t from 'tap';
import * as checksum from '../../lib/wire/checksum.js';
import { hex } from '../support/hex.js';

/** The definition, octet by octet. */
function naive(bytes: Uint8Array): number {
  let sum = 0;
  for (const [i, octet] of bytes.entries()) {
    sum += i % 2 === 0 ? octet * 256 : octet;
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

t.test('the example of RFC 1071, section 3', async (t) => {
  const bytes = hex('0001 f203 f4f5 f6f7');
  t.equal(checksum.fold(checksum.sum(bytes, 0, 8)), 0xddf2);
  t.equal(checksum.finish(checksum.sum(bytes, 0, 8)), 0x220d);
});

t.test('odd lengths count as if a zero followed', async (t) => {
  t.equal(checksum.sum(hex('01'), 0, 1), 0x0100);
  t.equal(checksum.sum(hex('0102 03ff'), 0, 3), 0x0102 + 0x0300);
  t.equal(checksum.sum(hex('0102'), 0, 0, 7), 7, 'an empty range adds nothing');
});

t.test('the largest packet does not overflow', async (t) => {
  const bytes = new Uint8Array(65_535).fill(0xff);
  t.equal(checksum.fold(checksum.sum(bytes, 0, bytes.length, 0xffff)), naive(bytes));
});

t.test('equals the definition for any octets', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (bytes, offset) => {
      const from = Math.min(offset, bytes.length);
      return checksum.fold(checksum.sum(bytes, from, bytes.length - from)) === naive(bytes.slice(from));
    }),
  );
});

t.test('pseudo-headers', async (t) => {
  // UDP from 192.0.2.1 to 192.0.2.2, ports 1 and 2, no payload; checksums computed by hand from RFC 768.
  const v4 = hex('4500 001c 0000 0000 4011 0000 c000 0201 c000 0202  0001 0002 0008 0000');
  const sum4 = checksum.sum(v4, 20, 8, checksum.pseudoHeader4(v4, 0, 17, 8));
  t.equal(checksum.fold(sum4), naive(hex('c000 0201 c000 0202 0011 0008 0001 0002 0008 0000')));
  const address = '2001 0db8 0000 0000 0000 0000 0000 000';
  const v6 = hex(`6000 0000 0008 11 40 ${address}1 ${address}2  0001 0002 0008 0000`);
  const sum6 = checksum.sum(v6, 40, 8, checksum.pseudoHeader6(v6, 0, 17, 8));
  t.equal(checksum.fold(sum6), naive(hex(`${address}1 ${address}2 0000 0008 0000 0011 0001 0002 0008 0000`)));
});

t.test('incremental update equals recomputation', async () => {
  fc.assert(
    fc.property(
      // A header is never all zero: its first octet holds the version.
      fc.uint8Array({ minLength: 20, maxLength: 60 }).filter((bytes) => bytes[0] > 0),
      fc.nat(7),
      fc.nat(0xffff),
      (bytes, word, value) => {
        const field = 18;
        bytes[field] = bytes[field + 1] = 0;
        const first = checksum.finish(checksum.sum(bytes, 0, bytes.length));
        bytes[field] = first >>> 8;
        bytes[field + 1] = first;
        // The first word keeps its non-zero octet.
        checksum.replace16(bytes, field, 2 + 2 * word, value);
        const updated = (bytes[field] << 8) | bytes[field + 1];
        bytes[field] = bytes[field + 1] = 0;
        return updated === checksum.finish(checksum.sum(bytes, 0, bytes.length));
      },
    ),
  );
});

t.test('the example of RFC 1624, section 4: not 0xffff', async (t) => {
  t.equal(checksum.update(0xdd2f, 0x5555, 0x3285), 0x0000);
});
