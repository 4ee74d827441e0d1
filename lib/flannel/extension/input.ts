/** What flanneld tells the hook, in its environment and on standard input. */
import { canonicalAddress, canonicalMac, familyOf } from '../../control/address.js';
import { VtepError } from '../../errors.js';
import { parseVtepData } from '../lease.js';
import type { Own } from './state.js';
import { contains, parseSubnet, subnetText } from '../subnet.js';

export interface Environment {
  NETWORK?: string;
  SUBNET?: string;
  PUBLIC_IP?: string;
  IPV6SUBNET?: string;
}

function wrong(name: string, text: string | undefined, expected: string): VtepError {
  const what = text === undefined || text === '' ? `${name} is not set` : `${name} is "${text}"`;
  const message = `${what}: expected ${expected}, as flanneld sets it`;
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: text });
}

/** @throws {VtepError} ERR_VTEP_ARGUMENT */
export function readPrefix(name: string, text: string | undefined): string {
  const subnet = parseSubnet(text ?? '');
  if (subnet?.family === 4) return subnetText(subnet);
  throw wrong(name, text, 'an IPv4 prefix such as 10.5.3.0/24');
}

/** @throws {VtepError} ERR_VTEP_ARGUMENT */
export function readAddress(name: string, text: string | undefined): string {
  const address = canonicalAddress(text ?? '');
  if (address !== undefined && familyOf(address) === 4) return address;
  throw wrong(name, text, 'an IPv4 address');
}

/** What `post` is told. @throws {VtepError} ERR_VTEP_ARGUMENT */
export function readOwn({ NETWORK, SUBNET, PUBLIC_IP }: Environment): Own {
  const network = readPrefix('NETWORK', NETWORK);
  const subnet = readPrefix('SUBNET', SUBNET);
  if (!contains(parseSubnet(network)!, parseSubnet(subnet)!))
    throw wrong('SUBNET', SUBNET, `a prefix inside of ${network}`);
  return { network, subnet, publicIp: readAddress('PUBLIC_IP', PUBLIC_IP) };
}

/**
 * MAC of a peer's VTEP: what its `pre` printed, or a MAC alone, as scripts print it.
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 * @example readMac('{"VNI":1,"VtepMAC":"02:42:00:00:00:21"}\n') // '02:42:00:00:00:21'
 */
export function readMac(input: string): string {
  const text = input.trim();
  const data = parseVtepData(text);
  const mac = canonicalMac('fault' in data ? text : data.mac);
  if (mac !== undefined) return mac;
  const shown = text === '' ? 'empty' : `"${text.slice(0, 100)}"`;
  const message = `standard input is ${shown}: expected {"VNI":1,"VtepMAC":"02:42:00:00:00:21"}, what "flannel-ext pre" printed on the other host`;
  throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: text.slice(0, 100) });
}
