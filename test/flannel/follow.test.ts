import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { MonitorEvent, MonitorStream } from '../../lib/control/client.js';
import { VtepError } from '../../lib/errors.js';
import { DaemonFollower } from '../../lib/flannel/follow.js';
import { soon } from '../support/soon.js';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A daemon whose streams can be ended, and that may refuse to answer for a while. */
function daemon() {
  const streams: { end: () => void; tell: (event: MonitorEvent) => void }[] = [];
  const state = { streams, refusals: 0, started: 0 };
  const client = {
    monitor: async (_types: unknown, tell: (event: MonitorEvent) => void): Promise<MonitorStream> => {
      if (state.refusals-- > 0) throw new VtepError('ERR_VTEP_DAEMON', 'no daemon');
      let end = (): void => {};
      const closed = new Promise<void>((_, fail) => (end = () => fail(new Error('ended'))));
      closed.catch(() => {});
      streams.push({ end, tell });
      return { closed, close: end };
    },
  };
  return { state, client, ensureDaemon: async () => void state.started++ };
}

t.test('a daemon that ends is started again and heard again', async (t) => {
  const { state, client, ensureDaemon } = daemon();
  const heard: MonitorEvent[] = [];
  let anew = 0;
  const follower = new DaemonFollower({
    client,
    ensureDaemon,
    heard: (event) => heard.push(event),
    anew: () => void anew++,
    log: quiet as never,
  });
  await follower.start();
  t.equal(anew, 0, 'the first one is not another');
  state.streams[0]!.tell({ type: 'lost', count: 1 });
  state.refusals = 2;
  state.streams[0]!.end();
  await soon(() => anew > 0);
  t.equal(anew, 1);
  t.equal(state.started, 3, 'asked to start as often as it did not answer, and once more');
  state.streams[1]!.tell({ type: 'lost', count: 2 });
  t.same(heard, [
    { type: 'lost', count: 1 },
    { type: 'lost', count: 2 },
  ]);
  follower.close();
  await sleep(10);
  t.equal(state.started, 3, 'closed, it starts nothing');
});

t.test('a daemon that never answered is an error', async (t) => {
  const { state, client, ensureDaemon } = daemon();
  state.refusals = 1;
  const follower = new DaemonFollower({
    client,
    ensureDaemon,
    heard: () => {},
    anew: () => {},
    log: quiet as never,
  });
  await t.rejects(follower.start(), { code: 'ERR_VTEP_DAEMON' });
});
