/** `vtep mdb add|replace|delete|get|show|flush`: the words of `bridge mdb` for a vxlan device. */
import type { NamedMdbEntry } from '../../control/client.js';
import type { MdbDelete, MdbFlush, MdbKey, MdbRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { CommandFailure, wrong } from '../failure.js';
import { mdbJson, mdbLine } from '../format/mdb.js';
import type { Session } from '../session.js';

/** What is not for the daemon: `dev` is in the path, `port` says the same again, and every entry is permanent. */
interface Around {
  dev: string;
  port?: string;
  state?: 'permanent';
  dstPort?: number;
}

function bodyOf<T extends object>({ dev, port, state: _state, dstPort, ...body }: T & Around) {
  if (port !== undefined && port !== dev)
    throw wrong(`Port net device must be the VXLAN net device: "port ${port}" is not "dev ${dev}"`);
  return dstPort === undefined || dstPort === 0 ? body : { ...body, port: dstPort };
}

const setWith =
  (verb: MdbRequest['verb']) =>
  async (session: Session, words: Around & MdbKey): Promise<void> => {
    const request = { verb, ...bodyOf(words) } as MdbRequest;
    await session.about(words.dev, (client) => client.setMdb(words.dev, request));
  };

export const add = setWith('add');
export const replace = setWith('replace');

export async function del(session: Session, words: Around & MdbDelete): Promise<void> {
  const { group, source, srcVni, dst } = bodyOf<MdbDelete>(words) as MdbDelete;
  await session.about(words.dev, (client) => client.deleteMdb(words.dev, { group, source, srcVni, dst }));
}

function notFound(error: unknown): never {
  if (error instanceof VtepError && error.code === 'ERR_VTEP_NO_ENTRY')
    throw new CommandFailure('Error: MDB entry not found.', 2, error);
  throw error;
}

/** Lines of a device's entries, and in JSON one object for them all, as `bridge` prints them. */
async function print(
  session: Session,
  entries: readonly (readonly [string, NamedMdbEntry])[],
): Promise<void> {
  const { details, statistics, json } = session.options;
  const view = { details, timers: statistics > 0 };
  const lines = entries.flatMap(([dev, entry]) =>
    entry.remotes.map((remote) => mdbLine(entry, remote, dev, view)),
  );
  const indexes = new Map<string, number>();
  for (const [dev] of json ? entries : []) {
    if (!indexes.has(dev)) indexes.set(dev, (await (await session.client()).link(dev)).ifindex);
  }
  const records = entries.flatMap(([dev, entry]) =>
    entry.remotes.map((remote) => mdbJson(entry, remote, dev, view, indexes.get(dev))),
  );
  session.show(lines, [{ mdb: records, router: {} }]);
}

export async function get(session: Session, { dev, ...key }: MdbKey & { dev: string }): Promise<void> {
  const entry = await session.about(dev, (client) => client.mdbEntry(dev, key)).catch(notFound);
  await print(session, [[dev, entry]]);
}

export async function show(session: Session, words: { dev?: string }): Promise<void> {
  const all: [string, NamedMdbEntry][] = [];
  for (const dev of await session.devices(words.dev)) {
    const entries = await session.about(dev, (client) => client.mdb(dev));
    all.push(...entries.map((entry): [string, NamedMdbEntry] => [dev, entry]));
  }
  await print(session, all);
}

export async function flush(session: Session, words: Around & MdbFlush): Promise<void> {
  await session.about(words.dev, (client) => client.flushMdb(words.dev, bodyOf<MdbFlush>(words) as MdbFlush));
}
