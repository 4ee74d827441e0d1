import fc from 'fast-check';
import t from 'tap';
import * as vxlan from '../../lib/wire/vxlan.js';
import * as expect from '../support/check.js';
import { hex } from '../support/hex.js';

t.test('construct and deconstruct', async (t) => {
  for (const vni of [0, 1, 42, 0x800000, vxlan.MAX_VNI]) {
    const bytes = new Uint8Array(10).fill(0xff);
    vxlan.putVxlan(bytes, 1, vni);
    expect.check(bytes.subarray(1, 9), expect.vxlan({ vni }));
    t.equal(vxlan.vni(bytes, 1), vni);
    t.equal(vxlan.checkVxlan(bytes, 1, 8), 0);
    t.same([bytes[0], bytes[9]], [0xff, 0xff], 'nothing beside it');
  }
});

t.test('checks come in the order of the kernel', async (t) => {
  const check = (header: string, length = 8) => vxlan.checkVxlan(hex(header), 0, length);
  t.equal(check('0800 0000 0000 2a', 7), vxlan.VXLAN_SHORT, 'seven octets');
  t.equal(check('', 0), vxlan.VXLAN_SHORT, 'no payload');
  t.equal(check('0000 0000 0000 2a00'), vxlan.VXLAN_I_FLAG_CLEAR);
  t.equal(check('f7ff ffff 0000 2aff'), vxlan.VXLAN_I_FLAG_CLEAR, 'before reserved bits');
  t.equal(check('0800 0000 0000 2a01'), vxlan.VXLAN_RESERVED);
  t.equal(check('8800 0000 0000 2a00'), vxlan.VXLAN_RESERVED, 'the G bit without gbp');
  t.equal(vxlan.checkFlags(hex('ffff ffff 0000 2aff'), 0, 8), 0, 'reserved bits are not its business');
});

t.test('each of the 39 reserved bits is refused, and accepted when the mask leaves it out', async (t) => {
  let refused = 0;
  for (let bit = 0; bit < 64; bit++) {
    const header = hex('0800 0000 0000 2a00');
    header[bit >> 3] ^= 0x80 >> (bit & 7);
    if (vxlan.checkReserved(header, 0) === 0) continue;
    refused++;
    const high = bit < 32 ? vxlan.RESERVED_HIGH & ~(0x80000000 >>> bit) : vxlan.RESERVED_HIGH;
    const low = bit < 32 ? vxlan.RESERVED_LOW : vxlan.RESERVED_LOW & ~(0x80000000 >>> (bit - 32));
    t.equal(vxlan.checkVxlan(header, 0, 8, high, low), 0, `bit ${bit}`);
  }
  t.equal(refused, 39);
});

t.test('any octets: a valid header is exactly the I flag, a VNI and zeros', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
      const rebuilt = new Uint8Array(8);
      vxlan.putVxlan(rebuilt, 0, vxlan.vni(bytes, 0));
      return (vxlan.checkVxlan(bytes, 0, 8) === 0) === (Buffer.compare(rebuilt, bytes) === 0);
    }),
    { examples: [[hex('0800 0000 ffff ff00')], [hex('0800 0000 0000 0001')]] },
  );
});
