import t from 'tap';
import {
  checkReservedBits,
  defaultReservedBits,
  headerWord,
  reservedWords,
} from '../../lib/engine/header-bits.js';

const PLAIN = { gbp: false, gpe: false };

t.test('the mask of a device that is told none: what Linux 6.18 reports', async (t) => {
  t.equal(defaultReservedBits(PLAIN), '0xf7ffffff000000ff');
  t.equal(defaultReservedBits({ gbp: true, gpe: false }), '0x77000000000000ff');
  t.equal(defaultReservedBits({ gbp: false, gpe: true }), '0xc2ffff00000000ff');
});

t.test('a bit in use cannot be reserved: the kernel’s words, and the remedy', async (t) => {
  t.equal(checkReservedBits('0XFF', PLAIN), '0xff');
  t.equal(checkReservedBits('0', PLAIN), '0x0');
  t.throws(() => checkReservedBits('0x0800000000000000', PLAIN), {
    code: 'ERR_VTEP_ARGUMENT',
    errno: 'EINVAL',
    message:
      'Used bits 0x08000000ffffff00 cannot overlap reserved bits 0x0800000000000000; reserve at most 0xf7ffffff000000ff',
  });
  t.throws(() => checkReservedBits('0xff00', PLAIN), /reserved bits 0x000000000000ff00/);
  t.throws(
    () => checkReservedBits('0x8000000000000000', { gbp: true, gpe: false }),
    /Used bits 0x88ffffffffffff00/,
  );
  t.throws(() => checkReservedBits('all', PLAIN), {
    code: 'ERR_VTEP_ARGUMENT',
    errno: 'EINVAL',
    word: 'all',
  });
});

t.test('the words of the data plane', async (t) => {
  t.same(reservedWords('0xf7ffffff000000ff'), [0xf7ffffff | 0, 0xff]);
  t.same(reservedWords('0x0'), [0, 0]);
  t.equal(headerWord({ ...PLAIN, gbpId: 0 }), 0x08000000);
  t.equal(headerWord({ gbp: true, gpe: false, gbpId: 0 }), 0x08000000);
  t.equal(headerWord({ gbp: true, gpe: false, gbpId: 0x1234 }) >>> 0, 0x88001234);
  t.equal(headerWord({ gbp: false, gpe: true, gbpId: 0 }), 0x0c000003);
});
