/**
 * Hosts of a Flannel network: one with the kernel's vxlan device, told by `ip` and `bridge` what flanneld tells it, and one
 * with ours. On each, pods on a bridge:
 *
 *      pod eth0 10.5.74.2/24 ---- br0 10.5.74.1/24   flannel.1 10.5.74.0/32 ---- eth0 underlay
 *          fd05:0:0:4a::2/64          fd05:0:0:4a::1   flannel-v6.1 fd05:0:0:4a::/128
 */
import { execFileSync } from 'node:child_process';
import { FlannelDevice } from '../../../lib/flannel/device.js';
import { Host as KernelTables } from '../../../lib/flannel/host.js';
import { StaticProgrammer } from '../../../lib/flannel/static-programmer.js';
import type { Peer, VxlanBackend } from '../../../lib/flannel/types.js';
import { chooseUnderlay } from '../../../lib/flannel/underlay.js';
import { shimIn } from '../kernel-shim.js';
import type { Guest } from './guest.js';
import type { Host } from './host.js';

export const NETWORK = '10.5.0.0/16';
export const NETWORK6 = 'fd05::/56';

export const BACKEND: VxlanBackend = {
  ...{ vni: 1, port: 8472, mtu: undefined, gbp: false, learning: false, directRouting: false },
};

/** Numbers of the subnets: 10.5.N.0/24 and fd05:0:0:N::/64, N in hexadecimal there. */
export const subnetOf = (n: number): string => `10.5.${n}.0/24`;
export const subnet6Of = (n: number): string => `fd05:0:0:${n.toString(16)}::/64`;
const firstOf = (subnet: string): string => subnet.split('/')[0]!;
/** The address of a host number `i` of a subnet. */
export const inSubnet = (n: number, i: number): string => `10.5.${n}.${i}`;
export const inSubnet6 = (n: number, i: number): string => `fd05:0:0:${n.toString(16)}::${i}`;

/** The kernel's tables of a host of the laboratory; its settings are written by a process inside. */
export function tablesOf(host: Host): KernelTables {
  const inside = (script: string): string =>
    execFileSync('ip', ['netns', 'exec', host.namespace.name, 'sh', '-c', script], {
      encoding: 'utf8',
    }).trim();
  return new KernelTables(shimIn(host.namespace.path), {
    readSetting: (path) => inside(`cat ${path}`),
    writeSetting: (path, value) => void inside(`echo ${value} >${path}`),
  });
}

export interface OursOptions {
  /** Number of the subnet. */
  subnet: number;
  ipv6?: boolean;
  backend?: Partial<VxlanBackend>;
}

/** Devices and programmer of a host with ours; the daemon has to run. */
export class OurFlannel {
  readonly tables: KernelTables;
  readonly device: FlannelDevice;
  readonly device6: FlannelDevice | undefined;
  readonly programmer: StaticProgrammer;
  readonly #subnet: number;

  constructor(host: Host, { subnet, ipv6 = false, backend = {} }: OursOptions) {
    const client = host.daemon();
    this.tables = tablesOf(host);
    this.#subnet = subnet;
    const common = { client, host: this.tables, backend: { ...BACKEND, ...backend } };
    const underlay = (family: 4 | 6) => chooseUnderlay(this.tables, family, 'eth0');
    this.device = new FlannelDevice({ ...common, family: 4, network: NETWORK, underlay: underlay(4) });
    this.device6 = ipv6
      ? new FlannelDevice({ ...common, family: 6, network: NETWORK6, underlay: underlay(6) })
      : undefined;
    this.programmer = new StaticProgrammer({
      ...{ client, host: this.tables, directRouting: common.backend.directRouting },
      ipv4: { device: this.device, subnetLength: 24 },
      ...(this.device6 ? { ipv6: { device: this.device6, subnetLength: 64 } } : {}),
    });
  }

  async join(peers: readonly Peer[]): Promise<void> {
    await this.device.ensure();
    await this.device.configure(subnetOf(this.#subnet));
    await this.device6?.ensure();
    await this.device6?.configure(subnet6Of(this.#subnet));
    await this.programmer.reconcile(peers);
  }
}

/** What a host is to the others. */
export function peerOf(host: Host, n: number, mac: string, mac6?: string): Peer {
  return {
    key: `10.5.${n}.0-24`,
    ipv4: { subnet: subnetOf(n), publicIp: host.address, mac },
    ipv6: mac6 === undefined ? undefined : { subnet: subnet6Of(n), publicIp: host.address6, mac: mac6 },
  };
}

/** flanneld's device on a host with the kernel's; returns its MAC. */
export async function kernelDevice(host: Host, n: number, family: 4 | 6 = 4): Promise<string> {
  const name = family === 4 ? 'flannel.1' : 'flannel-v6.1';
  const { namespace } = host;
  const local = family === 4 ? host.address : host.address6;
  await namespace.ip(`link add ${name} type vxlan id 1 local ${local} dev eth0 dstport 8472 nolearning`);
  const address = family === 4 ? `${firstOf(subnetOf(n))}/32` : `${firstOf(subnet6Of(n))}/128`;
  await namespace.ip(`addr add ${address} dev ${name}`);
  await namespace.ip(`link set ${name} up`);
  const [link] = await namespace.ipJson<{ address: string }[]>(`link show ${name}`);
  return link!.address;
}

/** A peer as flanneld adds it: neighbour, FDB entry, route. */
export async function kernelPeer(host: Host, peer: Peer): Promise<void> {
  const { namespace } = host;
  for (const [dev, family] of [
    ['flannel.1', peer.ipv4],
    ['flannel-v6.1', peer.ipv6],
  ] as const) {
    if (!family) continue;
    const { subnet, publicIp, mac } = family;
    await namespace.ip(`neigh replace ${firstOf(subnet)} lladdr ${mac} dev ${dev} nud permanent`);
    await namespace.command([
      ...[
        'bridge',
        '-n',
        namespace.name,
        'fdb',
        'replace',
        mac,
        'dev',
        dev,
        'dst',
        publicIp,
        'self',
        'permanent',
      ],
    ]);
    await namespace.ip(`route replace ${subnet} via ${firstOf(subnet)} dev ${dev} onlink`);
  }
}

/** A bridge with one pod on it. */
export async function podOn(host: Host, n: number, ipv6 = false): Promise<Guest> {
  await host.bridge(`${inSubnet(n, 1)}/24`);
  await host.namespace.sysctl('net.ipv4.ip_forward', 1);
  const pod = await host.guest({ address: `${inSubnet(n, 2)}/24`, gateway: inSubnet(n, 1), mtu: 1430 });
  if (ipv6) {
    await host.namespace.sysctl('net.ipv6.conf.all.forwarding', 1);
    await host.namespace.ip(`addr add ${inSubnet6(n, 1)}/64 dev br0 nodad`);
    // A router solicits from its link-local address, and namespaces of the laboratory have none.
    await host.namespace.ip('addr add fe80::1/64 dev br0 nodad');
    await pod.namespace.ip(`addr add ${inSubnet6(n, 2)}/64 dev eth0 nodad`);
    await pod.namespace.ip(`route add default via ${inSubnet6(n, 1)}`);
  }
  return pod;
}
