/** `vtep neigh add|change|replace|delete|get|show|flush`: the words of `ip neigh`. */
import type { Client } from '../../control/client.js';
import type { NeighbourEntry, NeighbourRequest } from '../../engine/types.js';
import type { VtepError } from '../../errors.js';
import { CommandFailure, wrong } from '../failure.js';
import { neighJson, neighLine, type NeighbourView } from '../format/neigh.js';
import { contains, wholeFamily } from '../prefix.js';
import type { Session } from '../session.js';
import { familyOfText } from '../values.js';

type SetWords = Omit<NeighbourRequest, 'verb' | 'lladdr'> & { dev: string; lladdr?: string };

const setWith =
  (verb: NeighbourRequest['verb']) =>
  async (session: Session, words: SetWords): Promise<void> => {
    const { dev, lladdr, ...rest } = words;
    if (lladdr === undefined)
      throw wrong('No link layer address given: "lladdr" expects a MAC such as 02:00:00:00:00:01');
    await session.about(dev, (client) => client.setNeighbour(dev, { verb, lladdr, ...rest }));
  };

export const add = setWith('add');
export const change = setWith('change');
export const replace = setWith('replace');

export async function del(session: Session, { dev, dst }: { dev: string; dst: string }): Promise<void> {
  await session.about(dev, (client) => client.deleteNeighbour(dev, dst));
}

const viewOf = (session: Session, dev: string | undefined): NeighbourView => ({
  dev,
  ages: session.options.statistics > 0,
  details: session.options.details,
});

export async function get(session: Session, { dev, dst }: { dev: string; dst: string }): Promise<void> {
  const entries = await session.about(dev, (client) => client.neighbours(dev));
  const entry = entries.find((candidate) => candidate.dst === dst);
  if (entry === undefined) throw new CommandFailure('Error: Neighbour entry not found.', 2);
  const view = viewOf(session, dev);
  session.show([neighLine(entry, view)], [neighJson(entry, view)]);
}

interface SelectWords {
  dev?: string;
  to?: string;
  state?: NeighbourEntry['state'] | 'all';
}

function isIn(entry: NeighbourEntry, words: SelectWords, family: 4 | 6 | undefined): boolean {
  const mine = familyOfText(entry.dst);
  if (family !== undefined && mine !== family) return false;
  return words.to === undefined || contains(wholeFamily(words.to, mine), entry.dst);
}

/** Without `nud`, `ip` hides NOARP entries unless a control plane gave them. */
function isShown(entry: NeighbourEntry, { state }: SelectWords): boolean {
  if (state === undefined) return entry.state !== 'noarp' || entry.externLearn;
  return state === 'all' || entry.state === state;
}

/** Without `nud`, a flush spares what somebody gave to stay. */
function isFlushed(entry: NeighbourEntry, { state }: SelectWords): boolean {
  if (state === undefined) return entry.state !== 'permanent' && entry.state !== 'noarp';
  return state === 'all' || entry.state === state;
}

export async function show(session: Session, words: SelectWords): Promise<void> {
  const lines: string[] = [];
  const records: unknown[] = [];
  for (const device of await session.devices(words.dev)) {
    const entries = await session.about(device, (client) => client.neighbours(device));
    const view = viewOf(session, words.dev === undefined ? device : undefined);
    const shown = entries.filter(
      (entry) => isIn(entry, words, session.options.family) && isShown(entry, words),
    );
    lines.push(...shown.map((entry) => neighLine(entry, view)));
    records.push(...shown.map((entry) => neighJson(entry, view)));
  }
  session.show(lines, records);
}

/** Says with -s what `ip -s neigh flush` says. */
export function reportFlush(session: Session, flushed: number): void {
  if (session.options.statistics === 0) return;
  const rounds = `\n*** Round 1, deleting ${flushed} entries ***\n*** Flush is complete after 1 round ***\n`;
  session.streams.out(flushed === 0 ? 'Nothing to flush.\n' : rounds);
}

/** Deletes an entry; false when it was snooped and went by itself meanwhile. */
async function removed(client: Client, dev: string, { dst, origin }: NeighbourEntry): Promise<boolean> {
  try {
    await client.deleteNeighbour(dev, dst);
    return true;
  } catch (error) {
    if (origin === 'snooped' && (error as VtepError).code === 'ERR_VTEP_NO_ENTRY') return false;
    throw error;
  }
}

/** Entries mirrored from the host's table are the host's: `ip neigh flush` removes them. */
export async function flush(session: Session, words: SelectWords): Promise<void> {
  if (Object.keys(words).length === 0) throw wrong('Flush requires arguments: expected dev, to or nud');
  let flushed = 0;
  for (const dev of await session.devices(words.dev)) {
    const entries = await session.about(dev, (client) => client.neighbours(dev));
    const ours = entries.filter(
      (entry) => entry.origin !== 'kernel' && isIn(entry, words, session.options.family),
    );
    for (const entry of ours.filter((candidate) => isFlushed(candidate, words))) {
      if (await session.about(dev, (client) => removed(client, dev, entry))) flushed++;
    }
  }
  reportFlush(session, flushed);
}
