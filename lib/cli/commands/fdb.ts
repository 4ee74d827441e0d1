/** `vtep fdb add|append|replace|delete|get|show|flush`: the words of `bridge fdb` for a vxlan device. */
import type { FdbDelete, FdbEntry, FdbFlush, FdbRemote, FdbRequest } from '../../engine/types.js';
import type { Named, NamedFdbEntry } from '../../control/client.js';
import { VtepError } from '../../errors.js';
import { CommandFailure, wrong } from '../failure.js';
import { fdbJson, fdbLine } from '../format/fdb.js';
import type { Session } from '../session.js';

type Words<T> = T & { dev: string; self?: true };

/** What is left for the daemon: `dev` is in the path, `self` is this table anyway. */
function bodyOf<T extends object>(words: Words<T>): Omit<Words<T>, 'dev' | 'self'> {
  const { dev: _dev, self: _self, ...body } = words;
  return body;
}

/** As `bridge` finds it before it asks the kernel. */
function checkDestination({ dst, port, vni, nhid }: Partial<FdbRequest>): void {
  if (nhid !== undefined && (dst ?? port ?? vni) !== undefined)
    throw wrong('dst, port, vni are mutually exclusive with nhid');
  if (nhid === undefined && dst === undefined)
    throw wrong(
      'Not enough information: "dst" is required, an IPv4 or IPv6 address; or "nhid", a nexthop group',
    );
}

const setWith =
  (verb: FdbRequest['verb']) =>
  async (session: Session, words: Words<Omit<FdbRequest, 'verb'>>): Promise<void> => {
    checkDestination(words);
    const request = { verb, ...bodyOf(words) } as FdbRequest;
    await session.about(words.dev, (client) => client.setFdb(words.dev, request));
  };

export const add = setWith('add');
export const append = setWith('append');
export const replace = setWith('replace');

/** State and flags may stand in `fdb del`, as in `bridge`, and choose nothing. */
type DeleteWords = Words<
  FdbDelete & { state?: string; router?: true; externLearn?: true; use?: true; nhid?: number }
>;

export async function del(session: Session, words: DeleteWords): Promise<void> {
  const {
    state: _state,
    router: _router,
    externLearn: _extern,
    use: _use,
    nhid: _nhid,
    ...request
  } = bodyOf(words);
  await session.about(words.dev, (client) => client.deleteFdb(words.dev, request as FdbDelete));
}

interface GetWords {
  dev: string;
  mac: string;
  srcVni?: number;
}

/** One line: the first remote, as the kernel answers. */
export async function get(session: Session, { dev, mac, srcVni }: GetWords): Promise<void> {
  const entry = await session.about(dev, (client) => client.fdbEntry(dev, mac, srcVni)).catch(notFound);
  const { statistics, details } = session.options;
  const ages = statistics > 0;
  const remotes = remotesOf(entry).slice(0, 1);
  const lines = remotes.map((remote) => fdbLine(entry, remote, dev, ages, details));
  const records = remotes.map((remote) => fdbJson(entry, remote, dev, ages));
  session.show(lines, records);
}

/** One line a remote, or one for a nexthop group. */
const remotesOf = ({ remotes, nhid }: NamedFdbEntry): readonly (Named<FdbRemote> | undefined)[] =>
  nhid === undefined ? remotes : [undefined];

function notFound(error: unknown): never {
  if (error instanceof VtepError && error.code === 'ERR_VTEP_NO_ENTRY')
    throw new CommandFailure('Error: Fdb entry not found.', 2, error);
  throw error;
}

interface ShowWords {
  dev?: string;
  state?: FdbEntry['state'] | 'all';
  dynamic?: true;
}

function isShown(entry: FdbEntry, { state, dynamic }: ShowWords): boolean {
  const ages = entry.state === 'reachable' || entry.state === 'stale';
  return (state === undefined || state === 'all' || entry.state === state) && (dynamic === undefined || ages);
}

export async function show(session: Session, words: ShowWords): Promise<void> {
  const { statistics, details } = session.options;
  const ages = statistics > 0;
  const lines: string[] = [];
  const records: unknown[] = [];
  for (const device of await session.devices(words.dev)) {
    const entries = await session.about(device, (client) => client.fdb(device));
    const dev = words.dev === undefined ? device : undefined;
    for (const entry of entries.filter((candidate) => isShown(candidate, words))) {
      lines.push(...remotesOf(entry).map((remote) => fdbLine(entry, remote, dev, ages, details)));
      records.push(...remotesOf(entry).map((remote) => fdbJson(entry, remote, dev, ages)));
    }
  }
  session.show(lines, records);
}

export async function flush(session: Session, words: Words<FdbFlush>): Promise<void> {
  await session.about(words.dev, (client) => client.flushFdb(words.dev, bodyOf(words) as FdbFlush));
}
