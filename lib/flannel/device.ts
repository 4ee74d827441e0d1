/**
 * The VTEP of one family of a Flannel network: `flannel.<VNI>`, over IPv6 `flannel-v6.<VNI>`. Made by the data-plane
 * daemon, or adopted if it is there already, as flanneld does with the kernel's device:
 *
 *   flannel.1 mtu 1450   vxlan id 1 local 10.99.0.11 dev eth0 dstport 8472 nolearning   inet 10.5.74.0/32
 *
 * A device whose VNI, underlay, source address, port or header differ is removed and made anew, with the MAC it had:
 * peers have been told of that one.
 */
import { addressBytes, canonicalAddress } from '../control/address.js';
import type { Client, NewLink } from '../control/client.js';
import type { LinkConfig, LinkState } from '../engine/types.js';
import { VtepError } from '../errors.js';
import type { Family, Host } from './host.js';
import { firstAddress, isInside, parsePrefix, type Prefix } from './prefix.js';
import type { VxlanBackend } from './types.js';
import type { Underlay } from './underlay.js';

/** Outer headers and the inner Ethernet header. */
const OVERHEAD = { 4: 50, 6: 70 } as const;
/** The least that an interface may have: what the kernel lets a TAP be set to, and RFC 8200, section 5. */
const LEAST_MTU = { 4: 68, 6: 1280 } as const;
/** IFNAMSIZ without its zero. */
const NAME_MAX = 15;

/** What else a mode wants of the device; compared with one that is there. */
export type DeviceExtras = Partial<Pick<LinkConfig, 'proxy' | 'rsc' | 'l2miss' | 'l3miss' | 'hold'>>;

export interface DeviceOptions {
  client: Pick<Client, 'link' | 'addLink' | 'setLink' | 'deleteLink'>;
  host: Pick<Host, 'link' | 'addresses' | 'addAddress' | 'deleteAddress' | 'setting'>;
  family: Family;
  /** The whole network, a prefix: addresses of it on the device are ours. */
  network: string;
  backend: VxlanBackend;
  underlay: Underlay;
  /** MAC of an earlier run, for a device that has to be made; default random. One that is adopted keeps its own. */
  mac?: string;
  extras?: DeviceExtras;
  /** Told of what did not work and does not prevent anything. */
  warn?(message: string): void;
}

/**
 * @example
 * const device = new FlannelDevice({ client, host, family: 4, network: '10.5.0.0/16', backend, underlay });
 * await device.ensure(); // device.mac can be published
 * await device.configure('10.5.74.0/24'); // address and up, once the lease is there
 */
export class FlannelDevice {
  readonly name: string;
  readonly family: Family;
  readonly network: Prefix;
  readonly #options: DeviceOptions;
  #underlay: Underlay;
  #mac: string | undefined;
  #state: LinkState | undefined;
  #address: { address: string; length: number } | undefined;
  #subnet: Prefix | undefined;
  #lastWarning: string | undefined;

  /** @throws {VtepError} ERR_VTEP_ARGUMENT: the VNI makes too long a name, or the underlay's MTU is too small */
  constructor(options: DeviceOptions) {
    const { family, backend, network } = options;
    this.#options = options;
    this.family = family;
    this.network = parsePrefix(network);
    this.name = deviceName(family, backend.vni);
    this.#underlay = options.underlay;
    this.#mac = options.mac;
    this.#checkMtu();
  }

  /** Index of the interface. @throws {VtepError} ERR_VTEP_NO_DEVICE before ensure() */
  get ifindex(): number {
    return this.#known().ifindex;
  }

  /** The MAC that peers are to be told of: the device's, as ensure() saw it last. */
  get mac(): string {
    return this.#known().address;
  }

  get mtu(): number {
    return this.#wantedMtu();
  }

  get underlay(): Underlay {
    return this.#underlay;
  }

  /** The subnet of this host that configure() was told; undefined before. */
  get subnet(): Prefix | undefined {
    return this.#subnet;
  }

  /**
   * Another interface or address of this host has to be used from the next ensure() on.
   * @throws {VtepError} ERR_VTEP_ARGUMENT: its MTU is too small
   */
  setUnderlay(underlay: Underlay): void {
    const before = this.#underlay;
    this.#underlay = underlay;
    try {
      this.#checkMtu();
    } catch (error) {
      this.#underlay = before;
      throw error;
    }
  }

  /**
   * Makes the device, or adopts it; with its address and up if it was configured before. Changes nothing where all is as
   * it shall be.
   * @returns whether it was made now, so that its tables are empty
   * @throws {VtepError} ERR_VTEP_NAME_IN_USE: an interface that is not the daemon's has the name; else the daemon's
   */
  async ensure(): Promise<boolean> {
    const found = await this.#find();
    const agrees = found !== undefined && this.#agrees(found);
    this.#state = agrees ? await this.#adjusted(found) : await this.#make(found);
    this.#mac = this.#state.address;
    this.#refuseAdvertisements();
    if (this.#address) await this.#configure();
    return !agrees;
  }

  /**
   * Gives the device this host's address, removes others of the network, and sets it up.
   * @param subnet this host's; its first address is the device's
   * @param length prefix length of the address; default a host's, 32 or 128
   */
  async configure(subnet: string, length = this.family === 4 ? 32 : 128): Promise<void> {
    const prefix = parsePrefix(subnet);
    if (!isInside(this.network, prefix.octets) || prefix.length < this.network.length) {
      throw new VtepError('ERR_VTEP_ARGUMENT', `subnet ${subnet} is not inside ${this.#options.network}`, {
        errno: 'EINVAL',
        word: subnet,
      });
    }
    this.#subnet = prefix;
    this.#address = { address: canonicalAddress(firstAddress(subnet))!, length };
    await this.#configure();
  }

  async #configure(): Promise<void> {
    const { host, client } = this.#options;
    const { address, length } = this.#address!;
    const mine = host
      .addresses()
      .filter(
        (entry) => entry.ifindex === this.ifindex && isInside(this.network, addressBytes(entry.address)),
      );
    for (const entry of mine) {
      if (entry.address === address && entry.length === length) continue;
      await host.deleteAddress(this.ifindex, entry.address, entry.length);
    }
    if (!mine.some((entry) => entry.address === address && entry.length === length)) {
      await host.addAddress(this.ifindex, address, length);
    }
    if (!this.#known().up) this.#state = await client.setLink(this.name, { up: true });
  }

  async #find(): Promise<LinkState | undefined> {
    try {
      return await this.#options.client.link(this.name);
    } catch (error) {
      if (error instanceof VtepError && error.code === 'ERR_VTEP_NO_DEVICE') return undefined;
      throw error;
    }
  }

  /** What cannot be changed on a device. */
  #fixed(): NewLink & { local: string; dev: string } {
    const { backend, extras } = this.#options;
    return {
      name: this.name,
      id: backend.vni,
      local: this.#underlay.address,
      dev: this.#underlay.name,
      dstport: backend.port,
      gbp: backend.gbp,
      ...{ proxy: false, rsc: false, l2miss: false, l3miss: false, hold: 0, ...extras },
    };
  }

  #agrees(found: LinkState): boolean {
    const hasDefault = found.remote !== undefined || found.group !== undefined;
    if (hasDefault || found.linkNetns !== undefined || found.gpe || found.external) return false;
    return Object.entries(this.#fixed()).every(
      ([option, value]) => found[option as keyof LinkState] === value,
    );
  }

  /** MTU and learning, which flanneld leaves as they are. */
  async #adjusted(found: LinkState): Promise<LinkState> {
    const mtu = this.#wantedMtu();
    const { learning } = this.#options.backend;
    const change = {
      ...(found.mtu === mtu ? {} : { mtu }),
      ...(found.learning === learning ? {} : { learning }),
    };
    if (Object.keys(change).length === 0) return found;
    return await this.#options.client.setLink(this.name, change);
  }

  async #make(found: LinkState | undefined): Promise<LinkState> {
    const { client, backend } = this.#options;
    if (found === undefined) this.#refuseForeign();
    else await client.deleteLink(this.name);
    const mac = this.#mac ?? found?.address;
    return await client.addLink({
      ...this.#fixed(),
      learning: backend.learning,
      mtu: this.#wantedMtu(),
      ...(mac === undefined ? {} : { address: mac }),
    });
  }

  /** The daemon does not know the name: whose interface is it? A TAP may be one that an earlier daemon left behind. */
  #refuseForeign(): void {
    const link = this.#options.host.link(this.name);
    if (link === undefined || link.kind === 'tun') return;
    const what =
      link.kind === 'vxlan'
        ? "a vxlan device of the kernel, as flanneld makes it, and not the vtep daemon's; stop flanneld"
        : `a ${link.kind ?? 'hardware'} interface and not the vtep daemon's; make sure that nobody needs it`;
    throw new VtepError(
      'ERR_VTEP_NAME_IN_USE',
      `${this.name} is ${what}, then remove it: \`ip link del ${this.name}\``,
      { errno: 'EEXIST', word: this.name },
    );
  }

  /** Routers of the overlay, if any, tell this host nothing (flanneld: accept_ra 0). */
  #refuseAdvertisements(): void {
    const why = this.#options.host.setting(`ipv6/conf/${this.name}/accept_ra`, '0');
    if (why !== undefined && why !== this.#lastWarning) this.#options.warn?.(why);
    this.#lastWarning = why;
  }

  #wantedMtu(): number {
    const { backend, family } = this.#options;
    return Math.min(backend.mtu ?? this.#underlay.mtu, this.#underlay.mtu) - OVERHEAD[family];
  }

  #checkMtu(): void {
    const { family } = this.#options;
    const mtu = this.#wantedMtu();
    if (mtu >= LEAST_MTU[family]) return;
    const needed = LEAST_MTU[family] + OVERHEAD[family];
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `${this.name} would have an MTU of ${mtu}: ${this.#underlay.name}, or MTU in the network's Backend, leaves ${mtu + OVERHEAD[family]} octets, IPv${family} needs ${needed}`,
      { errno: 'EINVAL', word: String(mtu) },
    );
  }

  #known(): LinkState {
    if (this.#state) return this.#state;
    throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${this.name}"`, {
      errno: 'ENODEV',
      word: this.name,
    });
  }
}

/**
 * `flannel.<VNI>` or `flannel-v6.<VNI>`.
 * @throws {VtepError} ERR_VTEP_ARGUMENT when it is longer than an interface's name may be
 */
export function deviceName(family: Family, vni: number): string {
  const stem = family === 4 ? 'flannel.' : 'flannel-v6.';
  const name = `${stem}${vni}`;
  if (name.length <= NAME_MAX) return name;
  const most = 10 ** (NAME_MAX - stem.length) - 1;
  throw new VtepError(
    'ERR_VTEP_ARGUMENT',
    `VNI ${vni} makes the interface name ${name}, longer than ${NAME_MAX} characters; IPv${family} needs a VNI of up to ${most}`,
    { errno: 'EINVAL', word: String(vni) },
  );
}
