import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { askStatus, peerStatus, serveStatus, type FlannelStatus } from '../../lib/flannel/status.js';

const directory = mkdtempSync(join(tmpdir(), 'vt-status-'));
t.teardown(() => rmSync(directory, { recursive: true }));
const socket = (name: string): string => join(directory, name);
const answer = { pid: 7, mode: 'static' } as FlannelStatus;

t.test('asked and answered', async (t) => {
  const path = socket('a');
  await t.rejects(askStatus(path), { code: 'ERR_VTEP_DAEMON', message: /no vtep flannel runs/ });
  const end = await serveStatus(path, async () => answer);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(await askStatus(path), { pid: 7, mode: 'static' });
  await t.rejects(
    serveStatus(path, async () => answer),
    {
      code: 'ERR_VTEP_DAEMON',
      message: /already runs as pid 7/,
    },
  );
  t.same(await askStatus(path), { pid: 7, mode: 'static' }, 'the first one goes on');
  end();
  t.notOk(existsSync(path));
});

t.test('what one that was killed left is taken over', async (t) => {
  const path = socket('b');
  writeFileSync(path, '');
  const end = await serveStatus(path, async () => answer);
  t.same(await askStatus(path), { pid: 7, mode: 'static' });
  end();
});

t.test('a state that cannot be told is an error, and no other path is served', async (t) => {
  const path = socket('c');
  const end = await serveStatus(path, async () => {
    throw new Error('no daemon');
  });
  await t.rejects(askStatus(path), { message: 'no daemon' });
  await t.rejects(
    serveStatus(path, async () => answer),
    { message: 'no daemon' },
    'it is there all the same: no second one takes its place',
  );
  const code = await new Promise((resolve) =>
    request({ socketPath: path, path: '/x' }, ({ statusCode }) => resolve(statusCode)).end(),
  );
  t.equal(code, 404);
  end();
});

t.test('what the registry says of a peer, and what is in place', async (t) => {
  const family = { subnet: '10.5.3.0/24', publicIp: '10.99.0.12', mac: '02:00:00:00:00:01' };
  const peer = { key: 'k', ipv4: family, ipv6: undefined };
  const entries = { fdb: true, neighbour: false, route: undefined };
  t.same(peerStatus(peer, { key: 'k', ipv4: entries, ipv6: undefined, error: 'e' }), {
    key: 'k',
    ipv4: { ...family, ...entries },
    ipv6: undefined,
    error: 'e',
  });
  t.same(peerStatus(peer, undefined).ipv4, {
    ...family,
    fdb: undefined,
    neighbour: undefined,
    route: undefined,
  });
});
