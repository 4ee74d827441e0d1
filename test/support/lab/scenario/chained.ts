/**
 * Two tunnels in a row: host b bridges a VTEP of one VNI with a VTEP of another.
 *
 *   guest a --- br0 --- vtep0 ~~~ VNI 1 ~~~ vtep1 --- br0 --- vtep2 ~~~ VNI 2 ~~~ vtep0 --- br0 --- guest c
 *                                                      |
 *              host a                          host b  guest b                            host c
 */
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { guestAddress, guestMac, PORT } from './learning-switch.js';
import { floodToOthers, plugVtep } from './segment.js';
import type { Witness } from './witness.js';

async function layOut(lab: Lab): Promise<void> {
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  for (const [index, host] of lab.hosts.entries()) {
    await host.bridge();
    await host.guest({ address: `${guestAddress(index)}/24`, mac: guestMac(index) });
  }
  for (const [host, name, vni, peer] of [
    [a, 'vtep0', 1, b],
    [b, 'vtep1', 1, a],
    [b, 'vtep2', 2, c],
    [c, 'vtep0', 2, b],
  ] as const) {
    await plugVtep(host, name, vni);
    await floodToOthers(lab, host, name, [peer]);
  }
}

export async function chained(lab: Lab, witness: Witness): Promise<void> {
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  await layOut(lab);
  const underlay = await b.sniff('eth0', { port: PORT });
  const ping = await a.guests[0]!.ping(guestAddress(2), { count: 5, interval: 20_000 });
  const frames = await underlay.stopVxlan();
  witness.check(
    ping.received === 5 && ping.duplicates === 0 && ping.ttl === 64,
    'guest a reaches guest c, once for each request',
    ping,
  );
  const ends = new Set(
    frames.map(({ vni, outerSource, outerDestination: to }) => `${vni} ${outerSource} ${to}`),
  );
  const [A, B, C] = [a.address, b.address, c.address];
  witness.check(
    String([...ends].sort()) === String([`1 ${A} ${B}`, `1 ${B} ${A}`, `2 ${B} ${C}`, `2 ${C} ${B}`]),
    'VNI 1 is seen between a and b only, VNI 2 between b and c only',
    [...ends],
  );
  for (const [name, index, peer] of [
    ['vtep1', 0, a],
    ['vtep2', 2, c],
  ] as const) {
    const learned = async (): Promise<boolean> =>
      (await b.fdb(name)).some((entry) => entry.mac === guestMac(index) && entry.dst === peer.address);
    witness.check(await soon(learned), `${name} learned the guest at its end`, await b.fdb(name));
    const other = (await b.fdb(name)).filter((entry) => entry.mac === guestMac(2 - index));
    witness.check(other.length === 0, 'and not the one at the other', other);
  }
  for (const host of [a, c]) {
    const middle = await host.guests[0]!.ping(guestAddress(1), { count: 2, interval: 20_000 });
    witness.check(middle.received === 2, 'the guest in the middle is reached', middle);
  }
  for (const [from, to] of [
    [a, c],
    [c, a],
  ] as const) {
    const tcp = await from.guests[0]!.streamTo(to.guests[0]!, { megabytes: 4, mode: 'check' });
    witness.check(tcp.ok, `4 MB of TCP through both tunnels (${tcp.gbps.toFixed(2)} Gbit/s)`, tcp);
  }
}
