/** The devices of this host, one a family, on the underlay the flags or the default route tell, and what peers are told of them. */
import type { Client } from '../control/client.js';
import type { Log } from '../control/log.js';
import { FlannelDevice, type DeviceExtras } from './device.js';
import { FAMILIES, FAMILY_NAMES, type FamilyName } from './families.js';
import type { Family, Host } from './host.js';
import type { FlannelOptions } from './options.js';
import type { Hints } from './registry.js';
import type { DeviceStatus } from './status.js';
import type { Lease, LeaseAttributes, NetworkConfig, VtepData } from './types.js';
import { chooseUnderlay, type Underlay } from './underlay.js';

export interface DevicesOptions {
  client: Client;
  host: Host;
  flags: FlannelOptions;
  log: Log;
}

/** Frames kept of each MAC that is being asked for: what a new connection sends at once, and more. */
const HOLD = 64;
/** What a mode wants of the device besides: where nothing is installed ahead, the VTEP asks. */
const EXTRAS: Record<FlannelOptions['mode'], DeviceExtras> = {
  static: {},
  'neigh-miss': {},
  miss: { proxy: true, l2miss: true, l3miss: true, hold: HOLD },
};

export class Devices {
  readonly #options: DevicesOptions;
  readonly #devices: Partial<Record<FamilyName, FlannelDevice>> = {};
  /** Where peers are told to reach this host; undefined: at the underlay's address. */
  #public: Partial<Record<Family, string | undefined>> = {};
  #vni = 0;

  constructor(options: DevicesOptions) {
    this.#options = options;
  }

  /**
   * Makes or adopts what the network needs.
   * @param hints asks the registry what it knows of this host
   * @param daemon the data-plane daemon, which starts meanwhile
   * @throws {VtepError} no interface, no address, a foreign device of the name
   */
  async open(
    config: NetworkConfig,
    hints: (publicIp: () => string | undefined) => Promise<Hints>,
    daemon: Promise<unknown>,
  ): Promise<void> {
    const { client, host, flags, log } = this.#options;
    this.#vni = config.backend.vni;
    const known = await hints(() => flags.publicIp ?? (config.ipv4 && this.#chooseUnderlay(4).address));
    await daemon;
    this.#public = {
      4: flags.publicIp ?? known.publicIp,
      6: flags.publicIpv6 ?? known.publicIpv6,
    };
    for (const name of FAMILY_NAMES) {
      const range = config[name];
      if (!range) continue;
      const underlay = this.#chooseUnderlay(FAMILIES[name]);
      const device = new FlannelDevice({
        client,
        host,
        family: FAMILIES[name],
        network: range.network,
        backend: config.backend,
        underlay,
        mac: known[name]?.mac,
        extras: EXTRAS[flags.mode],
        warn: (message) => log.warn(message),
      });
      this.#devices[name] = device;
      await device.ensure();
    }
  }

  of(name: FamilyName): FlannelDevice | undefined {
    return this.#devices[name];
  }

  all(): FlannelDevice[] {
    return FAMILY_NAMES.flatMap((name) => this.#devices[name] ?? []);
  }

  has(dev: string): boolean {
    return this.all().some(({ name }) => name === dev);
  }

  /** Of subnet.env: what fits both families. */
  get mtu(): number {
    return Math.min(...this.all().map(({ mtu }) => mtu));
  }

  /** What peers are to be told. */
  attributes(): LeaseAttributes {
    const { ipv4, ipv6 } = this.#devices;
    const data = (device: FlannelDevice | undefined): VtepData | undefined =>
      device && { vni: this.#vni, mac: device.mac };
    return {
      publicIp: ipv4 && (this.#public[4] ?? ipv4.underlay.address),
      publicIpv6: ipv6 && (this.#public[6] ?? ipv6.underlay.address),
      backendType: 'vxlan',
      ipv4: data(ipv4),
      ipv6: data(ipv6),
    };
  }

  /** Gives the devices their addresses, and sets them up. */
  async configure({ subnet, subnet6 }: Lease): Promise<void> {
    const { ipv4, ipv6 } = this.#devices;
    if (ipv4 && subnet !== undefined) await ipv4.configure(subnet, this.#addressLength(ipv4));
    if (ipv6 && subnet6 !== undefined) await ipv6.configure(subnet6, this.#addressLength(ipv6));
  }

  /** Where misses are answered, the whole network is on the device's link: that is what makes the kernel ask. */
  #addressLength(device: FlannelDevice): number | undefined {
    return this.#options.flags.mode === 'static' ? undefined : device.network.length;
  }

  /**
   * Another address or interface of this host: the devices follow at their next ensure(). While there is none, what was is
   * kept.
   * @returns whether anything is otherwise than it was
   */
  followHost(): boolean {
    let isChanged = false;
    for (const name of FAMILY_NAMES) {
      const device = this.#devices[name];
      if (!device) continue;
      try {
        const found = this.#chooseUnderlay(FAMILIES[name]);
        if (isSame(found, device.underlay)) continue;
        device.setUnderlay(found);
        isChanged = true;
      } catch (error) {
        this.#options.log.debug({ err: error }, 'no underlay now; the one before is kept');
      }
    }
    return isChanged;
  }

  /** The first interface named that there is; else that of the public address; else where the default route leads. */
  #chooseUnderlay(family: Family): Underlay {
    const { host, flags } = this.#options;
    let refusal: unknown;
    for (const iface of flags.iface) {
      try {
        return chooseUnderlay(host, family, iface);
      } catch (error) {
        refusal ??= error;
      }
    }
    if (refusal !== undefined) throw refusal as Error;
    const own = this.#public[family];
    const isHere = own !== undefined && host.addresses().some(({ address }) => address === own);
    return chooseUnderlay(host, family, isHere ? own : undefined);
  }

  status(): DeviceStatus[] {
    return this.all().map(({ name, mac, mtu, underlay }) => ({
      name,
      mac,
      mtu,
      underlay: underlay.name,
      local: underlay.address,
    }));
  }
}

const isSame = (one: Underlay, other: Underlay): boolean =>
  one.name === other.name &&
  one.ifindex === other.ifindex &&
  one.mtu === other.mtu &&
  one.address === other.address;
