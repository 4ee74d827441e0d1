/**
 * The configuration of a network: `<prefix>/config` in etcd, or net-conf.json. Read as flanneld reads it (keys in any case,
 * null as good as absent, host bits of a network cleared), with its defaults and its limits.
 */
import { VtepError } from '../errors.js';
import { fieldsOf, parseJson, shown, type Field } from './json.js';
import { addressText, parseAddressNumber, parseSubnet, subnetText, type Subnet } from './subnet.js';
import type { NetworkConfig, SubnetRange, VxlanBackend } from './types.js';

export interface ConfigOptions {
  /** Where the text stands, for messages: '/coreos.com/network/config'. */
  source: string;
  /**
   * Who gives out subnets. etcd: we do, within the range, and a network without IPv4 cannot be (its keys begin with an IPv4
   * subnet). kube: the cluster does; SubnetLen, SubnetMin and SubnetMax mean nothing.
   */
  registry: 'etcd' | 'kube';
  /** Take a configuration without "Backend" as vxlan. */
  assumeVxlan?: boolean;
}

export interface ParsedConfig {
  config: NetworkConfig;
  /** Keys that mean nothing, as sentences; nothing depends on them. */
  problems: string[];
}

const KEYS = [
  'Network',
  'SubnetLen',
  'SubnetMin',
  'SubnetMax',
  'EnableIPv4',
  'EnableIPv6',
  'IPv6Network',
  'IPv6SubnetLen',
  'IPv6SubnetMin',
  'IPv6SubnetMax',
  'EnableNFTables',
  'Backend',
];
/** MacPrefix and Name are for Windows. */
const BACKEND_KEYS = ['Type', 'VNI', 'Port', 'MTU', 'GBP', 'Learning', 'DirectRouting', 'MacPrefix', 'Name'];
const MAX_VNI = 16_777_215;
/** What the kernel's device listens on unless told otherwise. */
const DEFAULT_PORT = 8472;
const OVERHEAD = { 4: 50, 6: 70 } as const;
/** The least an interface may have for the family (RFC 791 and RFC 8200). */
const LEAST_MTU = { 4: 68, 6: 1280 } as const;

/** What differs between the families: names of the keys, the usual subnet and the smallest. */
const FAMILIES = {
  4: { prefix: '', bits: 32, usual: 24, longest: 30 },
  6: { prefix: 'IPv6', bits: 128, usual: 64, longest: 126 },
} as const;

/**
 * Reads a network's configuration.
 * @throws {VtepError} ERR_VTEP_ARGUMENT: which key, its value, what is expected, and the remedy
 * @example
 * parseNetworkConfig('{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}', { source: 'net-conf.json', registry: 'kube' });
 */
export function parseNetworkConfig(text: string, options: ConfigOptions): ParsedConfig {
  const json = parseJson(text);
  if ('fault' in json)
    throw refusal(options.source, json.fault, 'put {"Network":…,"Backend":{"Type":"vxlan"}} there');
  const keys = new Keys(options.source, '', json.value, KEYS);
  const families = {
    4: options.registry === 'etcd' || (keys.flag('EnableIPv4') ?? true),
    6: keys.flag('EnableIPv6') ?? false,
  };
  if (!families[4] && !families[6])
    throw keys.refuse('EnableIPv4', 'true, or EnableIPv6 true', 'enable one family');
  const read = options.registry === 'etcd' ? readRange : readClusterRange;
  const ipv4 = families[4] ? read(keys, 4) : undefined;
  const ipv6 = families[6] ? read(keys, 6) : undefined;
  const backend = readBackend(keys, options, families[6] ? 6 : 4);
  return {
    config: { ipv4, ipv6, backend: backend.value },
    problems: [...keys.unknown(), ...backend.unknown],
  };
}

function refusal(source: string, what: string, remedy: string, word?: string): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', `${source}: ${what}; ${remedy}`, { errno: 'EINVAL', word });
}

/** One object of the configuration. */
class Keys {
  readonly source: string;
  readonly #path: string;
  readonly #fields: Map<string, Field>;
  readonly #known: ReadonlySet<string>;

  constructor(source: string, path: string, value: unknown, known: readonly string[]) {
    this.source = source;
    this.#path = path;
    this.#known = new Set(known.map((key) => key.toLowerCase()));
    const fields = fieldsOf(value);
    if (!fields)
      throw refusal(source, `${path || 'it'} is ${shown(value)}, expected an object`, 'write {"Key":value}');
    this.#fields = fields;
  }

  /** The value under a key; undefined when it is absent or null. */
  value(name: string): unknown {
    return this.#fields.get(name.toLowerCase())?.value;
  }

  refuse(name: string, expected: string, remedy: string): VtepError {
    const value = this.value(name);
    const path = this.#path === '' ? name : `${this.#path}.${name}`;
    return refusal(this.source, `"${path}" is ${shown(value)}, expected ${expected}`, remedy, String(value));
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.refuse(name, 'true or false', 'write it without quotes');
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.refuse(name, 'a text', 'write it in quotes');
  }

  /** A whole number from `min` to `max`, or 0 where that stands for the default. */
  number(name: string, min: number, max: number, remedy: string, zero?: 'zero'): number | undefined {
    const value = this.value(name);
    if (value === undefined || (value === 0 && zero)) return value as number | undefined;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number;
    throw this.refuse(name, `a number from ${min} to ${max}`, remedy);
  }

  unknown(): string[] {
    const strange = [...this.#fields.values()].filter(({ key }) => !this.#known.has(key.toLowerCase()));
    const where = this.#path === '' ? '' : ` in "${this.#path}"`;
    return strange.map(({ key }) => `"${key}"${where} means nothing to Flannel and is not used`);
  }
}

function readNetwork(keys: Keys, family: 4 | 6): Subnet {
  const name = `${FAMILIES[family].prefix}Network`;
  const example = family === 4 ? '10.5.0.0/16' : 'fd05::/56';
  const network = parseSubnet(keys.text(name) ?? '');
  if (network?.family === family && network.length > 0) return network;
  throw keys.refuse(
    name,
    `an IPv${family} prefix`,
    `give the network that hosts have subnets of, such as "${example}"`,
  );
}

/** flanneld's CheckNetworkConfig. */
function readRange(keys: Keys, family: 4 | 6): SubnetRange {
  const { prefix, bits } = FAMILIES[family];
  const network = readNetwork(keys, family);
  const subnetLength = readLength(keys, family, network);
  const size = 1n << BigInt(bits - subnetLength);
  // The first subnet is left out: its first address is the network's own.
  const min = readBound(keys, `${prefix}SubnetMin`, network, size) ?? network.first + size;
  const max = readBound(keys, `${prefix}SubnetMax`, network, size) ?? network.last + 1n - size;
  if (min > max) {
    const least = addressText(family, min);
    throw keys.refuse(
      `${prefix}SubnetMax`,
      `${least} or more`,
      `SubnetMin is ${least}: give a range from the first to the last subnet`,
    );
  }
  return {
    network: subnetText(network),
    subnetLength,
    subnetMin: addressText(family, min),
    subnetMax: addressText(family, max),
  };
}

/** At least four subnets, of at least four addresses each: the first is not used, and each has a tunnel and a bridge. */
function readLength(keys: Keys, family: 4 | 6, network: Subnet): number {
  const { prefix, usual, longest } = FAMILIES[family];
  const least = network.length + 2;
  if (least > longest)
    throw keys.refuse(
      `${prefix}Network`,
      `a prefix of /${longest - 2} or shorter`,
      'give a larger network: four subnets of four addresses are the least',
    );
  const remedy = `leave it out, or give what lets ${subnetText(network)} hold four subnets`;
  const given = keys.number(`${prefix}SubnetLen`, least, longest, remedy, 'zero');
  return given || Math.max(usual, least);
}

/** SubnetMin or SubnetMax; undefined when absent, or the unspecified address, which is Go's way to say the same. */
function readBound(keys: Keys, name: string, network: Subnet, size: bigint): bigint | undefined {
  const text = keys.text(name);
  if (text === undefined) return undefined;
  const address = parseAddressNumber(text);
  if (address?.family !== network.family)
    throw keys.refuse(name, `an IPv${network.family} address`, 'give the first address of a subnet');
  if (address.value === 0n) return undefined;
  const { value } = address;
  if (value < network.first || value > network.last)
    throw keys.refuse(
      name,
      `an address in ${subnetText(network)}`,
      'give one inside the network, or leave it out',
    );
  if (value % size === 0n) return value;
  const below = addressText(network.family, value - (value % size));
  throw keys.refuse(name, 'the first address of a subnet', `${below} is one`);
}

/** In Kubernetes podCIDR says which subnet a node has: any that lies within the network. */
function readClusterRange(keys: Keys, family: 4 | 6): SubnetRange {
  const { bits, usual } = FAMILIES[family];
  const network = readNetwork(keys, family);
  const subnetLength = Math.min(bits, Math.max(usual, network.length));
  const last = parseSubnet(`${addressText(family, network.last)}/${subnetLength}`)!;
  return {
    network: subnetText(network),
    subnetLength,
    subnetMin: addressText(family, network.first),
    subnetMax: addressText(family, last.first),
  };
}

const SET_VXLAN = 'set "Backend":{"Type":"vxlan"}';

function readBackend(
  keys: Keys,
  options: ConfigOptions,
  family: 4 | 6,
): { value: VxlanBackend; unknown: string[] } {
  if (keys.value('Backend') === undefined && !options.assumeVxlan) {
    const remedy = `${SET_VXLAN}, or give --assume-vxlan where all hosts do vxlan`;
    throw refusal(
      options.source,
      'there is no "Backend", which flanneld takes as type "udp", another encapsulation',
      remedy,
    );
  }
  const assumed = { Type: 'vxlan' };
  const backend = new Keys(options.source, 'Backend', keys.value('Backend') ?? assumed, BACKEND_KEYS);
  checkType(backend);
  const least = LEAST_MTU[family] + OVERHEAD[family];
  const value = {
    vni: backend.number('VNI', 1, MAX_VNI, 'give the VNI of the other hosts, or leave it out for 1') ?? 1,
    port:
      backend.number('Port', 1, 65535, 'give a UDP port, or leave it out for 8472', 'zero') || DEFAULT_PORT,
    mtu: backend.number('MTU', least, 65535, "give the underlay's MTU, or leave it out for the interface's"),
    gbp: backend.flag('GBP') ?? false,
    learning: backend.flag('Learning') ?? false,
    directRouting: backend.flag('DirectRouting') ?? false,
  };
  return { value, unknown: backend.unknown() };
}

function checkType(backend: Keys): void {
  const type = backend.text('Type')?.toLowerCase();
  if (type === 'vxlan') return;
  if (type === 'extension')
    throw backend.refuse('Type', '"vxlan"', 'with this type flanneld calls `vtep flannel-ext` instead');
  throw backend.refuse('Type', '"vxlan"', `${SET_VXLAN} on all hosts, or use flanneld for this network`);
}
