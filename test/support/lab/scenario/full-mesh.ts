/**
 * Three hosts in a full mesh, each with a VTEP a peer on one bridge, and a VNI a pair:
 *
 *   host a ---- VNI 1 ---- host b        at each host:   guest --- br0 --- one VTEP
 *        \                /                                      |
 *       VNI 2          VNI 3                                    the other
 *            \        /
 *             host c
 *
 * Every frame that comes in at one VTEP the bridge floods to the other. A split-horizon group of both ends that there;
 * without one a single broadcast goes round until a VTEP is in a group again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Frames } from '../../../conformance/frames.js';
import { EXPERIMENT, frame } from '../crafted.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { soon } from '../../soon.js';
import { guestAddress, guestMac } from './learning-switch.js';
import { plugVtep } from './segment.js';
import type { Witness } from './witness.js';

const COUNT = 20;
/** Milliseconds that a frame may go round. */
const ROUND = 100;

/** A VTEP at host `from` for each other host, called after it. */
const links = (lab: Lab, from: number): [name: string, vni: number, peer: Host][] =>
  lab.hosts.flatMap((peer, to): [string, number, Host][] =>
    to === from ? [] : [[`vtep${to}`, from + to, peer]],
  );

async function layOut(lab: Lab): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    await host.bridge();
    await host.guest({ address: `${guestAddress(index)}/24`, mac: guestMac(index) });
    for (const [name, vni, peer] of links(lab, index))
      await plugVtep(host, name, vni, { link: `remote ${peer.address} split-horizon 1` });
  }
}

/** By the API: while a frame goes round there is no time for processes. */
async function setGroups(lab: Lab, splitHorizon: number): Promise<void> {
  for (const [index, host] of lab.hosts.entries())
    for (const [name] of links(lab, index)) await host.daemon().setLink(name, { splitHorizon });
}

const broadcast = (from: number, number: number): Buffer => {
  const body = Buffer.concat([Buffer.from([from, number]), Buffer.alloc(44)]);
  return frame('ff:ff:ff:ff:ff:ff', guestMac(from), EXPERIMENT, body);
};

/** Numbers of our broadcasts that a guest received, in order. */
const heard = (frames: Frames): number[] =>
  frames
    .received('eth0')
    .filter((bytes) => bytes.readUInt16BE(12) === EXPERIMENT)
    .map((bytes) => bytes[15]!);

async function watchers(lab: Lab): Promise<Frames[]> {
  const all: Frames[] = [];
  for (const host of lab.hosts) {
    const frames = await Frames.start(host.guests[0]!.namespace);
    await frames.open('eth0');
    all.push(frames);
  }
  return all;
}

export async function fullMesh(lab: Lab, witness: Witness): Promise<void> {
  await layOut(lab);
  const guests = await watchers(lab);
  const expected = Array.from({ length: COUNT }, (_, number) => number);
  for (const from of guests.keys()) {
    for (const each of guests) each.clear();
    for (const number of expected) guests[from]!.send('eth0', broadcast(from, number));
    await soon(async () => {
      for (const each of guests) await each.sync();
      return guests.every((each, index) => index === from || heard(each).length >= COUNT);
    });
    // What would come twice had its time, too.
    await sleep(ROUND);
    for (const [index, each] of guests.entries()) {
      await each.sync();
      const wanted = index === from ? [] : expected;
      const text = index === from ? 'none comes back' : `guest ${index} hears each once, in order`;
      witness.check(
        String(heard(each)) === String(wanted),
        `broadcasts of guest ${from}: ${text}`,
        heard(each),
      );
    }
  }
  const [a, b, c] = lab.hosts as [Host, Host, Host];
  for (const [from, to] of [
    [a, b],
    [b, c],
    [c, a],
  ] as const) {
    const [near, far] = [from.guests[0]!, to.guests[0]!];
    const ping = await near.ping(far.address, { count: 5, interval: 20_000 });
    witness.check(
      ping.received === 5 && ping.duplicates === 0,
      `${near.address} reaches ${far.address}`,
      ping,
    );
    const tcp = await near.streamTo(far, { megabytes: 4, mode: 'check' });
    witness.check(tcp.ok, `4 MB of TCP to ${far.address}`, tcp);
  }
  const { reasons } = await a.daemon().statistics('vtep2');
  witness.check(reasons['split_horizon']! > COUNT, 'echoes are counted', reasons);

  witness.step('without a group');
  await setGroups(lab, 0);
  for (const each of guests) each.clear();
  guests[0]!.send('eth0', broadcast(0, 1));
  await sleep(ROUND);
  await setGroups(lab, 1);
  for (const each of guests) await each.sync();
  witness.check(heard(guests[1]!).length > 2, 'one broadcast goes round', heard(guests[1]!).length);
  const rests = async (): Promise<boolean> => {
    guests[1]!.clear();
    await sleep(ROUND);
    await guests[1]!.sync();
    return heard(guests[1]!).length === 0;
  };
  witness.check(await soon(rests), 'until there is a group again', heard(guests[1]!).length);
}
