import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { load } from '../../lib/native/load.js';
import { inodesOf, portOwner } from '../../lib/native/port-owner.js';
import { NEEDS_ROOT, shimIn } from '../support/kernel-shim.js';
import { Namespace } from '../support/lab/namespace.js';

const LINES = `
 1234: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 84511 2 0000000000000000 0
 1235: 0100007F:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 84512 2 0000000000000000 0
 1236: 00000000:0035 00000000:12B5 07 00000000:00000000 00:00000000 00000000     0        0 84513 2 0000000000000000 0
 1237: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0000000000000000 0
`.split('\n');

t.test('sockets bound to a port, by the lines of /proc/net/udp', (t) => {
  t.same(
    inodesOf(LINES, 4789),
    ['84511', '84512'],
    'neither peers of that port nor sockets without an inode',
  );
  t.same(inodesOf(LINES, 53), ['84513']);
  t.same(inodesOf(LINES, 1), []);
  t.end();
});

t.test('a process is named with its pid', async (t) => {
  for (const [type, address] of [
    ['udp4', '127.0.0.1'],
    ['udp6', '::1'],
  ] as const) {
    const socket = createSocket(type);
    socket.bind(0, address);
    const [event] = await Promise.race([
      once(socket, 'listening').then(() => ['listening']),
      once(socket, 'error').then(() => ['error']),
    ]);
    if (event === 'error') {
      t.comment(`no ${type} here`);
      continue;
    }
    t.match(portOwner(load(), socket.address().port), new RegExp(`^\\S.* \\(pid ${process.pid}\\)$`), type);
    socket.close();
  }
});

t.test('a kernel vxlan device is named, while it is up', { skip: NEEDS_ROOT }, async (t) => {
  const ns = await Namespace.create('owner');
  t.teardown(() => ns.close());
  const add = await ns.ip('link add vx0 type vxlan id 7 dstport 47899 remote 192.0.2.2', {
    allowFailure: true,
  });
  if (add.code !== 0) return t.pass('the kernel has no vxlan device');
  t.equal(portOwner(shimIn(ns.path), 47899), undefined);
  await ns.ip('link set vx0 up');
  t.equal(portOwner(shimIn(ns.path), 47899), 'the kernel vxlan device vx0');
  t.equal(portOwner(shimIn(ns.path), 47898), undefined);
});
