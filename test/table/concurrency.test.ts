/**
 * Readers in other threads while the writer churns. Every version of every key leads, through the FDB, to
 * remotes and lists made for this key and version and released right after they were replaced, so that a
 * record or list reused too early, a half-written record or a stale buffer shows as a wrong answer.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { FdbTable } from '../../lib/table/fdb.js';
import { NeighbourTable } from '../../lib/table/neighbour.js';
import { RemoteLists } from '../../lib/table/remote-list.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { RouteTable } from '../../lib/table/route.js';
import * as reader from './table-reader.js';

const { KEYS, STABLE, VNI } = reader;
const READERS = 2;

class Writer {
  readonly epochs = new Epochs(READERS);
  readonly ports: MessagePort[] = [];
  readonly fdb: FdbTable;
  readonly remotes: RemoteTable;
  readonly lists: RemoteLists;
  readonly neighbours: NeighbourTable;
  readonly routes: RouteTable;

  constructor() {
    const { epochs } = this;
    const post = (table: keyof reader.ReaderShares) => (share: object) => {
      for (const port of this.ports) port.postMessage({ table, share });
    };
    this.fdb = new FdbTable({ epochs, onGrow: post('fdb') });
    this.remotes = new RemoteTable({ epochs, onGrow: post('remotes') });
    this.lists = new RemoteLists({ epochs, capacity: 16, onGrow: post('lists') });
    this.neighbours = new NeighbourTable({ epochs, onGrow: post('neighbours') });
    this.routes = new RouteTable({ epochs, onGrow: post('routes') });
  }

  shares(): reader.ReaderShares {
    return {
      fdb: this.fdb.share(),
      remotes: this.remotes.share(),
      lists: this.lists.share(),
      neighbours: this.neighbours.share(),
      routes: this.routes.share(),
    };
  }

  /** Remotes of a key: one, or a list of two to four. */
  #make(key: number, version: number): number {
    const indexes = Array.from({ length: 1 + (version % 4) }, (_, i) =>
      this.remotes.intern(0, 0, 0xffff, key, 1 + i, version, 0),
    );
    return indexes.length === 1 ? indexes[0] : ~this.lists.create(indexes);
  }

  #drop(remotes: number): void {
    if (remotes >= 0) return this.remotes.release(remotes);
    const indexes = Array.from({ length: this.lists.length(~remotes) }, (_, i) => this.lists.at(~remotes, i));
    this.lists.free(~remotes);
    for (const index of indexes) this.remotes.release(index);
  }

  set(key: number, version: number): void {
    const remotes = this.#make(key, version);
    const entry = this.fdb.find(0x02000000, key, VNI);
    if (entry >= 0) {
      const old = this.fdb.remotes(entry);
      this.fdb.setRemotes(entry, remotes);
      this.#drop(old);
    } else this.fdb.insert(0x02000000, key, VNI, remotes, 2, 0, 0);
    this.neighbours.set(0, 0, 0xffff, key, (version << 12) | key, (version & 0xfffff) % 16, 2, 0, 0);
    this.routes.set(0, 0, 0xffff, key << 8, 24, 4, version, key, 0, version, 0);
  }

  remove(key: number): void {
    const entry = this.fdb.find(0x02000000, key, VNI);
    if (entry < 0) return;
    const old = this.fdb.remotes(entry);
    this.fdb.remove(entry);
    this.#drop(old);
    this.neighbours.remove(this.neighbours.find(0, 0, 0xffff, key));
    this.routes.remove(this.routes.find(0, 0, 0xffff, key << 8, 24, 4));
  }

  selfCheck(): void {
    for (const table of [this.fdb, this.remotes, this.lists, this.neighbours, this.routes]) table.selfCheck();
  }
}

t.test('200,000 changes under the eyes of two readers: no wrong answer', async (t) => {
  const writer = new Writer();
  for (let key = 0; key < STABLE; key++) writer.set(key, 1);
  const result = new SharedArrayBuffer(64);
  const words = new Int32Array(result);
  const workers = Array.from({ length: READERS }, (_, number) => {
    const { port1, port2 } = new MessageChannel();
    writer.ports.push(port1);
    const workerData: reader.ReaderData = {
      reader: number,
      epochs: writer.epochs.share(),
      shares: writer.shares(),
      port: port2,
      result,
    };
    return new Worker(new URL('./table-reader.js', import.meta.url), { workerData, transferList: [port2] });
  });
  while (Atomics.load(words, reader.BEGUN) < READERS) await new Promise((resolve) => setTimeout(resolve, 5));

  let random = 12_345;
  const next = (below: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) | 0;
    return (random >>> 8) % below;
  };
  // The range of keys widens and narrows, so that the tables grow while readers are at work and drain again.
  for (let change = 0; change < 200_000; change++) {
    const range = STABLE + 1 + Math.floor((KEYS - STABLE - 1) * Math.min(1, change / 50_000));
    const key = next(range);
    if (key >= STABLE && next(3) === 0) writer.remove(key);
    else writer.set(key, change & 0xfffff);
  }
  Atomics.store(words, reader.STOP, 1);
  await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  for (const port of writer.ports) port.close();

  writer.selfCheck();
  t.equal(words[reader.WRONG], 0, 'wrong answers');
  t.ok(words[reader.LOOKUPS] > 10_000, `${words[reader.LOOKUPS]} lookups`);
  t.ok(words[reader.HITS] > 5_000, `${words[reader.HITS]} hits`);
  t.ok(words[reader.ADOPTIONS] >= 10, `${words[reader.ADOPTIONS]} adoptions`);
});
