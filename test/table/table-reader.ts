/**
 * Worker of concurrency.test.ts: looks keys up in tables that another thread is changing, and checks whatever
 * it finds. It sees every table as the data plane does: attach, enter, adopt, look up.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type EpochShare, Epochs } from '../../lib/memory/epoch.js';
import { FdbTable } from '../../lib/table/fdb.js';
import type { TableShare } from '../../lib/table/hash-table.js';
import { NeighbourTable } from '../../lib/table/neighbour.js';
import { RemoteLists, type RemoteListsShare } from '../../lib/table/remote-list.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { type RouteShare, RouteTable } from '../../lib/table/route.js';

export const VNI = 42;
/** Keys below this one are never removed. */
export const STABLE = 64;
export const KEYS = 3_000;

/** words[0] = 1: stop; words[1..] = lookups, hits, wrong answers, adoptions, readers that have begun. */
export const STOP = 0;
export const LOOKUPS = 1;
export const HITS = 2;
export const WRONG = 3;
export const ADOPTIONS = 4;
export const BEGUN = 5;

export interface ReaderShares {
  fdb: TableShare;
  remotes: TableShare;
  lists: RemoteListsShare;
  neighbours: TableShare;
  routes: RouteShare;
}

export interface ReaderData {
  reader: number;
  epochs: EpochShare;
  shares: ReaderShares;
  port: MessagePort;
  result: SharedArrayBuffer;
}

if (workerData !== null) read(workerData as ReaderData);

function read({ reader, epochs: epochShare, shares, port, result }: ReaderData): void {
  const epochs = Epochs.attach(epochShare);
  const words = new Int32Array(result);
  const views = {
    fdb: FdbTable.attach(shares.fdb),
    remotes: RemoteTable.attach(shares.remotes),
    lists: RemoteLists.attach(shares.lists),
    neighbours: NeighbourTable.attach(shares.neighbours),
    routes: RouteTable.attach(shares.routes),
  };
  let adopted = -1;
  let random = reader + 1;
  Atomics.add(words, BEGUN, 1);
  while (Atomics.load(words, STOP) === 0) {
    const generation = epochs.enter(reader);
    if (generation !== adopted) {
      for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port)) {
        const { table, share } = message.message as { table: keyof typeof views; share: never };
        views[table].adopt(share);
        Atomics.add(words, ADOPTIONS, 1);
      }
      adopted = generation;
    }
    for (let i = 0; i < 64; i++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) | 0;
      const key = (random >>> 8) % (i & 1 ? KEYS : STABLE);
      lookUp(views, key, words);
    }
  }
  epochs.leave(reader);
}

/** What is found for a key must have been put there for this key, all of it; a stable key must be found. */
function lookUp(
  views: {
    fdb: FdbTable;
    remotes: RemoteTable;
    lists: RemoteLists;
    neighbours: NeighbourTable;
    routes: RouteTable;
  },
  key: number,
  words: Int32Array,
): void {
  const { fdb, remotes, lists, neighbours, routes } = views;
  let wrong = 0;
  let hits = 0;
  const entry = fdb.find(0x02000000, key, VNI);
  if (entry >= 0) {
    hits++;
    const word = fdb.remotes(entry);
    const list = ~word;
    const length = word >= 0 ? 1 : lists.length(list);
    if (length < 1 || length > 4) wrong++;
    for (let i = 0; i < length; i++) {
      const remote = word >= 0 ? word : lists.at(list, i);
      if (remotes.address3(remote) !== key || remotes.address2(remote) !== 0xffff) wrong++;
    }
    if (fdb.macLow(entry) !== key || fdb.vni(entry) !== VNI) wrong++;
    fdb.touchUsed(entry, key);
    if (fdb.macLow(entry) !== key) wrong++;
  } else if (key < STABLE) wrong++;

  const neighbour = neighbours.find(0, 0, 0xffff, key);
  if (neighbour >= 0) {
    hits++;
    // The MAC is (version << 12 | key): both halves carry the same version.
    const high = neighbours.macHigh(neighbour);
    if ((high & 0xfff) !== key || (high >>> 12) % 16 !== neighbours.macLow(neighbour)) wrong++;
    if (neighbours.address3(neighbour) !== key) wrong++;
  } else if (key < STABLE) wrong++;

  const route = routes.lookup(0, 0, 0xffff, (key << 8) | 1);
  if (route >= 0) {
    hits++;
    const hop = routes.nextHop0(route);
    if (
      routes.nextHop3(route) !== hop ||
      routes.nextHop1(route) !== key ||
      routes.prefix3(route) !== key << 8
    )
      wrong++;
  } else if (key < STABLE) wrong++;

  Atomics.add(words, LOOKUPS, 3);
  if (hits > 0) Atomics.add(words, HITS, hits);
  if (wrong > 0) Atomics.add(words, WRONG, wrong);
}
