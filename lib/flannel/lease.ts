/**
 * Leases as they stand in etcd, octet for octet as flanneld writes them:
 *
 *   <prefix>/subnets/10.5.100.0-24&fd05:0:0:29::-64
 *   {"PublicIP":"10.99.0.11","PublicIPv6":"fd99::11","BackendType":"vxlan","BackendData":{…},"BackendV6Data":{…}}
 *
 * Reading is as tolerant as Go is: of keys in another case, of fields that are missing. Whether an address or a MAC makes
 * sense is for lib/flannel/peers.ts to say.
 */
import { formatAddress, parseAddress } from '../wire/text.js';
import { fieldsOf, parseJson, shown, type Field } from './json.js';
import { parseSubnet, subnetText } from './subnet.js';
import type { LeaseAttributes, VtepData } from './types.js';

/** flanneld's expression: the IPv4 part is a must, and stands at the end of the key, whatever is before it. */
const KEY = /(\d+\.\d+.\d+.\d+)-(\d+)(?:&([a-f\d:]+)-(\d+))?$/;
/** Longer keys are none: the longest has 66 characters, and the expression takes its time with many digits. */
const KEY_LIMIT = 128;
/** What Go's net.ParseMAC takes for six octets: colons, hyphens, or dots between groups of four. */
const MAC = /^[\da-f]{2}(?:([:-])[\da-f]{2})(?:\1[\da-f]{2}){4}$|^[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4}$/i;

export interface LeaseSubnets {
  subnet: string;
  subnet6: string | undefined;
}

/** The key of a lease below `subnets/`. @example subnetKey('10.5.3.0/24') // '10.5.3.0-24' */
export function subnetKey(subnet: string, subnet6?: string): string {
  const part = (text: string): string => text.replace('/', '-');
  return subnet6 === undefined ? part(subnet) : `${part(subnet)}&${part(subnet6)}`;
}

/** Reads the key of a lease: its subnets in canonical form, or what is wrong with it. */
export function parseSubnetKey(key: string): LeaseSubnets | { fault: string } {
  const match = key.length > KEY_LIMIT ? null : KEY.exec(key);
  if (!match) return { fault: 'is no subnet; expected a key such as 10.5.3.0-24' };
  const subnet = canonical(`${match[1]}/${match[2]}`, 4);
  if (typeof subnet !== 'string') return subnet;
  if (match[3] === undefined) return { subnet, subnet6: undefined };
  const subnet6 = canonical(`${match[3]}/${match[4]}`, 6);
  return typeof subnet6 === 'string' ? { subnet, subnet6 } : subnet6;
}

function canonical(text: string, family: 4 | 6): string | { fault: string } {
  const parsed = parseSubnet(text);
  if (parsed?.family !== family) return { fault: `${text} is no IPv${family} subnet` };
  const right = subnetText(parsed);
  const address = parseAddress(text.slice(0, text.indexOf('/')))!;
  return right.startsWith(`${formatAddress(address)}/`)
    ? right
    : { fault: `${text} has host bits set; the subnet is ${right}` };
}

/** BackendData of type vxlan, also what a node's annotation holds. @example '{"VNI":1,"VtepMAC":"b2:56:42:b5:e6:fc"}' */
export function vtepDataText({ vni, mac }: VtepData): string {
  return JSON.stringify({ VNI: vni, VtepMAC: mac });
}

/** The value of a lease, as Go's encoder writes it: fields in this order, PublicIPv6 null where there is none. */
export function leaseValue(attributes: LeaseAttributes): string {
  const { publicIp = '0.0.0.0', publicIpv6 = null, backendType, ipv4, ipv6 } = attributes;
  const fields = [
    `"PublicIP":${JSON.stringify(publicIp)}`,
    `"PublicIPv6":${JSON.stringify(publicIpv6)}`,
    ...(backendType === '' ? [] : [`"BackendType":${JSON.stringify(backendType)}`]),
    ...(ipv4 === undefined ? [] : [`"BackendData":${vtepDataText(ipv4)}`]),
    ...(ipv6 === undefined ? [] : [`"BackendV6Data":${vtepDataText(ipv6)}`]),
  ];
  return `{${fields.join(',')}}`;
}

/**
 * Reads the value of a lease. Addresses and MACs that are some come in canonical form, others as they were written. The
 * BackendData of another type than vxlan means nothing to us and is not read.
 * @returns the attributes, or what is wrong
 */
export function parseLeaseValue(text: string): { attributes: LeaseAttributes } | { fault: string } {
  const json = parseJson(text);
  if ('fault' in json) return json;
  const fields = fieldsOf(json.value);
  if (!fields) return { fault: `${shown(json.value)} is no object` };
  const faults: string[] = [];
  const textOf = (name: string): string | undefined => readText(fields.get(name), faults);
  const backendType = textOf('backendtype') ?? '';
  const dataOf = (name: string): VtepData | undefined => {
    const field = backendType === 'vxlan' ? fields.get(name) : undefined;
    return field && readVtepData(field, faults);
  };
  const attributes: LeaseAttributes = {
    publicIp: canonicalAddress(textOf('publicip')),
    publicIpv6: canonicalAddress(textOf('publicipv6')),
    backendType,
    ipv4: dataOf('backenddata'),
    ipv6: dataOf('backendv6data'),
  };
  return faults.length > 0 ? { fault: faults.join('; ') } : { attributes };
}

/** Reads BackendData that is a text, as in an annotation: the data, or what is wrong with it. */
export function parseVtepData(text: string): VtepData | { fault: string } {
  const json = parseJson(text);
  if ('fault' in json) return json;
  const faults: string[] = [];
  return readVtepData({ key: 'BackendData', value: json.value }, faults) ?? { fault: faults.join('; ') };
}

function readText(field: Field | undefined, faults: string[]): string | undefined {
  if (field === undefined || typeof field.value === 'string') return field?.value as string | undefined;
  faults.push(`${field.key} ${shown(field.value)} is no text`);
  return undefined;
}

/** The first versions wrote no VNI, and nobody reads it: each host sends with the VNI of the configuration. */
function readVtepData({ key, value }: Field, faults: string[]): VtepData | undefined {
  const fields = fieldsOf(value);
  const vni = fields?.get('vni')?.value ?? 0;
  const mac = fields?.get('vtepmac')?.value;
  if (typeof vni === 'number' && typeof mac === 'string') return { vni, mac: canonicalMac(mac) };
  faults.push(`${key} ${shown(value)}; expected {"VNI":number,"VtepMAC":"address"}`);
  return undefined;
}

function canonicalAddress(text: string | undefined): string | undefined {
  const words = text === undefined ? undefined : parseAddress(text);
  return words ? formatAddress(words) : text;
}

function canonicalMac(text: string): string {
  if (!MAC.test(text)) return text;
  return text
    .toLowerCase()
    .replaceAll(/[^\da-f]/g, '')
    .replaceAll(/..(?=.)/g, '$&:');
}
