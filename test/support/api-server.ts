/** The real API over the fake engine, on a socket in a directory of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildServer } from '../../lib/control/api/server.js';
import { connect, type Client } from '../../lib/control/client.js';
import { FakeEngine } from './fake-engine.js';

export interface ApiUnderTest {
  engine: FakeEngine;
  client: Client;
  socketPath: string;
  /** True once DELETE /v1/daemon asked to stop. */
  stopped(): boolean;
  close(): Promise<void>;
}

export async function startApi(): Promise<ApiUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-api-'));
  const socketPath = join(directory, 'api.sock');
  const engine = new FakeEngine();
  let stopped = false;
  const info = () => ({
    pid: 1,
    version: '0.0.0',
    netns: '2',
    started: '2026-01-01T00:00:00.000Z',
    memory: 3,
    workers: 4,
    busyPoll: 0,
  });
  const host = { unclaimed: () => ({ vni_not_found: 6 }), recordsDropped: 5 };
  const api = await buildServer({ engine, info, stop: () => void (stopped = true), host });
  await api.listen({ path: socketPath });
  const client = connect({ socketPath });
  return {
    engine,
    client,
    socketPath,
    stopped: () => stopped,
    async close() {
      client.close();
      await api.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
