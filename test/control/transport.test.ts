/** The client's end of the socket against a daemon that accepts and says nothing, as one that SIGSTOP holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openTransport } from '../../lib/control/transport.js';

const SILENCE = 100;

const folder = mkdtempSync(join(tmpdir(), 'vtep-transport-'));
const socketPath = join(folder, 'socket');
const server: Server = createServer((request, response) => {
  if (request.url === '/never') return;
  response.write('{"type":"hello"}\n');
  if (request.url === '/late') setTimeout(() => response.end('{"type":"late"}\n'), 3 * SILENCE);
});
await new Promise<void>((listening) => server.listen(socketPath, listening));
const transport = openTransport(socketPath, SILENCE);
t.teardown(() => {
  transport.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const GIVEN_UP = {
  code: 'ERR_VTEP_DAEMON',
  errno: 'ETIMEDOUT',
  message: `the vtep daemon on ${socketPath} does not answer: ETIMEDOUT; is it stopped (SIGSTOP)? What was asked for may still be done`,
};

await t.test('a call that is not answered is given up', async (t) => {
  await t.rejects(transport.call('GET', '/never'), GIVEN_UP);
  await t.rejects(transport.call('POST', '/never', { id: 1 }), GIVEN_UP, 'one with a body');
});

await t.test('so is one whose answer stops in the middle', async (t) => {
  await t.rejects(transport.call('GET', '/half'), { code: 'ERR_VTEP_DAEMON' });
});

await t.test('so is a stream that does not open', async (t) => {
  await t.rejects(transport.open('/never'), GIVEN_UP);
});

await t.test('a stream that is open may be silent', async (t) => {
  const stream = await transport.open('/late');
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await sleep(2 * SILENCE);
  t.equal(text, '{"type":"hello"}\n');
  await new Promise((ended) => stream.once('end', ended));
  t.equal(text, '{"type":"hello"}\n{"type":"late"}\n');
});
