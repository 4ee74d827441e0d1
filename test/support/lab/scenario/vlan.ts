/** Frames with an 802.1Q tag pass as they are, and TCP inside the tag is offloaded and checked like any other. */
import type { Background } from '../background.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { tool } from '../tools.js';
import { guestAddress, layOutSwitch, PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const VLAN = 5;
const TAGGED = 0x8100;

/** Has every guest's interface tag what it sends. */
async function tagGuests(lab: Lab, taggers: Background[]): Promise<void> {
  for (const host of lab.hosts) {
    const tagger = host.guests[0]!.namespace.start([tool('tag'), 'eth0', String(VLAN)]);
    taggers.push(tagger);
    await tagger.line(/ready/);
  }
}

export async function taggedTcp(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOutSwitch(lab, { mtu: 1446 }); // the tag's four octets must fit as well
  const taggers: Background[] = [];
  try {
    await tagGuests(lab, taggers);
    const underlay = await a.sniff('eth0', { port: PORT });
    const ping = await a.guests[0]!.ping(guestAddress(1), { count: 3, interval: 30_000 });
    const frames = await underlay.stopVxlan();
    witness.check(ping.received === 3, 'tagged guests reach each other', ping);
    const tagged = frames.filter(
      ({ ethertype, inner }) => ethertype === TAGGED && (inner.readUInt16BE(14) & 0xfff) === VLAN,
    );
    witness.check(
      tagged.length === frames.length && tagged.length >= 6,
      `the tag travels inside (${tagged.length} of ${frames.length} frames)`,
    );
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const result = await from.guests[0]!.streamTo(to.guests[0]!, { megabytes: 30, mode: 'check' });
      witness.check(result.ok, `30 MB of TCP inside the tag (${result.gbps.toFixed(2)} Gbit/s)`, result);
    }
  } finally {
    for (const tagger of taggers) await tagger.close();
  }
}
