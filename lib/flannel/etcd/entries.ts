/** Keys below `<prefix>/subnets/` as leases. */
import { parseLeaseValue, parseSubnetKey } from '../lease.js';
import { parseSubnet, type Subnet } from '../subnet.js';
import type { Lease } from '../types.js';
import type { KeyValue } from './client.js';

/** A lease and how it stands in etcd. */
export interface Entry {
  lease: Lease;
  stored: KeyValue;
}

/**
 * A key and its value as a lease, or what is wrong with them. The time others have left is not asked for: etcd deletes the key.
 * @param key below `subnets/`
 */
export function readLease(key: string, value: string): Lease | { fault: string } {
  const subnets = parseSubnetKey(key);
  if ('fault' in subnets) return { fault: `the key ${subnets.fault}` };
  const read = parseLeaseValue(value);
  if ('fault' in read) return { fault: `its value: ${read.fault}` };
  return { key, ...subnets, attributes: read.attributes, expires: undefined };
}

/** The leases among some keys that can be read. */
export function readEntries(prefix: string, stored: readonly KeyValue[]): Entry[] {
  return stored.flatMap((one) => {
    const lease = readLease(one.key.slice(prefix.length), one.value);
    return 'fault' in lease ? [] : [{ lease, stored: one }];
  });
}

/** What is taken, by whatever stands under these keys: a value that nobody can read holds its subnet too. */
export function takenSubnets(prefix: string, stored: readonly KeyValue[]): Subnet[] {
  return stored.flatMap(({ key }) => {
    const subnets = parseSubnetKey(key.slice(prefix.length));
    if ('fault' in subnets) return [];
    const texts = [subnets.subnet, ...(subnets.subnet6 === undefined ? [] : [subnets.subnet6])];
    return texts.map((text) => parseSubnet(text)!);
  });
}
