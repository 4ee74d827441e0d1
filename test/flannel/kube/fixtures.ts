/** A registry of node h1 beside a fake API server, and a listener that remembers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { KubeRegistry, type KubeRegistryOptions } from '../../../lib/flannel/kube/registry.js';
import type { RegistryListener } from '../../../lib/flannel/registry.js';
import type { Lease, LeaseAttributes, NetworkConfig } from '../../../lib/flannel/types.js';
import { FakeKube } from '../../support/fake-kube.js';

const range = (network: string, subnetLength: number) => ({
  network,
  subnetLength,
  subnetMin: '',
  subnetMax: '',
});

export const BACKEND = {
  vni: 1,
  port: 8472,
  mtu: undefined,
  gbp: false,
  learning: false,
  directRouting: false,
};
export const IPV4: NetworkConfig = { ipv4: range('10.5.0.0/16', 24), ipv6: undefined, backend: BACKEND };
export const DUAL: NetworkConfig = { ...IPV4, ipv6: range('fd05::/56', 64) };

/** Those of the recording. */
export const OURS: LeaseAttributes = {
  publicIp: '10.99.0.11',
  publicIpv6: 'fd99::11',
  backendType: 'vxlan',
  ipv4: { vni: 1, mac: '1a:70:a7:a6:ee:fe' },
  ipv6: { vni: 1, mac: 'b6:0b:95:cd:d6:04' },
};

const PREFIX = 'flannel.alpha.coreos.com/';

/** Annotations without their prefix, with it. */
export const prefixed = (annotations: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).map(([name, text]) => [PREFIX + name, text]));

/** What flanneld writes on a node. */
export const managed = (publicIp: string, mac: string): Record<string, string> =>
  prefixed({
    'backend-data': `{"VNI":1,"VtepMAC":"${mac}"}`,
    'backend-type': 'vxlan',
    'kube-subnet-manager': 'true',
    'public-ip': publicIp,
  });

export const managed6 = (publicIp: string, mac: string): Record<string, string> =>
  prefixed({ 'backend-v6-data': `{"VNI":1,"VtepMAC":"${mac}"}`, 'public-ipv6': publicIp });

export class Hearer implements RegistryListener {
  readonly snapshots: string[][] = [];
  readonly changes: { leases: Lease[]; gone: string[] }[] = [];
  readonly owns: Lease[] = [];
  readonly problems: string[] = [];
  leases: readonly Lease[] = [];

  snapshot(leases: readonly Lease[]): void {
    this.leases = leases;
    this.snapshots.push(leases.map(({ key }) => key));
  }
  changed(leases: readonly Lease[], gone: readonly string[]): void {
    this.changes.push({ leases: [...leases], gone: [...gone] });
  }
  own(lease: Lease): void {
    this.owns.push(lease);
  }
  problem(key: string, reason: string): void {
    this.problems.push(`${key}: ${reason}`);
  }
}

export interface Scene {
  kube: FakeKube;
  registry: KubeRegistry;
  heard: Hearer;
}

/** A cluster in which node h1 has its podCIDRs, and a registry there. */
export async function scene(
  t: Test,
  config: NetworkConfig = IPV4,
  options: Partial<KubeRegistryOptions> = {},
): Promise<Scene> {
  const kube = await FakeKube.start();
  kube.set('h1', { podCIDR: '10.5.1.0/24', podCIDRs: ['10.5.1.0/24', 'fd05:0:0:1::/64'] });
  const directory = mkdtempSync(join(tmpdir(), 'vtep-kube-'));
  const netConfigPath = join(directory, 'net-conf.json');
  writeFileSync(netConfigPath, '{}');
  const registry = await KubeRegistry.open({
    apiUrl: kube.url,
    env: { NODE_NAME: 'h1' },
    netConfigPath,
    parse: () => ({ config, problems: [] }),
    pause: { first: 5, longest: 40 },
    ...options,
  });
  t.teardown(async () => {
    await registry.close();
    await kube.stop();
    rmSync(directory, { recursive: true });
  });
  return { kube, registry, heard: new Hearer() };
}
