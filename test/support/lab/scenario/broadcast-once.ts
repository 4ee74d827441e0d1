/**
 * Three hosts with head-end replication: a broadcast reaches every guest but its sender once, as one datagram a host; a
 * frame to a learned MAC goes to one host.
 */
import { Frames } from '../../../conformance/frames.js';
import { EXPERIMENT, frame } from '../crafted.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { guestMac, layOutSwitch, PORT } from './learning-switch.js';
import type { Witness } from './witness.js';

const COUNT = 20;

/** Numbered frames that no stack answers. */
const numbered = (to: string, from: number): Buffer[] =>
  Array.from({ length: COUNT }, (_, number) =>
    frame(to, guestMac(from), EXPERIMENT, Buffer.concat([Buffer.from([from, number]), Buffer.alloc(44)])),
  );

/** `sender:number` of the frames of ours that a guest received, in order. */
const heard = (frames: Frames): string[] =>
  frames
    .received('eth0')
    .filter((bytes) => bytes.readUInt16BE(12) === EXPERIMENT)
    .map((bytes) => `${bytes[14]}:${bytes[15]}`);

export async function broadcastOnce(lab: Lab, witness: Witness): Promise<void> {
  await layOutSwitch(lab);
  const guests: Frames[] = [];
  for (const host of lab.hosts) {
    const frames = await Frames.start(host.guests[0]!.namespace);
    await frames.open('eth0');
    guests.push(frames);
  }
  for (const [from, host] of lab.hosts.entries()) {
    const underlay = await host.sniff('eth0', { port: PORT });
    for (const each of guests) each.clear();
    for (const bytes of numbered('ff:ff:ff:ff:ff:ff', from)) guests[from]!.send('eth0', bytes);
    await allHeard(guests, from);
    const expected = String(numbered('', from).map((_, number) => `${from}:${number}`));
    for (const [index, each] of guests.entries()) {
      const got = heard(each);
      const wanted = index === from ? '' : expected;
      const text = index === from ? 'none of them comes back' : `guest ${index} hears each once, in order`;
      witness.check(String(got) === wanted, `broadcasts of guest ${from}: ${text}`, got);
    }
    const sent = (await underlay.stopVxlan()).filter(({ out, ethertype }) => out && ethertype === EXPERIMENT);
    const copies = lab.hosts
      .filter((peer) => peer !== host)
      .map((peer) => sent.filter(({ outerDestination }) => outerDestination === peer.address).length);
    witness.check(
      sent.length === 2 * COUNT && copies.every((number) => number === COUNT),
      'one datagram a host',
      copies,
    );
  }
  await unicastGoesToOne(lab, guests, witness);
}

/** Every guest was heard by now, so every VTEP knows every MAC. */
async function unicastGoesToOne(lab: Lab, guests: Frames[], witness: Witness): Promise<void> {
  for (const [from, host] of lab.hosts.entries()) {
    const to = (from + 1) % lab.hosts.length;
    const learned = async (): Promise<boolean> =>
      (await host.fdb()).some(({ mac, dst }) => mac === guestMac(to) && dst === lab.hosts[to]!.address);
    witness.check(await soon(learned), `host ${from} learned guest ${to}`, await host.fdb());
    const underlay = await host.sniff('eth0', { port: PORT });
    for (const each of guests) each.clear();
    for (const bytes of numbered(guestMac(to), from)) guests[from]!.send('eth0', bytes);
    await soon(async () => {
      await guests[to]!.sync();
      return heard(guests[to]!).length >= COUNT;
    });
    const sent = (await underlay.stopVxlan()).filter(({ out, ethertype }) => out && ethertype === EXPERIMENT);
    witness.check(heard(guests[to]!).length === COUNT, `guest ${from} to guest ${to}: each arrives once`);
    witness.check(
      sent.length === COUNT && sent.every(({ outerDestination: ip }) => ip === lab.hosts[to]!.address),
      'and nowhere else',
      sent.map(({ outerDestination }) => outerDestination),
    );
  }
}

/** Waits until all guests but the sender heard as many as were sent, and what was sent twice had its time, too. */
async function allHeard(guests: readonly Frames[], from: number): Promise<void> {
  const others = guests.filter((_, index) => index !== from);
  await soon(async () => {
    for (const each of guests) await each.sync();
    return others.every((each) => heard(each).length >= COUNT);
  });
  for (const each of guests) await each.sync();
}
