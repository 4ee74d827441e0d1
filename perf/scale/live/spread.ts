/**
 * Traffic of one generator, spread over many destination MACs: one address of host b, which host a's routing table
 * reaches through a group of next hops, each a neighbour with a MAC of its own. The flow's hash chooses.
 *
 *   host a: 10.32.0.1 via { 10.31.0.1 (MAC 0), 10.31.0.2 (MAC 1), … } on vtep0  ~~~  host b: 10.32.0.1 on lo
 */
import type { Host } from '../../../test/support/lab/host.js';
import type { Bed } from '../../suite/bed.js';
import { batch, groupMac, numbered } from './entries.js';

/** Where the generator sends to. */
export const SPREAD_ADDRESS = '10.32.0.1';
/** Next hops at most, and flows of the generator. */
export const SPREAD = 256;
const GROUP_ID = 100_000;

/** Lays out the group for `hops` next hops, whose MACs are not known yet. */
export async function laySpread({ lab }: Bed, hops: number): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await a.namespace.sysctl('net.ipv4.fib_multipath_hash_policy', 1);
  await b.namespace.ip(`addr add ${SPREAD_ADDRESS}/32 dev lo`);
  const ids = Array.from({ length: hops }, (_, n) => n + 1);
  await batch('ip', a, [
    ...ids.map((id) => `nexthop add id ${id} via ${numbered('10.31', id - 1)} dev vtep0 onlink`),
    `nexthop add id ${GROUP_ID} group ${ids.join('/')}`,
    `route add ${SPREAD_ADDRESS}/32 nhid ${GROUP_ID}`,
  ]);
}

/** Gives the next hops MACs that lie evenly among `entries`, all in use if there are that few. */
export async function pointSpread({ lab }: Bed, hops: number, entries: number): Promise<void> {
  const a = lab.hosts[0]!;
  const lines = Array.from({ length: hops }, (_, n) => {
    const mac = groupMac(Math.floor((n * entries) / hops));
    return `neigh replace ${numbered('10.31', n)} lladdr ${mac} dev vtep0 nud permanent`;
  });
  await batch('ip', a, lines);
}

/** Thousands a second that arrive of as many as can be sent, 64 octets each. */
export async function spreadDelivered({ from, to }: Bed, seconds: number, flows = SPREAD): Promise<number> {
  const result = await from.datagramsTo(to, { seconds, size: 64, flows }, SPREAD_ADDRESS);
  if (result.delivered === 0) throw new Error('nothing arrived');
  return result.deliveredKpps;
}
