/** `vtep nexthop add|replace|delete|get|show|flush`: the words of `ip nexthop` for FDB entries. */
import type { NexthopEntry, NexthopRequest } from '../../engine/types.js';
import { isNoDaemon } from '../../errors.js';
import { nexthopJson, nexthopLine } from '../format/nexthop.js';
import type { Session } from '../session.js';

type SetWords = Omit<NexthopRequest, 'verb'> & { fdb?: true };

const setWith =
  (verb: NexthopRequest['verb']) =>
  async (session: Session, { fdb: _fdb, ...request }: SetWords): Promise<void> => {
    await (await session.startedClient()).setNexthop({ verb, ...request });
  };

export const add = setWith('add');
export const replace = setWith('replace');

export async function del(session: Session, { id }: { id: number }): Promise<void> {
  await (await session.client()).deleteNexthop(id);
}

function print(session: Session, entries: readonly NexthopEntry[]): void {
  const { details } = session.options;
  session.show(
    entries.map((entry) => nexthopLine(entry, details)),
    entries.map((entry) => nexthopJson(entry, details)),
  );
}

export async function get(session: Session, { id }: { id: number }): Promise<void> {
  print(session, [await (await session.client()).nexthop(id)]);
}

interface ShowWords {
  id?: number;
  groups?: true;
  protocol?: number;
}

/** All there are; none where no daemon runs. */
async function all(session: Session): Promise<NexthopEntry[]> {
  try {
    return await (await session.client()).nexthops();
  } catch (error) {
    if (isNoDaemon(error)) return [];
    throw error;
  }
}

export async function show(session: Session, words: ShowWords): Promise<void> {
  if (words.id !== undefined) return get(session, { id: words.id });
  const { groups, protocol } = words;
  const entries = await all(session);
  print(
    session,
    entries.filter(
      (entry) =>
        (groups === undefined || entry.group !== undefined) &&
        (protocol === undefined || entry.protocol === protocol),
    ),
  );
}

export async function flush(session: Session): Promise<void> {
  const { flushed } = await (await session.client()).flushNexthops();
  session.streams.out(flushed === 0 ? 'Nothing to flush\n' : `Flushed ${flushed} nexthops\n`);
}
