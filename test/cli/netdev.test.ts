import { readFileSync } from 'node:fs';
import t from 'tap';
import { netdevOf, presumed } from '../../lib/cli/netdev.js';
import { linkState } from './fixtures.js';

const lo = (file: string): string => readFileSync(`/sys/class/net/lo/${file}`, 'utf8').trim();

t.test('what the daemon implies where the system shows no such interface', async (t) => {
  const link = linkState({ name: 'no-netdev0', id: 1 });
  t.same(netdevOf(link), presumed(link));
  t.same(presumed(link), {
    flags: ['BROADCAST', 'MULTICAST'],
    operstate: 'DOWN',
    linkmode: 'DEFAULT',
    txqlen: 1000,
  });
  t.match(presumed({ ...link, up: true }), {
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    operstate: 'UNKNOWN',
  });
});

t.test('what the system shows, when it is the same interface', async (t) => {
  const address = lo('address');
  const link = linkState({ name: 'lo', id: 1, ifindex: Number(lo('ifindex')), address });
  const netdev = netdevOf(link);
  t.equal(
    netdev.flags.find((flag) => flag !== 'NO-CARRIER'),
    'LOOPBACK',
  );
  t.equal(netdev.txqlen, Number(lo('tx_queue_len')));
  t.ok((netdev.queues?.tx ?? 0) >= 1);
  t.same(netdevOf({ ...link, ifindex: link.ifindex + 1000 }).queues, undefined, 'another index');
  t.same(netdevOf({ ...link, address: '02:00:00:00:00:01' }).queues, undefined, 'another MAC');
});
