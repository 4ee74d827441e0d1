/** A host with ours in a Flannel network beside one whose kernel device was told what flanneld tells it. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Peer } from '../../lib/flannel/types.js';
import { chooseUnderlay } from '../../lib/flannel/underlay.js';
import {
  inSubnet,
  inSubnet6,
  kernelDevice,
  kernelPeer,
  OurFlannel,
  peerOf,
  podOn,
  subnet6Of,
  subnetOf,
  tablesOf,
} from '../support/lab/flannel.js';
import type { Guest } from '../support/lab/guest.js';
import type { Host } from '../support/lab/host.js';
import { onEach } from '../support/lab/on-pairs.js';
import type { Witness } from '../support/lab/scenario/witness.js';
import { soon } from '../support/soon.js';

const [OURS, THEIRS] = [74, 3];
/** Milliseconds: a machine that runs other tests beside takes many times as long as one that does not. */
const SLOW = 10_000;

async function lines(host: Host, words: string): Promise<string[]> {
  const { stdout } = await host.namespace.ip(words, { quiet: true });
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** What was recorded of flanneld's device; later iproute2 names two defaults more, and every device's queues. */
const RECORDED =
  'vxlan id 1 local LOCAL dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx';

/** The options in the output of `ip -d link`. */
function vxlanLine(text: string, host: Host): string | undefined {
  const line = text.split('\n').find((each) => each.trim().startsWith('vxlan id'));
  return line
    ?.trim()
    .replace(new RegExp(` local (${host.address}|${host.address6}) `), ' local LOCAL ')
    .replace(/ reserved_bits 0xf7ffffff000000ff/, '')
    .replace(/ (localbypass|addrgenmode .*)$/, '');
}

async function talks(witness: Witness, from: Guest, to: Guest, address: string, what: string): Promise<void> {
  const ping = await from.ping(address, { count: 3, interval: 20_000 });
  witness.check(ping.received === 3, `${what}: ping`, ping);
  const tcp = await from.streamTo(to, { megabytes: 2 }, address);
  witness.check(tcp.ok, `${what}: TCP`, tcp);
}

/** Both hosts in one network, a pod on each. */
async function layOut(hosts: readonly Host[], ipv6: boolean, backend = {}) {
  const [a, b] = hosts as [Host, Host];
  await a.startDaemon([]);
  const mac = await kernelDevice(b, THEIRS);
  const mac6 = ipv6 ? await kernelDevice(b, THEIRS, 6) : undefined;
  const theirs = peerOf(b, THEIRS, mac, mac6);
  const flannel = new OurFlannel(a, { subnet: OURS, ipv6, backend });
  await flannel.join([theirs]);
  const ours = peerOf(a, OURS, flannel.device.mac, flannel.device6?.mac);
  await kernelPeer(b, ours);
  const pods = [await podOn(a, OURS, ipv6), await podOn(b, THEIRS, ipv6)] as const;
  return { a, b, flannel, theirs, ours, mac, mac6, pods };
}

await onEach(
  t,
  'a dual-stack network',
  async (lab, witness) => {
    const { a, b, flannel, mac, mac6, pods } = await layOut(lab.hosts, true);
    const [near, far] = pods;
    await talks(witness, near, far, inSubnet(THEIRS, 2), 'IPv4, ours to the kernel’s');
    await talks(witness, far, near, inSubnet(OURS, 2), 'IPv4, the kernel’s to ours');
    await talks(witness, near, far, inSubnet6(THEIRS, 2), 'IPv6, ours to the kernel’s');
    await talks(witness, far, near, inSubnet6(OURS, 2), 'IPv6, the kernel’s to ours');

    // What stands in the recordings of flanneld, in the words of ip and bridge.
    witness.check(
      (await lines(a, 'neigh show dev flannel.1 nud permanent')).includes(`10.5.3.0 lladdr ${mac} PERMANENT`),
      'ip neigh',
    );
    witness.check(
      (await lines(a, 'route show 10.5.3.0/24')).includes('10.5.3.0/24 via 10.5.3.0 dev flannel.1 onlink'),
      'ip route',
    );
    const [detailed] = await lines(a, '-d route show 10.5.3.0/24');
    witness.check(
      detailed === 'unicast 10.5.3.0/24 via 10.5.3.0 dev flannel.1 proto boot scope global onlink',
      'ip -d route',
      detailed,
    );
    witness.check(
      (await lines(a, '-6 neigh show dev flannel-v6.1 nud permanent')).includes(
        `fd05:0:0:3:: lladdr ${mac6} PERMANENT`,
      ),
      'ip -6 neigh',
    );
    const [route6] = await lines(a, `-6 route show ${subnet6Of(THEIRS)}`);
    witness.check(
      route6 === 'fd05:0:0:3::/64 via fd05:0:0:3:: dev flannel-v6.1 metric 1024 onlink pref medium',
      'ip -6 route',
      route6,
    );
    const address = (await lines(a, '-o -4 addr show dev flannel.1'))[0];
    witness.check(/inet 10\.5\.74\.0\/32 scope global flannel\.1/.test(address ?? ''), 'ip addr', address);
    const address6 = (await lines(a, '-o -6 addr show dev flannel-v6.1 scope global'))[0];
    witness.check(/inet6 fd05:0:0:4a::\/128 scope global/.test(address6 ?? ''), 'ip -6 addr', address6);
    const fdb = (await a.vtep('fdb show dev flannel.1')).stdout.trim();
    witness.check(fdb === `${mac} dst ${b.address} self permanent`, 'vtep fdb', fdb);

    for (const name of ['flannel.1', 'flannel-v6.1']) {
      const ours = vxlanLine((await a.vtep(`-d link show ${name}`)).stdout, a);
      const theirs = vxlanLine((await b.namespace.ip(`-d link show ${name}`)).stdout, b);
      witness.check(ours === RECORDED && theirs === RECORDED, `vtep -d link show ${name}`, { ours, theirs });
      const mtus = await Promise.all([a, b].map((host) => lines(host, `link show ${name}`)));
      const [mtu, kernelMtu] = mtus.map(([first]) => /mtu \d+/.exec(first ?? '')?.[0]);
      witness.check(
        mtu === kernelMtu && mtu === (name === 'flannel.1' ? 'mtu 1450' : 'mtu 1430'),
        `${name}: MTU`,
        mtus,
      );
    }
    witness.check(
      (await flannel.programmer.state()).every(({ ipv4, ipv6 }) =>
        [ipv4, ipv6].every((state) => state?.fdb && state.neighbour && state.route),
      ),
      'everything in place',
    );
    const ra = flannel.tables.setting('ipv6/conf/flannel.1/accept_ra', '0');
    witness.check(ra === undefined, 'accept_ra');
  },
  [['uvtep', 'kernel']],
);

await onEach(
  t,
  'a peer changes, entries of others stay',
  async (lab, witness) => {
    const { a, b, flannel, pods, theirs, ours } = await layOut(lab.hosts, false);
    const { programmer } = flannel;
    const reaches = async (): Promise<boolean> =>
      (await pods[0].ping(inSubnet(THEIRS, 2), { count: 3, interval: 20_000 })).received > 0;
    witness.check(await reaches(), 'before');

    await a.namespace.ip('neigh add 10.5.3.77 lladdr 02:00:00:00:00:77 dev flannel.1 nud permanent');
    await a.namespace.ip('neigh add 10.5.99.0 lladdr 02:00:00:00:00:99 dev flannel.1 nud noarp');
    await a.namespace.ip('route add 10.5.88.0/24 via 10.5.88.0 dev flannel.1 onlink proto static');
    await a.namespace.ip('route add 172.16.0.0/12 via 10.5.3.0 dev flannel.1 onlink');
    await a.namespace.ip('route add 10.5.89.0/24 via 192.168.100.3 dev eth0');
    await a.vtep('fdb add 02:00:00:00:00:55 dst 192.168.100.9 dev flannel.1 static');
    await a.vtep('fdb append 00:00:00:00:00:00 dst 192.168.100.9 dev flannel.1');
    const foreign = async (): Promise<number> => {
      const neigh = await lines(a, 'neigh show dev flannel.1 nud all');
      const routes = await lines(a, 'route show');
      const fdb = (await a.fdb('flannel.1')).map(({ mac }) => mac);
      return (
        neigh.filter((line) => /^10\.5\.(3\.77|99\.0) /.test(line)).length +
        routes.filter((line) => /^(10\.5\.88\.0|10\.5\.89\.0|172\.16)/.test(line)).length +
        fdb.filter((mac) => mac === '02:00:00:00:00:55' || mac === '00:00:00:00:00:00').length
      );
    };
    witness.check((await foreign()) === 7, 'foreign entries are there', await foreign());

    await b.namespace.ip('link set flannel.1 address 02:00:00:00:03:03');
    await kernelPeer(b, ours); // the kernel forgets an interface's neighbours with its MAC
    const moved: Peer = { ...theirs, ipv4: { ...theirs.ipv4!, mac: '02:00:00:00:03:03' } };
    await programmer.apply([moved], []);
    witness.check(await reaches(), 'after its MAC changed');
    const macs = (await a.fdb('flannel.1')).map(({ mac }) => mac);
    witness.check(!macs.includes(theirs.ipv4!.mac), 'the old FDB entry has gone', macs);

    await b.namespace.ip('addr add 192.168.100.33/24 dev eth0');
    await b.namespace.ip('link del flannel.1');
    await b.namespace.ip(
      'link add flannel.1 address 02:00:00:00:03:03 type vxlan id 1 local 192.168.100.33 dev eth0 dstport 8472 nolearning',
    );
    await b.namespace.ip('addr add 10.5.3.0/32 dev flannel.1');
    await b.namespace.ip('link set flannel.1 up');
    await kernelPeer(b, ours);
    await programmer.apply([{ ...moved, ipv4: { ...moved.ipv4!, publicIp: '192.168.100.33' } }], []);
    witness.check(await reaches(), 'after its public address changed');
    const entry = (await a.fdb('flannel.1')).find(({ mac }) => mac === '02:00:00:00:03:03');
    witness.check(entry?.dst === '192.168.100.33', 'replaced', entry);

    // A second run, of a host that left meanwhile.
    const again = new OurFlannel(a, { subnet: OURS });
    const mac = flannel.device.mac;
    await again.join([]);
    witness.check(again.device.mac === mac, 'adopted, with its MAC');
    witness.check((await lines(a, 'route show 10.5.3.0/24')).length === 0, 'its route has gone');
    witness.check(
      (await lines(a, 'neigh show 10.5.3.0 dev flannel.1 nud permanent')).length === 0,
      'its neighbour too',
    );
    const left = (await a.fdb('flannel.1')).map(({ mac: each }) => each).sort();
    witness.check(left.join() === '00:00:00:00:00:00,02:00:00:00:00:55', 'its FDB entry too', left);
    witness.check((await foreign()) === 7, 'foreign entries are there still', await foreign());
  },
  [['uvtep', 'kernel']],
);

await onEach(
  t,
  'DirectRouting',
  async (lab, witness) => {
    const { a, b, flannel, theirs, pods } = await layOut(lab.hosts, false, { directRouting: true });
    await b.namespace.ip(`route replace ${subnetOf(OURS)} via ${a.address} dev eth0`);
    const route = async (): Promise<string> => (await lines(a, `route show ${subnetOf(THEIRS)}`)).join();
    witness.check((await route()) === `10.5.3.0/24 via ${b.address} dev eth0`, 'on the link', await route());
    const entries = [
      ...(await lines(a, 'neigh show dev flannel.1 nud permanent')),
      ...(await a.fdb('flannel.1')),
    ];
    witness.check(entries.length === 0, 'nothing else', entries);
    await talks(witness, pods[0], pods[1], inSubnet(THEIRS, 2), 'past the tunnel');

    // The same peer behind a router: through the tunnel.
    await b.namespace.ip('addr add 10.98.0.3/32 dev lo');
    await a.namespace.ip(`route add 10.98.0.0/24 via ${b.address}`);
    const behind: Peer = { ...theirs, ipv4: { ...theirs.ipv4!, publicIp: '10.98.0.3' } };
    await flannel.programmer.apply([behind], []);
    witness.check(
      (await route()) === '10.5.3.0/24 via 10.5.3.0 dev flannel.1 onlink',
      'tunnelled',
      await route(),
    );

    await a.namespace.ip('route replace 10.98.0.0/24 dev eth0');
    await flannel.programmer.reconcile([behind]);
    witness.check(
      (await route()) === '10.5.3.0/24 via 10.98.0.3 dev eth0',
      'and direct again',
      await route(),
    );
    await flannel.programmer.apply([], [behind.key]);
    witness.check((await route()) === '', 'gone');
  },
  [['uvtep', 'kernel']],
);

await onEach(
  t,
  'the data-plane daemon is killed, the interface removed',
  async (lab, witness) => {
    const { a, flannel, mac, pods } = await layOut(lab.hosts, false);
    const before = flannel.device.mac;
    const reaches = async (): Promise<boolean> =>
      (await pods[0].ping(inSubnet(THEIRS, 2), { count: 3, interval: 20_000 })).received > 0;
    const { pid } = await a.daemon().daemon();
    process.kill(pid, 'SIGKILL');
    witness.check(
      await soon(async () => (await lines(a, 'link show')).every((line) => !line.includes('flannel.1'))),
      'everything has gone',
    );
    const early = await flannel.programmer.restore().then(
      () => 'done',
      (error: { code: string }) => error.code,
    );
    witness.check(early === 'ERR_VTEP_DAEMON', 'no daemon, no entries', early);
    await a.startDaemon([]);
    await flannel.programmer.restore();
    witness.check(flannel.device.mac === before, 'the MAC that peers know', flannel.device.mac);
    witness.check(await reaches(), 'traffic goes on');

    await a.namespace.ip('link del flannel.1');
    await soon(async () => (await a.daemon().links()).length === 0);
    await flannel.programmer.restore();
    witness.check(flannel.device.mac === before && (await reaches()), 'after `ip link del` too');
    witness.check(
      (await a.fdb('flannel.1')).some((entry) => entry.mac === mac),
      'with its FDB',
    );
  },
  [['uvtep', 'kernel']],
);

await onEach(
  t,
  'what a host lacks',
  async (lab, witness) => {
    const [a] = lab.hosts as [Host, Host];
    const tables = tablesOf(a);
    const said = async (act: () => unknown): Promise<string> => {
      try {
        return JSON.stringify(await act());
      } catch (error) {
        return (error as Error).message;
      }
    };
    const none = await said(() => chooseUnderlay(tables, 4));
    witness.check(none.includes('no IPv4 default route'), 'a default route', none);
    await a.namespace.ip('route add default via 192.168.100.3');
    await a.namespace.ip('route add default via fd00:100::3');
    for (const [family, address] of [
      [4, a.address],
      [6, a.address6],
    ] as const) {
      const { name, mtu, address: chosen } = chooseUnderlay(tables, family);
      witness.check(name === 'eth0' && mtu === 1500 && chosen === address, `IPv${family}: ${name} ${chosen}`);
    }
    witness.check(chooseUnderlay(tables, 4, a.address).name === 'eth0', 'an address names its interface');

    await a.startDaemon([]);
    await kernelDevice(a, OURS);
    const refused = await said(() => new OurFlannel(a, { subnet: OURS }).join([]));
    witness.check(
      /vxlan device of the kernel.*ip link del flannel\.1/.test(refused),
      'a name: the kernel’s device has it',
      refused,
    );
  },
  [['uvtep', 'kernel']],
);

await onEach(
  t,
  '1,000 peers',
  async (lab, witness) => {
    const [a] = lab.hosts as [Host, Host];
    await a.startDaemon([]);
    const flannel = new OurFlannel(a, { subnet: 1, ipv6: true });
    await flannel.join([]);
    const hex = (n: number): string => n.toString(16).padStart(2, '0');
    const subnetAt = (i: number): string => `10.5.${2 + (i >> 2)}.${(i & 3) * 64}/26`;
    const peers = Array.from({ length: 1000 }, (_, i): Peer => {
      const publicIp = `192.168.${101 + (i >> 8)}.${i & 255}`;
      return {
        key: `p${i}`,
        ipv4: { subnet: subnetAt(i), publicIp, mac: `02:00:00:04:${hex(i >> 8)}:${hex(i & 255)}` },
        ipv6: undefined,
      };
    });
    const timed = async (act: () => Promise<void>): Promise<number> => {
      const begun = performance.now();
      await act();
      return performance.now() - begun;
    };
    const counts = async (): Promise<string> =>
      [
        (await a.fdb('flannel.1')).length,
        (await lines(a, 'neigh show dev flannel.1 nud permanent')).length,
        (await lines(a, 'route show dev flannel.1 proto boot')).length,
      ].join(' + ');
    const first = await timed(() => flannel.programmer.reconcile(peers));
    witness.check(first < SLOW, `all programmed in ${first.toFixed(0)} ms`);
    witness.check((await counts()) === '1000 + 1000 + 1000', 'exactly one of each', await counts());
    const again = await timed(() => flannel.programmer.reconcile(peers));
    witness.check(again < SLOW, `reconciled in ${again.toFixed(0)} ms`);

    const changed = peers.map((peer, i) => ({
      ...peer,
      ipv4: { ...peer.ipv4!, mac: `02:00:00:05:${hex(i >> 8)}:${hex(i & 255)}` },
    }));
    const burst = await timed(async () => {
      await Promise.all(changed.map((peer) => flannel.programmer.apply([peer], [])));
    });
    witness.check(burst < SLOW, `1,000 changes told one by one in ${burst.toFixed(0)} ms`);
    witness.check((await counts()) === '1000 + 1000 + 1000', 'no old MAC is left', await counts());

    const events = a.monitor('fdb');
    await sleep(200);
    for (const peer of changed) await flannel.programmer.apply([structuredClone(peer)], []);
    await sleep(100);
    witness.check(events.lines.length === 0, 'renewals change no table', events.lines.slice(0, 3));
    await events.close();

    const gone = await timed(() =>
      flannel.programmer.apply(
        [],
        changed.map(({ key }) => key),
      ),
    );
    witness.check(gone < SLOW, `all removed in ${gone.toFixed(0)} ms`);
    witness.check((await counts()) === '0 + 0 + 0', 'nothing is left', await counts());
  },
  [['uvtep', 'kernel']],
);
