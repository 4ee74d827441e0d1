import t from 'tap';
import * as value from '../../lib/cli/values.js';

t.test('numbers are read as strtoul with base 0', async (t) => {
  t.equal(value.readNumber('10'), 10);
  t.equal(value.readNumber('0x10'), 16);
  t.equal(value.readNumber('010'), 8);
  t.equal(value.readNumber('0'), 0);
  for (const text of ['', '-1', '1.5', '0x', '08', '1e3', ' 1', '1a'])
    t.equal(value.readNumber(text), undefined, text);
});

t.test('bounds of numbers', async (t) => {
  t.equal(value.vni.read('16777215'), 16777215);
  t.equal(value.vni.read('16777216'), undefined);
  t.equal(value.port.read('65535'), 65535);
  t.equal(value.port.read('65536'), undefined);
  t.equal(value.mtu.read('67'), undefined);
  t.equal(value.mtu.read('68'), 68);
  t.equal(value.flowlabel.read('0xfffff'), 0xfffff);
  t.equal(value.flowlabel.read('0x100000'), undefined);
});

t.test('words that stand for numbers', async (t) => {
  t.equal(value.ttl.read('auto'), 0);
  t.equal(value.ttl.read('inherit'), 'inherit');
  t.equal(value.ttl.read('256'), undefined);
  t.equal(value.seconds.read('none'), 0);
  t.same(['0', '1', '0x400', '1025', '-1', ''].map(value.holdFrames.read), [
    0,
    1,
    1024,
    ...[undefined, undefined, undefined],
  ]);
  t.same(['100', '60000', '99', '60001', '1s'].map(value.holdTime.read), [
    100,
    60_000,
    ...[undefined, undefined, undefined],
  ]);
  t.same(['auto', 'off', '1400', '88', '65495'].map(value.mssclamp.read), ['auto', 'off', 1400, 88, 65_495]);
  t.same(['87', '65496', 'on', ''].map(value.mssclamp.read), [undefined, undefined, undefined, undefined]);
  t.same(['on', 'off', '1', '0x10', '1048576'].map(value.neighsnoop.read), [4096, 0, 1, 16, 1_048_576]);
  t.same(['0', '1048577', '-1', 'yes', ''].map(value.neighsnoop.read), new Array(5).fill(undefined));
  t.same(value.gateways.read('10.0.0.1,FD00:0::1'), ['10.0.0.1', 'fd00::1']);
  t.same(value.gateways.read('none'), []);
  const many = Array.from({ length: 65 }, (_, i) => `10.0.0.${i}`);
  t.equal((value.gateways.read(many.slice(1).join()) as string[]).length, 64);
  t.same(
    ['', '10.0.0.1,', '10.0.0.1,224.0.0.1', '10.0.0', 'none,10.0.0.1', many.join()].map(value.gateways.read),
    new Array(6).fill(undefined),
  );
  t.equal(value.limit.read('unlimited'), 0);
  t.equal(value.limit.read('constructor'), undefined, 'no word of Object.prototype');
});

t.test('tos is hexadecimal, a DSCP name or inherit', async (t) => {
  t.equal(value.tos.read('10'), 0x10);
  t.equal(value.tos.read('0x10'), 0x10);
  t.equal(value.tos.read('AF11'), 0x28);
  t.equal(value.tos.read('AF43'), 0x98);
  t.equal(value.tos.read('CS6'), 0xc0);
  t.equal(value.tos.read('EF'), 0xb8);
  t.equal(value.tos.read('inherit'), 'inherit');
  t.equal(value.tos.read('100'), undefined, '256');
  t.equal(value.tos.read('lowdelay'), undefined);
});

t.test('interface names', async (t) => {
  for (const name of ['vtep0', 'a', 'exactly15bytes_']) t.equal(value.ifname.read(name), name);
  for (const name of ['', '.', '..', 'a/b', 'a b', 'a:1', 'sixteen_bytes__x', 'ééééééééé'])
    t.equal(value.ifname.read(name), undefined, name);
});

t.test('MACs and addresses become canonical', async (t) => {
  t.equal(value.lladdr.read('E6:4B:f9:ce:d7:2'), 'e6:4b:f9:ce:d7:02');
  t.equal(value.lladdr.read('e6-4b-f9-ce-d7-82'), undefined);
  t.equal(value.unicastMac.read('01:00:00:00:00:01'), undefined, 'group');
  t.equal(value.unicastMac.read('00:00:00:00:00:00'), undefined, 'zero');
  t.equal(value.address.read('FE80:0::1'), 'fe80::1');
  for (const text of ['1.2.3', '010.0.0.1', 'fe80::1%eth0', 'host', ''])
    t.equal(value.address.read(text), undefined);
  t.equal(value.unicast.read('239.1.1.1'), undefined);
  t.equal(value.group.read('192.0.2.1'), undefined);
  t.equal(value.group.read('ff05::1'), 'ff05::1');
});

t.test('where a DNS name may stand', async (t) => {
  t.equal(value.unicastOrName.read('FE80:0::1'), 'fe80::1');
  for (const name of ['vtep2', 'vtep2.example.org', 'example.org.', 'a_b-1.x', `${'a'.repeat(63)}.b`])
    t.equal(value.unicastOrName.read(name), name);
  for (const text of [
    ...['192.0.2.300', '1.2.3', '7', 'a.7', '0x7f.0x1', '010.0.0.1', 'fe80::1%eth0', '239.1.1.1'],
    ...['', '.', 'a..b', '-a', 'a-', 'a b', 'ä.org', `${'a'.repeat(64)}.b`, Array(86).fill('abc').join('.')],
  ])
    t.equal(value.unicastOrName.read(text), undefined, text);
  t.equal(value.addressOrName.read('239.1.1.1'), '239.1.1.1');
  t.equal(value.group.read('example.org'), undefined);
});

t.test('prefixes have no host bits', async (t) => {
  t.equal(value.prefix.read('10.20.2.0/24'), '10.20.2.0/24');
  t.equal(value.prefix.read('10.20.2.1'), '10.20.2.1/32');
  t.equal(value.prefix.read('default'), 'default');
  t.equal(value.prefix.read('10.20.2.1/24'), undefined);
  t.equal(value.prefix.read('10.20.2.0/33'), undefined);
});

t.test('states may be cut short, first match wins', async (t) => {
  t.equal(value.nud.read('perm'), 'permanent');
  t.equal(value.nud.read('p'), 'permanent');
  t.equal(value.nud.read('pr'), 'probe');
  t.equal(value.nud.read('none'), undefined, 'a neighbour without a state is no entry');
  t.equal(value.nudOrAll.read('all'), 'all');
});
