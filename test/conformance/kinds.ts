/**
 * The kinds of cases. A case is a line in a table of cases/: these functions make it one.
 *
 * @example transmit('ttl 5', { link: 'ttl 5 remote 192.168.100.3', frame: udpFrame(B, A) })
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HOST, HOST6, HOST_MAC, PEER_MAC, type Answer, type Bed } from './bed.js';
import { fact, type Case, type Fact } from './case.js';
import { counterFact, entryFacts, gist, linkFacts, linkOf, verdict } from './facts.js';
import { datagram, outerFacts, type Datagram } from './outer.js';
import { vxlanPacket } from '../support/packets.js';

/** Why the two differ: on purpose, or not yet. */
export type Reason = Pick<Case, 'deviation' | 'known'>;

/** What is said of a difference, without what else a case is told. */
const reasonOf = ({ deviation, known }: Reason): Reason => ({
  ...(deviation === undefined ? {} : { deviation }),
  ...(known === undefined ? {} : { known }),
});

/** `link add vx0 type vxlan dstport 4789 OPTIONS`: the verdict, and the options the device then shows. */
export function option(options: string, reason: Reason = {}): Case {
  return added(`vx0 type vxlan dstport 4789 ${options}`, { what: options || '(nothing)', ...reason });
}

/** `link add WORDS`: the verdict, and what vx0 then is. */
export function added(words: string, more: Partial<Case> = {}): Case {
  return {
    what: `link add ${words}`,
    run: async (bed) => [await verdict(bed, `link add ${words}`), ...linkFacts(await linkOf(bed, 'vx0'))],
    ...more,
  };
}

/** Several commands on links: the verdict on each, what each device named in `shown` is after them, and the zero entry. */
export function links(
  what: string,
  commands: readonly string[],
  shown: readonly string[] = [],
  reason: Reason = {},
): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    const facts: Fact[] = [];
    for (const words of commands) facts.push(await verdict(bed, words));
    for (const name of shown) facts.push(...linkFacts(await linkOf(bed, name)));
    return facts;
  };
  return { what, run, ...reason };
}

/** `link set vx0 type vxlan CHANGE` on a device made with `options`: the verdict, then its options and its entries. */
export function change(options: string, words: string, reason: Reason = {}): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    await bed.must(`link add vx0 type vxlan dstport 4789 ${options}`);
    const first = await verdict(bed, `link set vx0 type vxlan ${words}`);
    return [first, ...linkFacts(await linkOf(bed, 'vx0')), ...(await entryFacts(bed))];
  };
  return { what: `${options}; set ${words}`, run, ...reason };
}

/** Verbs of `fdb` in a row on a device made with `link`: the verdict on each, and the entries after them. */
export function fdb(
  verbs: readonly string[],
  { link = 'id 1 dstport 4789', ...reason }: Reason & { link?: string } = {},
): Case {
  const run = async (bed: Bed): Promise<Fact[]> => {
    await bed.device(link);
    const facts: Fact[] = [];
    for (const words of verbs) facts.push(fact(gist(await perform(bed, words))));
    return [...facts, ...(await entryFacts(bed))];
  };
  const made = link === 'id 1 dstport 4789' ? '' : `${link}: `;
  return { what: `${made}${verbs.join('; ')}`, run, ...reason };
}

/** `add MAC dst IP` as a whole command: `fdb` and `dev vx0` are understood; of `mdb`, `port vx0` as well. */
function withDev(words: string): string {
  if (/^(link|nexthop|vni) /.test(words)) return words;
  if (words.startsWith('mdb ')) return words.replace(/^mdb (\w+)/, '$& dev vx0 port vx0');
  const whole = /^(fdb|neigh) /.test(words) ? words : `fdb ${words}`;
  return / dev /.test(whole) ? whole : `${whole} dev vx0`;
}

/** A command of a case on vx0: the device's own, a stock `ip …` of the host, or `sleep MS`. */
export async function perform(bed: Bed, words: string): Promise<Answer> {
  const [first, second] = words.split(' ');
  if (first === 'sleep') await sleep(Number(second));
  else if (first === 'ip') await bed.stock(words.slice(3));
  else return await bed.say(withDev(words));
  return { exit: 0, out: '', err: '' };
}

export interface Traffic extends Reason {
  /** Options behind `id 42 dstport 4789`. */
  link?: string;
  /** Commands before the frame is sent, as perform() takes them; those of `fdb`, `mdb` and `neigh` may leave out `dev vx0`. */
  setup?: readonly string[];
  /** Commands once the frames have passed, before entries are looked at. */
  after?: readonly string[];
}

async function layOut(bed: Bed, { link = '', setup = [] }: Traffic): Promise<void> {
  await bed.device(`id 42 dstport 4789 ${link}`.trim());
  for (const words of setup) {
    const { exit, err } = await perform(bed, words);
    if (exit !== 0) throw new Error(`${bed.kind}: ${words}: exit ${exit}: ${err.trim()}`);
  }
  if (setup.some((words) => words.startsWith('link add vx1'))) await bed.inside.open('vx1');
  bed.inside.clear();
  bed.outside.clear();
}

/**
 * What left for the underlay, then what came up on vx0: as it stands in the table, and octet by octet.
 * @param as what is said of a frame that came up in the place of its octets
 */
export async function passed(
  bed: Bed,
  ports?: readonly [number, number],
  as: (frame: Buffer) => Uint8Array = (frame) => frame,
): Promise<Fact[]> {
  return await bed.settle(async () => {
    await Promise.all([bed.outside.sync(), bed.inside.sync()]);
    const out = outerFacts(bed.outside.received('eth0'), ports);
    const up = (dev: string, on = ''): Fact[] =>
      bed.inside
        .received(dev)
        .map(as)
        .map((frame) => fact(`${frame.length} octets up${on}`, Buffer.from(frame).toString('hex')));
    return [...out, ...up('vx0'), ...up('vx1', ' on vx1')];
  });
}

export const orNothing = (facts: readonly Fact[], what: string): readonly Fact[] =>
  facts.length > 0 ? facts : [fact(what)];

export interface Sent extends Traffic {
  frame: Uint8Array | readonly Uint8Array[];
  /** The range of source ports that is right. */
  ports?: readonly [number, number];
  /** The mark of its packets, of which a device with `gbp` makes the policy: to ours, whose guests have none, `gbp-id`. */
  mark?: number;
  /** What to look at besides: entries of the FDB, those of vx1, what comes up on vx1. */
  entries?: boolean;
  second?: boolean;
}

async function mark(bed: Bed, policy: number): Promise<void> {
  if (bed.kind === 'kernel') bed.inside.mark('vx0', policy);
  else await bed.must(`link set vx0 type vxlan gbp-id ${policy}`);
}

/** A frame (or more) sent on vx0: what leaves, what comes back up, and the counters. */
export function transmit(what: string, sent: Sent): Case {
  const frames = Array.isArray(sent.frame) ? sent.frame : [sent.frame as Uint8Array];
  const run = async (bed: Bed): Promise<Fact[]> => {
    await layOut(bed, sent);
    if (sent.mark !== undefined) await mark(bed, sent.mark);
    for (const frame of frames) bed.inside.send('vx0', frame);
    await bed.inside.sync();
    const facts = await passed(bed, sent.ports);
    for (const words of sent.after ?? []) await perform(bed, words);
    const entries = sent.entries ? await entryFacts(bed) : [];
    const second = sent.second ? [await counterFact(bed, 'vx1'), ...(await entryFacts(bed, 'vx1'))] : [];
    return [...orNothing(facts, 'nothing'), await counterFact(bed), ...entries, ...second];
  };
  return {
    what,
    run,
    ...reasonOf(sent),
  };
}

export interface Received extends Traffic, Partial<Datagram> {
  /** The inner frame, or `payload` for the whole of the UDP payload. */
  inner?: Uint8Array;
  vni?: number;
  /** First word of the header; default the I flag alone. */
  flags?: number;
  reserved?: number;
  /** Over IPv6. */
  v6?: boolean;
  entries?: boolean;
}

/** The datagram a case of `receive` sends. */
export function crafted(received: Received): Buffer {
  const { inner = new Uint8Array(), vni = 42, flags = 0x08000000, reserved = 0, v6 = false } = received;
  return datagram([HOST_MAC, PEER_MAC], {
    from: v6 ? 'fd00:100::3' : '192.168.100.3',
    to: v6 ? HOST6 : HOST,
    payload: vxlanPacket(vni, inner, flags, reserved),
    ...received,
  });
}

/** A datagram (or more) from the underlay: what comes up on vx0, the counters, and where asked the entries. */
export function receive(what: string, received: Received | readonly Received[]): Case {
  const all = (Array.isArray(received) ? received : [received]) as readonly Received[];
  const [first] = all as [Received];
  const run = async (bed: Bed): Promise<Fact[]> => {
    await layOut(bed, first);
    for (const each of all) bed.outside.send('eth0', crafted(each));
    await bed.outside.sync();
    const facts = await passed(bed);
    for (const words of first.after ?? []) await perform(bed, words);
    const entries = first.entries ? await entryFacts(bed) : [];
    return [...orNothing(facts, 'dropped'), await counterFact(bed), ...entries];
  };
  return {
    what,
    run,
    ...reasonOf(first),
  };
}

/** Which stock monitor listens. */
export type Monitor = 'bridge monitor fdb' | 'ip monitor neigh' | 'ip monitor nexthop';

export interface Notified extends Traffic {
  /** Commands whose notifications are looked at. */
  commands?: readonly string[];
  frame?: Uint8Array | readonly Uint8Array[];
  received?: readonly Received[];
  monitor: Monitor;
}

/** What a stock monitor says while something is done. */
export function notify(what: string, notified: Notified): Case {
  const frames =
    notified.frame === undefined
      ? []
      : Array.isArray(notified.frame)
        ? notified.frame
        : [notified.frame as Uint8Array];
  const run = async (bed: Bed): Promise<Fact[]> => {
    await layOut(bed, notified);
    return await bed.listening(notified.monitor.split(' '), async () => {
      for (const words of notified.commands ?? []) await perform(bed, words);
      for (const frame of frames) bed.inside.send('vx0', frame);
      for (const each of notified.received ?? []) bed.outside.send('eth0', crafted(each));
      await Promise.all([bed.inside.sync(), bed.outside.sync()]);
    });
  };
  return {
    what: `${notified.monitor}: ${what}`,
    run,
    ...reasonOf(notified),
  };
}
