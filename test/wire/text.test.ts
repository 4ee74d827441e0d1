import { isIP } from 'node:net';
import fc from 'fast-check';
import { Address6 } from 'ip-address';
import t from 'tap';
import { formatAddress, formatMac, isIpv4, parseAddress, parseMac, parseMask } from '../../lib/wire/text.js';

t.test('MAC addresses', async (t) => {
  t.same(parseMac('ee:35:0F:11:73:b3'), { high: 0xee350f11 | 0, low: 0x73b3 });
  t.equal(formatMac(0xee350f11 | 0, 0x73b3), 'ee:35:0f:11:73:b3');
  t.equal(formatMac(1, 2), '00:00:00:01:00:02');
  for (const text of [
    '',
    'ee:35:0f:11:73',
    'ee:35:0f:11:73:b3:00',
    'ee:35:0f:11:73:g3',
    'ee-35-0f-11-73-b3',
    'e:35:0f:11:73:b3',
    ' ee:35:0f:11:73:b3',
    'ee:35:0f:11:73:b3\n',
    'ee350f1173b3',
  ]) {
    t.equal(parseMac(text), undefined, JSON.stringify(text));
  }
  fc.assert(
    fc.property(fc.integer(), fc.nat(0xffff), (high, low) => {
      const mac = parseMac(formatMac(high, low));
      return mac?.high === high && mac.low === low;
    }),
  );
});

t.test('addresses as words', async (t) => {
  t.same([...(parseAddress('192.0.2.1') ?? [])], [0, 0, 0xffff, 0xc0000201 | 0]);
  t.same([...(parseAddress('2001:db8::1') ?? [])], [0x20010db8, 0, 0, 1]);
  t.same([...(parseAddress('::ffff:192.0.2.1') ?? [])], [0, 0, 0xffff, 0xc0000201 | 0], 'v4-mapped');
  t.equal(formatAddress([9, 0x20010db8, 0, 0, 1], 1), '2001:db8::1', 'at an index');
  t.ok(isIpv4(parseAddress('0.0.0.0') ?? []));
  t.notOk(isIpv4(parseAddress('::') ?? []));
});

t.test('what is no address', async (t) => {
  const wrong = [
    '',
    '1',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '1.2.3.4 ',
    '1.2.3.',
    '0x7f.0.0.1',
    '١.2.3.4',
  ];
  wrong.push(
    ':',
    ':::',
    '1:',
    ':1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    'g::',
    '1:2:3:4::5:6:7:8',
  );
  wrong.push(
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '[::1]',
    '::/0',
    '::1 ',
    '::010.0.0.1',
  );
  for (const text of wrong) t.equal(parseAddress(text), undefined, JSON.stringify(text));
});

t.test('canonical form (RFC 5952)', async (t) => {
  const canonical = (text: string) => formatAddress(parseAddress(text) ?? []);
  t.equal(canonical('2001:DB8:0:0:0:0:0:0001'), '2001:db8::1');
  t.equal(canonical('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1', 'one zero field is written');
  t.equal(canonical('2001:0:0:1:0:0:0:1'), '2001:0:0:1::1', 'the longest run');
  t.equal(canonical('2001:db8:0:0:1:0:0:1'), '2001:db8::1:0:0:1', 'the first of equal runs');
  t.equal(canonical('0:0:0:0:0:0:0:0'), '::');
  t.equal(canonical('1:2:3:4:5:6:7::'), '1:2:3:4:5:6:7:0');
  t.equal(canonical('::ffff:c000:0201'), '192.0.2.1');
});

/** Text that is nearly an address. */
const almost = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.:.'.split('')), maxLength: 24 }),
  fc
    .array(fc.oneof(fc.constantFrom('', '0', '00', '1', 'ffff', '12345', '1.2.3.4')), {
      minLength: 3,
      maxLength: 9,
    })
    .map((fields) => fields.join(':')),
);

t.test('accepts what node:net accepts, zones apart', async () => {
  fc.assert(
    fc.property(almost, (text) => (parseAddress(text) !== undefined) === (isIP(text) !== 0)),
    { numRuns: 5000 },
  );
});

t.test('writes what ip-address calls the correct form, and reads it back', async () => {
  const word = fc.oneof(fc.integer(), fc.constantFrom(0, 1, 0xffff, 0x10000));
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), (words) => {
      const text = formatAddress(words);
      const back = [...(parseAddress(text) ?? [])];
      if (isIpv4(words)) return isIP(text) === 4 && back[3] === words[3];
      return text === new Address6(text).correctForm() && words.every((value, i) => value === back[i]);
    }),
    { numRuns: 2000 },
  );
});

t.test('masks are read as C reads numbers', async (t) => {
  t.equal(parseMask('0xff'), 255n);
  t.equal(parseMask('255'), 255n);
  t.equal(parseMask('0377'), 255n);
  t.equal(parseMask('0'), 0n);
  t.equal(parseMask('0xffffffffffffffff'), 0xffff_ffff_ffff_ffffn);
  t.equal(parseMask('18446744073709551615'), 0xffff_ffff_ffff_ffffn);
  for (const text of ['', '0x', 'zz', '-1', '1.5', '0x1ffffffffffffffff', '18446744073709551616', '08'])
    t.equal(parseMask(text), undefined, text);
});
