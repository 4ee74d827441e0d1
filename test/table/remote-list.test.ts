import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { MOST_REMOTES, RemoteLists, type RemoteListsShare } from '../../lib/table/remote-list.js';

function read(lists: RemoteLists, id: number): number[] {
  return Array.from({ length: lists.length(id) }, (_, i) => lists.at(id, i));
}

t.test('a list holds its remotes in order', async (t) => {
  const lists = new RemoteLists();
  const contents = [[7], [1, 2, 3], [4, 3, 2, 1], Array.from({ length: 100 }, (_, i) => i)];
  const ids = contents.map((indexes) => lists.create(indexes));
  ids.forEach((id, i) => t.same(read(lists, id), contents[i]));
  t.equal(lists.count, 4);
  lists.selfCheck();
});

t.test('freed room serves a list of the same size class', async (t) => {
  const lists = new RemoteLists();
  const id = lists.create([1, 2]);
  lists.create([9, 9]);
  lists.free(id);
  t.not(lists.create([1, 2, 3, 4]), id, 'too long');
  t.equal(lists.create([5, 6, 7]), id);
  t.same(read(lists, id), [5, 6, 7]);
  lists.selfCheck();
});

t.test('freed room rests until the readers have moved on', async (t) => {
  const epochs = new Epochs(1);
  const lists = new RemoteLists({ epochs });
  const reader = RemoteLists.attach(lists.share());
  const id = lists.create([1, 2, 3]);
  epochs.enter(0);
  lists.free(id);
  t.not(lists.create([4, 5, 6]), id);
  t.same(read(reader, id), [1, 2, 3]);
  lists.selfCheck();
  epochs.enter(0);
  t.equal(lists.create([7, 8, 9]), id);
  lists.selfCheck();
});

t.test('grows; ids stay, readers adopt', async (t) => {
  const shares: RemoteListsShare[] = [];
  const lists = new RemoteLists({ capacity: 16, onGrow: (share) => shares.push(share) });
  const first = lists.create([1, 2, 3]);
  const reader = RemoteLists.attach(lists.share());
  const long = Array.from({ length: MOST_REMOTES }, (_, i) => i);
  const id = lists.create(long);
  t.equal(shares.length, 1);
  t.same(read(reader, first), [1, 2, 3]);
  reader.adopt(shares[0]);
  t.same(read(reader, first), [1, 2, 3]);
  t.equal(reader.at(id, MOST_REMOTES - 1), MOST_REMOTES - 1);
  lists.selfCheck();
});

t.test('growing announces, after the share was given out', async (t) => {
  const epochs = new Epochs(1);
  const generations: number[] = [];
  const lists = new RemoteLists({ capacity: 16, epochs, onGrow: () => generations.push(epochs.generation) });
  const before = epochs.generation;
  lists.create(Array.from({ length: 64 }, () => 0));
  t.same(generations, [before]);
  t.not(epochs.generation, before);
});

/** Loses patience at once. */
class HastyEpochs extends Epochs {
  override synchronize(): void {
    super.synchronize(5);
  }
}

t.test('growing waits for the readers, and refuses to go on without one', async (t) => {
  const epochs = new HastyEpochs(1);
  const lists = new RemoteLists({ capacity: 16, epochs });
  epochs.enter(0);
  const long = Array.from({ length: 64 }, (_, i) => i);
  t.throws(() => lists.create(long), { message: /readers 0 are in one burst/ });
  t.throws(() => lists.create([1]), { message: /readers 0 are in one burst/ });
  t.equal(lists.count, 0);
  epochs.leave(0);
  t.same(read(lists, lists.create(long)), long);
  lists.selfCheck();
});

t.test('churn of lists of one size does not grow the arena', async (t) => {
  const lists = new RemoteLists({ epochs: new Epochs(2) });
  const { bytes } = lists;
  let id = lists.create([0, 0]);
  for (let i = 1; i < 10_000; i++) {
    const next = lists.create([i, i]);
    lists.free(id);
    id = next;
  }
  t.equal(lists.bytes, bytes);
  lists.selfCheck();
});

t.test('refuses what cannot be', async (t) => {
  const lists = new RemoteLists();
  t.throws(() => lists.create([]), RangeError);
  t.throws(() => lists.create(new Array(MOST_REMOTES + 1).fill(0)), RangeError);
  const id = lists.create([1]);
  lists.free(id);
  t.throws(() => lists.free(id), RangeError, 'freed twice');
  t.throws(() => lists.free(1_000), RangeError);
  t.throws(() => lists.adopt(lists.share()), /reader/);
  for (const capacity of [15, 2 ** 29, 20.5, NaN]) t.throws(() => new RemoteLists({ capacity }), RangeError);
  const reader = RemoteLists.attach(lists.share());
  t.throws(() => reader.create([1]), /reader/);
});

t.test('selfCheck finds overlapping room', async (t) => {
  const lists = new RemoteLists();
  const id = lists.create([1]);
  lists.create([2]);
  new Int32Array(lists.share().words)[id] = 9;
  t.throws(() => lists.selfCheck(), /self check/);
});
