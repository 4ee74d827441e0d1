/** Lists and watches in turn, against a client that is only pretended. */
import t from 'tap';
import { Backoff } from '../../../lib/flannel/backoff.js';
import type { EtcdClient, KeyValue, WatchAnswer } from '../../../lib/flannel/etcd/client.js';
import { follow, type Change, type Follower } from '../../../lib/flannel/etcd/follow.js';
import { soon } from '../../support/soon.js';

t.test('pauses double from 100 ms to 5 s, less up to a half', async (t) => {
  const long = new Backoff(() => 1);
  t.same(
    Array.from({ length: 8 }, () => long.next()),
    [100, 200, 400, 800, 1600, 3200, 5000, 5000],
  );
  long.reset();
  t.equal(long.next(), 100);
  const short = new Backoff(() => 0);
  t.same([short.next(), short.next()], [50, 100]);
});

const key = (name: string, modified: number): KeyValue => ({
  key: name,
  value: '',
  lease: '0',
  created: 1,
  modified,
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a follower was told, as short words. */
function recorder(): Follower & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    listed: ({ revision }) => void told.push(`list ${revision}`),
    changed: (changes: ReadonlyMap<string, Change>) =>
      void told.push(
        [...changes]
          .map(([name, { entry, revision }]) => `${entry ? '+' : '-'}${name}@${revision}`)
          .join(' '),
      ),
    reached: (revision) => void told.push(`at ${revision}`),
    failed: (error) => void told.push((error as Error).message),
  };
}

type Watch = EtcdClient['watch'];

function pretend(
  list: () => Promise<unknown>,
  watch: Watch,
  probe: () => Promise<void> = async () => {},
): EtcdClient {
  return { list, watch, probe, transport: { current: 'e' } } as unknown as EtcdClient;
}

t.test('what fails is tried again after longer and longer pauses', async (t) => {
  const ending = new AbortController();
  const at: number[] = [];
  const list = async () => {
    at.push(performance.now());
    throw new Error('away');
  };
  const client = pretend(list, async () => Promise.reject(new Error('never')));
  const follower = recorder();
  const following = follow(client, '/x/', follower, ending.signal, { random: () => 1 });
  t.ok(await soon(() => at.length >= 4));
  ending.abort();
  await following;
  const pauses = [at[1]! - at[0]!, at[2]! - at[1]!, at[3]! - at[2]!];
  t.ok(pauses[0]! >= 95 && pauses[1]! >= 190 && pauses[2]! >= 380, `${pauses.join()} ms`);
  t.equal(follower.told[0], 'away');
});

t.test('every end of a watch leads to a list, and the watch goes on from there', async (t) => {
  const ending = new AbortController();
  const from: number[] = [];
  let revision = 10;
  const watch: Watch = async (_prefix, start) => {
    from.push(start);
    if (from.length === 3) ending.abort();
    throw new Error(`end ${from.length}`);
  };
  const follower = recorder();
  const client = pretend(async () => ({ entries: [], revision: (revision += 10) }), watch);
  await follow(client, '/x/', follower, ending.signal, { random: () => 0 });
  t.same(from, [21, 31, 41]);
  t.same(follower.told, ['list 20', 'at 20', 'end 1', 'list 30', 'at 30', 'end 2', 'list 40', 'at 40']);
});

t.test('changes that come together are told together, each key with its last state', async (t) => {
  const ending = new AbortController();
  const answer = (revision: number, ...events: WatchAnswer['events']): WatchAnswer => ({
    revision,
    events,
    endpoint: 'e',
  });
  const put = (name: string, revision: number) => ({ key: name, entry: key(name, revision), revision });
  const gone = (name: string, revision: number) => ({ key: name, entry: undefined, revision });
  const follower = recorder();
  const watch: Watch = async (_prefix, _start, onAnswer, signal) => {
    onAnswer(answer(1));
    onAnswer(answer(2, put('a', 2)));
    onAnswer(answer(4, put('b', 3), gone('a', 4)));
    await soon(() => follower.told.includes('at 4'));
    onAnswer(answer(5, put('c', 5)));
    onAnswer(answer(5));
    await soon(() => follower.told.includes('at 5'));
    onAnswer(answer(6, put('lost', 6)));
    ending.abort();
    signal.throwIfAborted();
    throw new Error('never');
  };
  await follow(
    pretend(async () => ({ entries: [], revision: 1 }), watch),
    '/x/',
    follower,
    ending.signal,
    { random: () => 0 },
  );
  await pause(30);
  t.same(follower.told, ['list 1', 'at 1', '-a@4 +b@3', 'at 4', '+c@5', 'at 5'], 'and nothing after the end');
});

t.test('a silent stream is given up only when the endpoint does not answer', async (t) => {
  const ending = new AbortController();
  let probes = 0;
  const probe = async () => {
    if (++probes === 3) throw new Error('it hangs');
  };
  const watch: Watch = (_prefix, _start, _onAnswer, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))));
  const follower = recorder();
  const client = pretend(async () => ({ entries: [], revision: 1 }), watch, probe);
  const following = follow(client, '/x/', follower, ending.signal, { random: () => 0, probeAfter: 10 });
  await soon(() => probes >= 3);
  await pause(20);
  t.same(follower.told.slice(0, 3), ['list 1', 'at 1', 'it hangs'], 'with the reason');
  ending.abort();
  await following;
});
