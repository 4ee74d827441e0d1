/** A host of a Flannel network as the tests see one: its registry, and what it was told. */
import { EtcdRegistry, type EtcdRegistryOptions } from '../../../lib/flannel/etcd/registry.js';
import type { RegistryListener } from '../../../lib/flannel/registry.js';
import type { Lease, LeaseAttributes } from '../../../lib/flannel/types.js';
import { soon } from '../../support/soon.js';

export const CONFIG = '{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}';

/** Attributes of the host with this number. */
export function attributes(number: number, change: Partial<LeaseAttributes> = {}): LeaseAttributes {
  return {
    publicIp: `10.99.${number >> 8}.${number & 255}`,
    publicIpv6: undefined,
    backendType: 'vxlan',
    ipv4: { vni: 1, mac: `02:00:00:00:${hex(number >> 8)}:${hex(number & 255)}` },
    ipv6: undefined,
    ...change,
  };
}

const hex = (octet: number): string => octet.toString(16).padStart(2, '0');

/** As flanneld writes it, by hand. */
export function value(number: number): string {
  const { publicIp, ipv4 } = attributes(number);
  return `{"PublicIP":"${publicIp}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${ipv4!.mac}"}}`;
}

export class Host implements RegistryListener {
  readonly registry: EtcdRegistry;
  /** Its leases but the own, put together from what was told. */
  leases = new Map<string, Lease>();
  readonly snapshots: string[][] = [];
  readonly changes: { leases: string[]; gone: string[] }[] = [];
  readonly owns: Lease[] = [];
  readonly problems: string[] = [];

  constructor(options: EtcdRegistryOptions) {
    this.registry = new EtcdRegistry(options);
  }

  snapshot(leases: readonly Lease[]): void {
    this.leases = new Map(leases.map((lease) => [lease.key, lease]));
    this.snapshots.push(leases.map(({ key }) => key));
  }

  changed(leases: readonly Lease[], gone: readonly string[]): void {
    for (const key of gone) this.leases.delete(key);
    for (const lease of leases) this.leases.set(lease.key, lease);
    this.changes.push({ leases: leases.map(({ key }) => key), gone: [...gone] });
  }

  own(lease: Lease): void {
    this.owns.push(lease);
  }

  problem(key: string, reason: string): void {
    this.problems.push(`${key}: ${reason}`);
  }

  /** Watches, and waits for the first list and for the watch that follows it. */
  async watch(): Promise<this> {
    this.registry.watch(this);
    await this.until(() => this.snapshots.length > 0);
    return this;
  }

  /** @throws when it does not come true in time */
  async until(test: () => boolean, timeout = 8000): Promise<void> {
    if (test() || (await soon(async () => test(), timeout))) return;
    const { leases, snapshots, changes, owns, problems } = this;
    const state = {
      leases: [...leases.keys()].slice(0, 20),
      snapshots: snapshots.length,
      changes: changes.slice(-5),
      owns,
      problems,
    };
    throw new Error(
      `did not come true: ${String(test)}; ${JSON.stringify({ ...state, status: this.registry.status() })}`,
    );
  }
}
