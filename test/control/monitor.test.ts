import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import type { MonitorEvent } from '../../lib/control/client.js';
import type { VtepEvent } from '../../lib/engine/types.js';
import { startApi } from '../support/api-server.js';
import { soon } from '../support/soon.js';

const miss = (n: number): VtepEvent => ({
  type: 'miss',
  layer: 3,
  dev: 'vtep0',
  dst: `10.0.${n >> 8}.${n & 255}`,
});

t.test('events arrive in order, of the types asked for', async (t) => {
  const api = await startApi();
  const heard: MonitorEvent[] = [];
  const stream = await api.client.monitor(['miss', 'link'], (event) => heard.push(event));
  api.engine.emit(miss(1));
  await api.client.addLink({ name: 'vtep0', id: 1, remote: '192.0.2.1' });
  api.engine.emit(miss(2));
  await soon(() => heard.length === 3);
  t.match(heard, [{ dst: '10.0.0.1' }, { type: 'link', action: 'new' }, { dst: '10.0.0.2' }]);
  stream.close();
  await stream.closed;
  await soon(() => api.engine.listeners === 0);
  t.equal(api.engine.listeners, 0, 'a closed stream is unsubscribed');
  await api.close();
});

t.test('an unknown type is refused before the stream begins', async (t) => {
  const api = await startApi();
  const monitor = api.client.monitor(['mis' as 'miss'], () => {});
  await t.rejects(monitor, { code: 'ERR_VTEP_ARGUMENT', word: 'mis' });
  await api.close();
});

t.test('a stream the daemon ends rejects', async (t) => {
  const api = await startApi();
  const stream = await api.client.monitor([], () => {});
  await Promise.all([t.rejects(stream.closed, { code: 'ERR_VTEP_DAEMON' }), api.close()]);
});

t.test('a slow reader loses events, is told how many, and costs no memory', async (t) => {
  const api = await startApi();
  const socket = connectSocket(api.socketPath);
  socket.write('GET /v1/monitor?types=miss HTTP/1.1\r\nhost: vtep\r\n\r\n');
  await once(socket, 'readable'); // Headers are there; nothing is read yet.
  const before = process.memoryUsage().heapUsed;
  const total = 40_000;
  for (let i = 0; i < total; i++) {
    api.engine.emit(miss(i));
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(process.memoryUsage().heapUsed - before < 16e6, 'the backlog is bounded');

  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
  await soon(() => text.includes('"lost"'));
  api.engine.emit(miss(12345));
  await soon(() => text.includes('10.0.48.57"}\n'));
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  const events = lines.map((line) => JSON.parse(line) as { type: string; count?: number; dst?: string });
  const lost = events.filter((event) => event.type === 'lost');
  t.equal(lost.length, 1);
  const heard = events.filter((event) => event.type === 'miss').length;
  t.equal(heard + (lost[0]?.count ?? 0), total + 1, 'heard and lost make up all');
  t.match(events.at(-1), { type: 'miss', dst: '10.0.48.57' }, 'and the stream goes on');
  socket.destroy();
  await api.close();
});
