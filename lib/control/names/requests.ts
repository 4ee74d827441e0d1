/**
 * What the API is asked, where a destination may be a name: looked up first, then done as with an address. Nothing is
 * changed before the name has an address.
 */
import type { EngineApi, VniFilterApi, VtepApi } from '../../engine/api.js';
import type {
  FdbDelete,
  FdbEntry,
  FdbRequest,
  LinkChange,
  LinkConfig,
  MdbDelete,
  MdbEntry,
  MdbRequest,
  VniEntry,
  VniRequest,
} from '../../engine/types.js';
import { canonicalAddress, familyOf, isHostName } from '../address.js';
import type {
  Named,
  NamedFdbEntry,
  NamedLinkState,
  NamedMdbEntry,
  NamedVniEntry,
  NewLink,
} from '../client.js';
import { argument, completeChange, completeConfig } from '../validate.js';
import { completeFdb, completeMdb, completeVnis } from '../validate-entries.js';
import { refuseElsewhere, type Names } from './names.js';
import { fdbKey, fdbPlace, linkPlace, mdbKey, mdbPlace, vniKey, vniPlace } from './places.js';
import { shownAt, type Given } from './vtep-names.js';

/** A name in one spelling; undefined when the text is none. */
const nameIn = (text: string | undefined): string | undefined =>
  text !== undefined && isHostName(text) ? text.toLowerCase() : undefined;

/** What a destination is given; what is neither name nor address goes on as it is, to be refused. */
async function given(names: Names, vtep: VtepApi, text: string): Promise<Given> {
  const name = nameIn(text);
  if (name === undefined) return { address: canonicalAddress(text) ?? text };
  return { address: await names.addressFor(vtep, name), name };
}

// --- links --------------------------------------------------------------------------------------------

/** The family a new VTEP's name is looked up for: that of `local`, or the one asked for, or any. */
function familyFor({ family, local }: NewLink, name: string): 0 | 4 | 6 {
  const own = local === undefined ? 0 : familyOf(local);
  if (own !== 0 && family !== undefined && family !== own)
    throw argument(family, `family ${family} of "${name}" and local ${local} must be the same`);
  return own || (family ?? 0);
}

export async function addLink(engine: EngineApi, names: Names, body: NewLink): Promise<NamedLinkState> {
  const { family, ...config } = body;
  const name = nameIn(config.remote);
  if (name === undefined) {
    if (family !== undefined)
      throw argument(family, `family ${family} chooses among addresses of a name: give one as remote`);
    return shownLink(names, engine.add(completeConfig(config)));
  }
  refuseElsewhere(config.linkNetns, name);
  const remote = await names.address(name, familyFor(body, name));
  const vtep = engine.add(completeConfig({ ...config, remote }));
  names.give(vtep, linkPlace(vtep), { address: remote, name }, () => {});
  return shownLink(names, vtep);
}

export async function setLink(
  names: Names,
  vtep: VtepApi,
  change: LinkChange & Partial<LinkConfig>,
): Promise<NamedLinkState> {
  const act = (remote: { remote?: string }): void =>
    vtep.set(completeChange({ ...change, ...remote }, vtep.state()));
  if (change.remote === undefined) act({});
  else {
    const to = await given(names, vtep, change.remote);
    names.give(vtep, linkPlace(vtep), to, () => act({ remote: to.address }));
  }
  names.prune(vtep);
  if (change.resolveInterval !== undefined) names.hasten(vtep);
  return shownLink(names, vtep);
}

export function shownLink(names: Names, vtep: VtepApi): NamedLinkState {
  const state = vtep.state();
  const remoteName = names.shown(vtep)?.get(shownAt(linkPlace(vtep).key, state.remote ?? ''));
  return remoteName === undefined ? state : { ...state, remoteName };
}

// --- entries ------------------------------------------------------------------------------------------

export async function setFdb(names: Names, vtep: VtepApi, request: FdbRequest): Promise<void> {
  if (request.dst === undefined) return setFdbAddress(names, vtep, request);
  const { address, name } = await given(names, vtep, request.dst);
  setFdbAddress(names, vtep, { ...request, dst: address }, name);
}

/** As setFdb, at once: `dst` is an address. */
export function setFdbAddress(names: Names, vtep: VtepApi, request: FdbRequest, name?: string): void {
  const complete = completeFdb(request);
  const act = (): void => vtep.fdb.set(complete);
  // Most devices have no names, and some of them a million entries.
  if (complete.dst === undefined || (name === undefined && !names.knows(vtep))) act();
  else names.give(vtep, fdbPlace(vtep, complete), { address: complete.dst, name }, act);
}

export function deleteFdb(names: Names, vtep: VtepApi, request: FdbDelete): void {
  const name = nameIn(request.dst);
  if (name === undefined) vtep.fdb.delete(completeFdb(request));
  else {
    const { dst: _dst, ...key } = completeFdb({ ...request, dst: undefined });
    for (const dst of names.withdraw(vtep, fdbPlace(vtep, key), name)) vtep.fdb.delete({ ...key, dst });
  }
  names.prune(vtep);
}

export const shownFdb = (names: Names, vtep: VtepApi, entries: FdbEntry[]): NamedFdbEntry[] =>
  beside(names, vtep, entries, fdbKey);

export async function setMdb(names: Names, vtep: VtepApi, request: MdbRequest): Promise<void> {
  const { address, name } = await given(names, vtep, request.dst);
  const complete = completeMdb({ ...request, dst: address });
  names.give(vtep, mdbPlace(vtep, complete), { address: complete.dst, name }, () => vtep.mdb.set(complete));
}

export function deleteMdb(names: Names, vtep: VtepApi, request: MdbDelete): void {
  const name = nameIn(request.dst);
  if (name === undefined) vtep.mdb.delete(completeMdb(request));
  else {
    const { group, source, srcVni } = request;
    const key = completeMdb({ group, source, srcVni });
    for (const dst of names.withdraw(vtep, mdbPlace(vtep, key), name)) vtep.mdb.delete({ ...key, dst });
  }
  names.prune(vtep);
}

export const shownMdb = (names: Names, vtep: VtepApi, entries: MdbEntry[]): NamedMdbEntry[] =>
  beside(names, vtep, entries, mdbKey);

export async function addVnis(
  names: Names,
  vtep: VtepApi & { vnis: VniFilterApi },
  request: VniRequest,
): Promise<void> {
  const to = request.remote === undefined ? undefined : await given(names, vtep, request.remote);
  const complete = completeVnis({ ...request, ...(to === undefined ? {} : { remote: to.address }) });
  vtep.vnis.add(complete);
  for (const [first, last] of to === undefined ? [] : complete.vnis)
    for (let vni = first; vni <= last; vni++) names.give(vtep, vniPlace(vtep, vni), to!, () => {});
  names.prune(vtep);
}

export function shownVnis(names: Names, vtep: VtepApi, entries: VniEntry[]): NamedVniEntry[] {
  const known = names.shown(vtep);
  if (known === undefined) return entries;
  return entries.map((entry) => {
    const remoteName = known.get(shownAt(vniKey(entry.vni), entry.remote ?? ''));
    return remoteName === undefined ? entry : { ...entry, remoteName };
  });
}

/** Entries with the names of their destinations beside them. */
function beside<Remote extends { dst: string }, Entry extends { remotes: Remote[] }>(
  names: Names,
  vtep: VtepApi,
  entries: Entry[],
  keyOf: (entry: Entry, remote: Remote) => string,
): (Entry & { remotes: Named<Remote>[] })[] {
  const known = names.shown(vtep);
  if (known === undefined) return entries;
  const named = (entry: Entry, remote: Remote): Named<Remote> => {
    const name = known.get(shownAt(keyOf(entry, remote), remote.dst));
    return name === undefined ? remote : { ...remote, name };
  };
  return entries.map((entry) => ({
    ...entry,
    remotes: entry.remotes.map((remote) => named(entry, remote)),
  }));
}
