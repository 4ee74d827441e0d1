import fc from 'fast-check';
import t from 'tap';
import { addressBytes } from '../../lib/control/address.js';
import { firstAddress, isFirst, isInside, parsePrefix, prefixText } from '../../lib/flannel/prefix.js';

t.test('prefixes are read and written', (t) => {
  for (const text of ['10.5.0.0/16', '0.0.0.0/0', '10.5.3.0/24', 'fd05::/56', 'fd05:0:0:58::/64']) {
    t.equal(prefixText(parsePrefix(text)), text);
  }
  t.equal(firstAddress('fd05:0:0:58::/64'), 'fd05:0:0:58::');
  for (const wrong of ['10.5.3.1/24', '10.5.3.0/33', 'flannel', '10.5.3.0/']) {
    t.throws(() => parsePrefix(wrong), { code: 'ERR_VTEP_ARGUMENT', word: wrong }, wrong);
  }
  t.end();
});

t.test('what lies in a network', (t) => {
  const inside = (network: string, address: string): boolean =>
    isInside(parsePrefix(network), addressBytes(address));
  t.ok(inside('10.5.0.0/16', '10.5.255.255'));
  t.notOk(inside('10.5.0.0/16', '10.6.0.0'));
  t.ok(inside('10.5.3.128/25', '10.5.3.200'));
  t.notOk(inside('10.5.3.128/25', '10.5.3.127'));
  t.ok(inside('0.0.0.0/0', '203.0.113.9'));
  t.ok(inside('fd05::/56', 'fd05:0:0:ff::1'));
  t.notOk(inside('fd05::/56', 'fd05:0:0:100::'));
  t.notOk(inside('10.5.0.0/16', 'fd05::'), 'families do not mix');
  t.ok(isFirst(addressBytes('10.5.3.0'), 24));
  t.notOk(isFirst(addressBytes('10.5.3.1'), 24));
  t.ok(isFirst(addressBytes('10.5.3.128'), 25));
  t.notOk(isFirst(addressBytes('fd05:0:0:58::1'), 64));
  t.end();
});

t.test('as 32-bit arithmetic has it', (t) => {
  const octets = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const word = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  fc.assert(
    fc.property(octets, octets, fc.integer({ min: 0, max: 32 }), (a, b, length) => {
      const mask = length === 0 ? 0 : -1 << (32 - length);
      t.equal(isInside({ octets: a, length }, b), ((word(a) ^ word(b)) & mask) === 0);
      t.equal(isFirst(a, length), (word(a) & ~mask) === 0);
    }),
    { numRuns: 300 },
  );
  t.end();
});
