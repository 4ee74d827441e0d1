import fc from 'fast-check';
import t from 'tap';
import { copy32, copy128, get16, get32, put16, put32 } from '../../lib/wire/bytes.js';
import { hex } from '../support/hex.js';

t.test('big-endian fields', async (t) => {
  const bytes = hex('00 fe dc ba 98 00');
  t.equal(get16(bytes, 1), 0xfedc);
  t.equal(get32(bytes, 1), 0xfedcba98 | 0, 'signed');
  t.equal(get32(bytes, 1) >>> 0, 0xfedcba98);
});

t.test('what is written is what a DataView reads, at any offset', async () => {
  fc.assert(
    fc.property(fc.nat(8), fc.integer(), (offset, value) => {
      const bytes = new Uint8Array(12);
      const view = new DataView(bytes.buffer);
      put32(bytes, offset, value);
      const whole = view.getInt32(offset) === value && get32(bytes, offset) === value;
      put16(bytes, offset, value);
      return (
        whole && view.getUint16(offset) === (value & 0xffff) && get16(bytes, offset) === (value & 0xffff)
      );
    }),
  );
});

t.test('copies touch nothing beside them', async (t) => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  copy32(bytes, 35, 1);
  t.same([...bytes.subarray(34)], [34, 1, 2, 3, 4, 39]);
  copy128(bytes, 18, 0);
  t.same([...bytes.subarray(17, 35)], [17, ...Array(16).keys(), 34]);
});
