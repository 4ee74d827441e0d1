/** Choosing entries by address or prefix, as `to PREFIX` of `ip neigh` and `ip route` does. */
import { BlockList } from 'node:net';
import { familyOfText } from './values.js';

const split = (prefix: string): [string, number] => {
  const [address = '', length = ''] = prefix.split('/');
  return [address, Number(length)];
};

const familyName = (text: string): 'ipv4' | 'ipv6' => (familyOfText(text) === 4 ? 'ipv4' : 'ipv6');

/** `default` with the family it is meant in. */
export const wholeFamily = (prefix: string, family: 4 | 6): string => {
  if (prefix !== 'default') return prefix;
  return family === 4 ? '0.0.0.0/0' : '::/0';
};

/**
 * True when `inner` (an address or prefix) lies within `outer` (a prefix).
 * @example contains('10.20.0.0/16', '10.20.2.0/24') // true
 */
export function contains(outer: string, inner: string): boolean {
  const [network, length] = split(outer);
  const [address, innerLength] = split(inner);
  if (familyOfText(outer) !== familyOfText(inner)) return false;
  if (inner.includes('/') && innerLength < length) return false;
  if (length === 0) return true;
  const list = new BlockList();
  list.addSubnet(network, length, familyName(outer));
  return list.check(address, familyName(inner));
}
