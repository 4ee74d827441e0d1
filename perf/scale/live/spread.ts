/**
 * Traffic of one generator to many MACs: its flows go to as many addresses, each a neighbour with a MAC of its own, and all
 * of them host b's.
 *
 *   host a: 10.31.0.0/16 on vtep0, neighbours 10.31.0.1 (MAC …), 10.31.0.2 (MAC …)  ~~~  host b: 10.31.0.0/16 is local
 */
import type { Host } from '../../../test/support/lab/host.js';
import type { Bed } from '../../suite/bed.js';
import { PINS } from '../../suite/pins.js';
import { batch, groupMac, numbered } from './entries.js';

const PREFIX = '10.31';

/** Routes, once a bed. */
export async function laySpread({ lab }: Bed): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await a.namespace.ip(`route add ${PREFIX}.0.0/16 dev vtep0`);
  await b.namespace.ip(`route add local ${PREFIX}.0.0/16 dev lo`);
}

/** Gives `addresses` neighbours the MACs of as many entries, evenly among `entries`; fewer share them. */
export async function pointSpread({ lab }: Bed, addresses: number, entries: number): Promise<void> {
  const lines = Array.from({ length: addresses }, (_, n) => {
    const mac = groupMac(entries >= addresses ? Math.floor((n * entries) / addresses) : n % entries);
    return `neigh replace ${numbered(PREFIX, n)} lladdr ${mac} dev vtep0 nud permanent`;
  });
  await batch('ip', lab.hosts[0]!, lines);
}

/** Thousands a second that arrive of as many as can be sent, 64 octets each, one flow an address. */
export async function spreadDelivered(
  { from, to }: Bed,
  seconds: number,
  addresses: number,
): Promise<number> {
  const options = { ...PINS, seconds, size: 64, flows: addresses, addresses };
  const result = await from.datagramsTo(to, options, numbered(PREFIX, 0));
  if (result.delivered === 0) throw new Error('nothing arrived');
  return result.deliveredKpps;
}
