import t from 'tap';
import { chooseUnderlay } from '../../lib/flannel/underlay.js';
import { FakeHost, hostAddress, linkInfo, routeInfo } from './fakes.js';

/** eth0 (index 2) has 10.99.0.11 and fd99::11; eth1 (3) too has some. */
function host(): FakeHost {
  const fake = new FakeHost([]);
  fake.interfaces.push(linkInfo({ name: 'eth1', ifindex: 3, mtu: 9000 }));
  fake.onInterfaces.push(hostAddress(3, '10.98.0.11/24'));
  return fake;
}

t.test('the interface of the default route, each family its own', (t) => {
  const fake = host();
  fake.onInterfaces.push(hostAddress(3, 'fd98::11/64'));
  fake.routeList = [
    routeInfo('0.0.0.0/0', '10.98.0.1', { ifindex: 3, priority: 100 }),
    routeInfo('0.0.0.0/0', '10.99.0.1', { ifindex: 2 }),
    routeInfo('10.0.0.0/8', '10.98.0.1', { ifindex: 3 }),
    routeInfo('::/0', 'fd98::1', { ifindex: 3 }),
  ];
  t.same(chooseUnderlay(fake, 4), { name: 'eth0', ifindex: 2, mtu: 1500, address: '10.99.0.11' });
  t.same(chooseUnderlay(fake, 6), { name: 'eth1', ifindex: 3, mtu: 9000, address: 'fd98::11' });
  fake.routeList = [{ ...routeInfo('0.0.0.0/0', '10.99.0.1', { ifindex: 2 }), table: 100 }];
  t.throws(() => chooseUnderlay(fake, 4), {
    code: 'ERR_VTEP_ARGUMENT',
    message: 'there is no IPv4 default route to tell the interface by; name one with --iface',
  });
  t.end();
});

t.test('a name or an address', (t) => {
  const fake = host();
  t.match(chooseUnderlay(fake, 4, 'eth1'), { name: 'eth1', address: '10.98.0.11' });
  fake.onInterfaces.push(hostAddress(2, '10.99.0.77/24'));
  t.match(chooseUnderlay(fake, 4, '10.99.0.77'), { name: 'eth0', address: '10.99.0.77' });
  t.match(
    chooseUnderlay(fake, 6, '10.99.0.77'),
    { name: 'eth0', address: 'fd99::11' },
    'of the other family: the interface',
  );
  t.throws(() => chooseUnderlay(fake, 4, 'eth7'), {
    code: 'ERR_VTEP_NO_DEVICE',
    errno: 'ENODEV',
    word: 'eth7',
  });
  t.throws(() => chooseUnderlay(fake, 4, '203.0.113.5'), { code: 'ERR_VTEP_ARGUMENT', word: '203.0.113.5' });
  t.throws(() => chooseUnderlay(fake, 6, 'eth1'), {
    code: 'ERR_VTEP_ARGUMENT',
    message:
      'eth1 has no IPv6 address that others can reach; give it one, or name another interface with --iface',
  });
  t.end();
});

t.test('the best of several addresses', (t) => {
  const fake = host();
  fake.onInterfaces = [
    hostAddress(2, 'fe80::1/64', { scope: 253 }),
    hostAddress(2, 'fd99::dead/64', { flags: 0x20 }),
    hostAddress(2, 'fd99::bad/64', { flags: 0x08 }),
    hostAddress(2, 'fd99::7e/64', { flags: 0x01 }),
    hostAddress(2, 'fd99::11/64', { flags: 0x80 }),
    hostAddress(2, '169.254.3.4/16', { scope: 253 }),
  ];
  t.equal(
    chooseUnderlay(fake, 6, 'eth0').address,
    'fd99::11',
    'neither link-local, deprecated, doubled nor temporary',
  );
  t.equal(chooseUnderlay(fake, 4, 'eth0').address, '169.254.3.4', 'the only one there is');
  fake.onInterfaces.push(hostAddress(2, '10.99.0.12/24', { flags: 0x01 }), hostAddress(2, '10.99.0.11/24'));
  t.equal(chooseUnderlay(fake, 4, 'eth0').address, '10.99.0.11', 'before a secondary one');
  t.end();
});
