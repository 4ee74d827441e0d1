/** `vtep route add|replace|delete|get|show|flush`: the words of `ip route` for what a VTEP's own table holds. */
import type { RouteEntry, RouteRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { CommandFailure, wrong } from '../failure.js';
import { routeJson, routeLine } from '../format/route.js';
import { contains, wholeFamily } from '../prefix.js';
import type { Session } from '../session.js';
import { familyOfText } from '../values.js';
import { reportFlush } from './neigh.js';

interface RouteWords {
  dst: string;
  dev?: string;
  via?: string;
  onlink?: true;
}

/** `default` is of the next hop's family, or of -4/-6, or IPv4. */
function prefixOf(session: Session, { dst, via }: RouteWords): string {
  const family = session.options.family ?? (via === undefined ? 4 : familyOfText(via));
  const prefix = wholeFamily(dst, family);
  const mine = familyOfText(prefix);
  if (session.options.family !== undefined && session.options.family !== mine)
    throw wrong(`"${dst}" is not of family -${session.options.family}`);
  if (via !== undefined && familyOfText(via) !== mine)
    throw wrong(`${mine === 4 ? 'inet' : 'inet6'} address is expected rather than "${via}".`);
  return prefix;
}

const setWith =
  (verb: RouteRequest['verb']) =>
  async (session: Session, words: RouteWords & { dev: string }): Promise<void> => {
    const { dev, via, onlink } = words;
    const request: RouteRequest = { verb, dst: prefixOf(session, words), via, onlink };
    await session.about(dev, (client) => client.setRoute(dev, request));
  };

export const add = setWith('add');
export const replace = setWith('replace');

const noRoute = (what: string): CommandFailure =>
  new CommandFailure(
    `RTNETLINK answers: No such process: no VTEP has a route ${what}; see \`vtep route show\``,
    2,
  );

/** Devices and their routes that the words choose. */
async function select(session: Session, dev: string | undefined, holds: (entry: RouteEntry) => boolean) {
  const chosen: { dev: string; entry: RouteEntry }[] = [];
  for (const device of await session.devices(dev)) {
    const entries = await session.about(device, (client) => client.routes(device));
    chosen.push(...entries.filter(holds).map((entry) => ({ dev: device, entry })));
  }
  return chosen;
}

/** Without `dev`, the first VTEP that has such a route, as the host's table would. */
export async function del(session: Session, words: RouteWords): Promise<void> {
  const dst = prefixOf(session, words);
  const same = (entry: RouteEntry): boolean =>
    entry.dst === dst && (words.via === undefined || entry.via === words.via);
  if (words.dev !== undefined && words.via === undefined) {
    const { dev } = words;
    await session.about(dev, (client) => client.deleteRoute(dev, dst));
    return;
  }
  const [found] = await select(session, words.dev, same);
  if (found === undefined) throw noRoute(`to ${words.dst}`);
  await session.about(found.dev, (client) => client.deleteRoute(found.dev, dst));
}

async function lookup(session: Session, dev: string, address: string): Promise<RouteEntry | undefined> {
  try {
    return await session.about(dev, (client) => client.lookupRoute(dev, address));
  } catch (error) {
    if (error instanceof VtepError && error.code === 'ERR_VTEP_NO_ENTRY') return undefined;
    throw error;
  }
}

const lengthOf = (entry: RouteEntry): number => Number(entry.dst.split('/')[1]);

/** The route an address takes; without `dev`, the longest prefix among all VTEPs. */
export async function get(
  session: Session,
  { address, dev }: { address: string; dev?: string },
): Promise<void> {
  let best: { dev: string; entry: RouteEntry } | undefined;
  for (const device of await session.devices(dev)) {
    const entry = await lookup(session, device, address);
    if (entry !== undefined && (best === undefined || lengthOf(entry) > lengthOf(best.entry)))
      best = { dev: device, entry };
  }
  if (best === undefined)
    throw new CommandFailure(
      `RTNETLINK answers: Network is unreachable: no VTEP has a route to ${address}; see \`vtep route show\``,
      2,
    );
  const host = familyOfText(address) === 4 ? 32 : 128;
  const entry = { ...best.entry, dst: `${address}/${host}`, onlink: false };
  const { scope: _scope, ...record } = routeJson(entry, { dev: best.dev });
  session.show([routeLine(entry, { dev: best.dev }).replace('scope link ', '')], [record]);
}

interface SelectWords {
  dev?: string;
  via?: string;
  exact?: string;
  root?: string;
  match?: string;
}

/** `exact P` is P, `root P` what lies in P, `match P` what P lies in. */
function chooser(words: SelectWords, family: 4 | 6 | undefined): (entry: RouteEntry) => boolean {
  const { exact, root, match, via } = words;
  return (entry) => {
    const mine = familyOfText(entry.dst);
    if (family !== undefined && mine !== family) return false;
    if (via !== undefined && entry.via !== via) return false;
    if (exact !== undefined && wholeFamily(exact, mine) !== entry.dst) return false;
    if (root !== undefined && !contains(wholeFamily(root, mine), entry.dst)) return false;
    return match === undefined || contains(entry.dst, wholeFamily(match, mine));
  };
}

/** IPv4 unless a word or -6 says otherwise, as `ip route`. */
function familyFor(session: Session, words: SelectWords): 4 | 6 {
  const said = [words.exact, words.root, words.match, words.via].find(
    (word) => word !== undefined && word !== 'default',
  );
  return session.options.family ?? (said === undefined ? 4 : familyOfText(said));
}

export async function show(session: Session, words: SelectWords): Promise<void> {
  const chosen = await select(session, words.dev, chooser(words, familyFor(session, words)));
  const { details } = session.options;
  const view = (dev: string) => ({ dev: words.dev === undefined ? dev : undefined, details });
  session.show(
    chosen.map(({ dev, entry }) => routeLine(entry, view(dev))),
    chosen.map(({ dev, entry }) => routeJson(entry, view(dev))),
  );
}

/** Routes mirrored from the host's table are the host's: `ip route flush` removes them. */
export async function flush(session: Session, words: SelectWords): Promise<void> {
  if (Object.keys(words).length === 0)
    throw wrong('"route flush" requires arguments: expected dev, via, root, match or a prefix');
  const choose = chooser(words, familyFor(session, words));
  const chosen = await select(session, words.dev, (entry) => entry.origin === 'own' && choose(entry));
  for (const { dev, entry } of chosen)
    await session.about(dev, (client) => client.deleteRoute(dev, entry.dst));
  reportFlush(session, chosen.length);
}
