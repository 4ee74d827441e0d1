/** Entries put on the netdev with stock `ip` work as if given to the VTEP. */
import t from 'tap';
import type { Host } from '../support/lab/host.js';
import { onEach } from '../support/lab/on-pairs.js';
import { GUEST_A, GUEST_B } from '../support/lab/scenario/misses-answered.js';
import { soon } from '../support/soon.js';

interface NeighbourLine {
  dst: string;
  lladdr?: string;
}

await onEach(
  t,
  'stock ip neigh and ip route are mirrored',
  async (lab, witness) => {
    const [a, b] = lab.hosts as [Host, Host];
    for (const [host, guest, other, peer] of [
      [a, GUEST_A, GUEST_B, b],
      [b, GUEST_B, GUEST_A, a],
    ] as const) {
      await host.bridge();
      await host.guest(guest);
      await host.vtep('link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy');
      await host.namespace.ip('link set vtep0 master br0 up');
      await host.vtep(`fdb add ${other.mac} dst ${peer.address} dev vtep0`);
      await host.namespace.ip(
        `neigh add ${other.address.split('/')[0]} lladdr ${other.mac} nud permanent dev vtep0`,
      );
    }
    const [vtepNeighbours, vtepRoutes] = [
      () => a.vtepJson<NeighbourLine[]>('neigh show dev vtep0'),
      () => a.vtepJson<{ dst: string }[]>('route show dev vtep0'),
    ];
    const mirrored = async (): Promise<boolean> =>
      (await vtepNeighbours()).some((entry) => entry.dst === '10.20.1.3' && entry.lladdr === GUEST_B.mac);
    witness.check(
      await soon(mirrored),
      '`ip neigh add` is seen by `vtep neigh show`',
      await vtepNeighbours(),
    );
    const ping = await a.guests[0]!.ping('10.20.1.3', { count: 3, interval: 50_000 });
    witness.check(ping.received > 0, 'the proxy answers from it', ping);
    await a.namespace.ip('neigh del 10.20.1.3 dev vtep0');
    witness.check(
      await soon(async () => !(await mirrored())),
      '`ip neigh del` is seen',
      await vtepNeighbours(),
    );

    await a.namespace.ip('addr add 10.20.1.250/32 dev vtep0');
    await a.namespace.ip('route add 10.20.2.0/24 via 10.20.2.0 dev vtep0 onlink');
    const routed = async (): Promise<boolean> =>
      (await vtepRoutes()).some((route) => route.dst === '10.20.2.0/24');
    witness.check(await soon(routed), '`ip route add` is seen by `vtep route show`', await vtepRoutes());
    await a.namespace.ip('route del 10.20.2.0/24 dev vtep0');
    witness.check(await soon(async () => !(await routed())), '`ip route del` is seen', await vtepRoutes());
  },
  [['uvtep', 'uvtep']],
);
