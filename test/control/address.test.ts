import fc from 'fast-check';
import t from 'tap';
import * as address from '../../lib/control/address.js';

t.test('addresses are canonical or none', (t) => {
  const cases: [string, string | undefined][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['FE80:0::01', 'fe80::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::', '::'],
    ['1', undefined],
    ['010.0.0.1', undefined],
    ['192.0.2', undefined],
    ['192.0.2.256', undefined],
    ['fe80::1%eth0', undefined],
    ['1::2::3', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) t.equal(address.canonicalAddress(text), expected, text);
  t.end();
});

t.test("octets and text of any address are each other's inverse", (t) => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(octets, (bytes) => {
      const text = address.addressText(bytes);
      t.equal(address.canonicalAddress(text), text);
      t.same(address.addressBytes(text), bytes);
    }),
    { numRuns: 200 },
  );
  t.same(address.addressBytes('::ffff:192.0.2.1'), Uint8Array.of(192, 0, 2, 1));
  t.end();
});

t.test('MACs', (t) => {
  t.equal(address.canonicalMac('E6:4b:f9:CE:d7:7b'), 'e6:4b:f9:ce:d7:7b');
  t.equal(address.canonicalMac('2:0:0:0:0:1'), '02:00:00:00:00:01', 'short octets, as ip accepts them');
  for (const bad of ['02-00-00-00-00-01', '02:00:00:00:00', '02:00:00:00:00:001', 'gg:00:00:00:00:00', '']) {
    t.equal(address.canonicalMac(bad), undefined, bad);
  }
  t.equal(address.isGroupMac('01:00:5e:00:00:01'), true);
  t.equal(address.isGroupMac('02:00:00:00:00:01'), false);
  t.equal(address.macText(address.macBytes('e6:4b:f9:ce:d7:7b')), 'e6:4b:f9:ce:d7:7b');
  t.end();
});

t.test('kinds of address', (t) => {
  for (const group of ['224.0.0.0', '239.255.255.255', 'ff02::1'])
    t.equal(address.isMulticast(group), true, group);
  for (const other of ['223.255.255.255', '240.0.0.1', 'ff::1', 'ff:a::1', 'fe80::1'])
    t.equal(address.isMulticast(other), false, other);
  for (const near of ['fe80::1', 'febf::1']) t.equal(address.isLinkLocal(near), true, near);
  for (const far of ['fec0::1', '169.254.0.1', 'fe8::1']) t.equal(address.isLinkLocal(far), false, far);
  t.end();
});

t.test('prefixes', (t) => {
  const good: [string, string][] = [
    ['10.20.2.0/24', '10.20.2.0/24'],
    ['10.20.2.128/25', '10.20.2.128/25'],
    ['10.20.2.1', '10.20.2.1/32'],
    ['default', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['FD00:1::/32', 'fd00:1::/32'],
    ['fd00::1', 'fd00::1/128'],
  ];
  for (const [text, prefix] of good) t.same(address.canonicalPrefix(text), { prefix }, text);
  const bad: [string, address.PrefixFault][] = [
    ['10.20.2.0/33', 'bad length'],
    ['10.20.2.0/', 'bad length'],
    ['fd00::/129', 'bad length'],
    ['10.20.2.1/24', 'host bits'],
    ['10.20.2.64/25', 'host bits'],
    ['10.20.2/24', 'no prefix'],
  ];
  for (const [text, fault] of bad) t.same(address.canonicalPrefix(text), { fault }, text);
  t.end();
});
