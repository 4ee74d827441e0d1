/** TCP in both directions through whatever the interfaces offload, every octet compared at the other end. */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { guestAddress, guestAddress6, layOutSwitch, type SwitchOptions } from './learning-switch.js';
import type { Witness } from './witness.js';

export interface BulkOptions extends SwitchOptions {
  megabytes?: number;
  /** IPv6 between the guests. */
  innerV6?: boolean;
}

export async function bulkTransfer(lab: Lab, witness: Witness, options: BulkOptions = {}): Promise<void> {
  const [a] = lab.hosts as [Host, Host];
  await layOutSwitch(lab, options);
  const address = options.innerV6 ? guestAddress6 : guestAddress;
  const ping = await a.guests[0]!.ping(address(1), { count: 2, interval: 30_000 });
  witness.check(ping.received === 2, 'guest a reaches guest b', ping);
  await bulkBothWays(lab, witness, options.innerV6 ? address : undefined, options.megabytes);
}

/** The transfers alone, between the first guests of two hosts that reach each other already. */
export async function bulkBothWays(
  lab: Lab,
  witness: Witness,
  address?: (index: number) => string,
  megabytes = 104.8576,
): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  for (const [from, to, arrow] of [
    [a, b, 'a -> b'],
    [b, a, 'b -> a'],
  ] as const) {
    const target = address?.(lab.hosts.indexOf(to)) ?? to.guests[0]!.address;
    const result = await from.guests[0]!.streamTo(to.guests[0]!, { megabytes, mode: 'check' }, target);
    const whole = result.ok && result.bytes >= Math.floor((megabytes * 1e6) / 8) * 8;
    witness.check(
      whole,
      `${megabytes} MB ${arrow} arrived right to the octet (${result.gbps.toFixed(2)} Gbit/s)`,
      result,
    );
  }
}
