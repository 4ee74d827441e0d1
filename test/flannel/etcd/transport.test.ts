import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { EtcdClient } from '../../../lib/flannel/etcd/client.js';
import { EtcdError } from '../../../lib/flannel/etcd/error.js';
import { Transport } from '../../../lib/flannel/etcd/transport.js';

const servers = new Set<{ close(): void }>();
t.teardown(() => servers.forEach((server) => server.close()));

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.add(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (listener: RequestListener): Promise<string> => listen(createServer(listener));
const answer = (status: number, text: string): Promise<string> =>
  serve((request, response) => request.resume().on('end', () => response.writeHead(status).end(text)));

/** A port nobody listens on. */
async function dead(): Promise<string> {
  const server = createServer();
  const endpoint = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return endpoint;
}

async function failure(transport: Transport): Promise<EtcdError> {
  try {
    await transport.call('/v3/kv/range', {}, {});
  } catch (error) {
    if (error instanceof EtcdError) return error;
    throw error;
  } finally {
    transport.close();
  }
  throw new Error('nothing failed');
}

t.test('a dead endpoint is passed over, and not asked first again', async (t) => {
  const [none, good] = [await dead(), await answer(200, '{"header":{}}')];
  const transport = new Transport({ endpoints: [none, good] });
  t.equal(transport.current, none);
  t.same(await transport.call('/v3/kv/range', {}, {}), { header: {} });
  t.equal(transport.current, good);
  t.ok(transport.lastContact! > Date.now() - 5000);
  transport.close();
});

t.test('every endpoint is named with what it said', async (t) => {
  const [none, bad] = [
    await dead(),
    await answer(503, '{"error":"x","message":"etcdserver: no leader","code":14}'),
  ];
  const error = await failure(new Transport({ endpoints: [none, bad] }));
  t.equal(error.message, `etcd ${none}: ECONNREFUSED; etcd ${bad}: etcdserver: no leader`);
  t.equal(error.isFinal, false);
});

t.test('an answer that takes too long', async (t) => {
  const silent = await serve(() => {});
  const slow = await serve((_, response) => void response.writeHead(200).write('{'));
  for (const endpoint of [silent, slow]) {
    const error = await failure(new Transport({ endpoints: [endpoint], timeout: 100 }));
    t.equal(error.message, `etcd ${endpoint}: no answer within 0.1 s`);
    t.equal(error.isFinal, false);
  }
});

t.test('an endpoint that is no etcd', async (t) => {
  const other = await answer(404, 'Not Found\n');
  const error = await failure(new Transport({ endpoints: [other] }));
  t.match(
    error.message,
    `etcd ${other}: it answers HTTP 404 "Not Found"; etcd 3.4 or later with its JSON gateway is needed`,
  );
  t.ok(error.isFinal);
  const proxy = await failure(new Transport({ endpoints: [await answer(502, '<html>')] }));
  t.notOk(proxy.isFinal, 'a proxy whose etcd is away');
  t.match(
    (await failure(new Transport({ endpoints: [await answer(200, 'hello')] }))).message,
    'HTTP 200 "hello"',
  );
});

t.test('a refusal is not asked of the next member', async (t) => {
  let asked = 0;
  const refusing = await answer(400, '{"error":"x","message":"etcdserver: user name is empty","code":3}');
  const next = await serve((_, response) => {
    asked++;
    response.end('{}');
  });
  const error = await failure(new Transport({ endpoints: [refusing, next] }));
  t.equal(error.code, 'ERR_VTEP_PERMISSION');
  t.ok(error.isFinal);
  t.match(error.message, `etcd ${refusing}: it asks for a user; give --etcd-username and --etcd-password`);
  t.equal(asked, 0);
});

t.test('a kept connection that the server closed meanwhile is made anew', async (t) => {
  let connections = 0;
  const raw = createTcpServer((socket: Socket) => {
    connections++;
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      socket.on('data', () => socket.resetAndDestroy());
    });
  });
  const transport = new Transport({ endpoints: [await listen(raw)] });
  await transport.call('/x', {}, {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(await transport.call('/x', {}, {}), {});
  t.equal(connections, 2);
  transport.close();
});

t.test('a stream breaks off in the middle', async (t) => {
  const endpoint = await serve((_, response) => {
    response.writeHead(200).write('{"result":{"header":{"revision":"7"},"created":true}}\n{"result":{"hea');
    setTimeout(() => response.destroy(), 50);
  });
  const client = new EtcdClient({ endpoints: [endpoint] });
  const revisions: number[] = [];
  const watch = client.watch(
    '/x/',
    1,
    ({ revision }) => revisions.push(revision),
    new AbortController().signal,
  );
  await t.rejects(watch, {
    message: new RegExp(`^etcd ${endpoint}: (ECONNRESET|it ended the watch)`),
    isFinal: false,
  });
  t.same(revisions, [7]);
  client.close();
});

t.test('a member without a leader ends the watch, and says so without an end of line', async (t) => {
  let header: unknown;
  const endpoint = await serve((request, response) => {
    header = request.headers['grpc-metadata-hasleader'];
    response.writeHead(200).write('{"result":{"header":{"revision":"1"},"created":true}}\n');
    response.end(
      '{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}}',
    );
  });
  const client = new EtcdClient({ endpoints: [endpoint] });
  const watch = client.watch('/x/', 1, () => {}, new AbortController().signal);
  await t.rejects(watch, { message: `etcd ${endpoint}: etcdserver: no leader`, isFinal: false });
  t.equal(header, 'true');
  client.close();
});

t.test('a stream of nonsense ends the watch instead of the process', async (t) => {
  const endpoint = await answer(200, 'hello\n');
  const client = new EtcdClient({ endpoints: [endpoint] });
  await t.rejects(
    client.watch('/x/', 1, () => {}, new AbortController().signal),
    { message: new RegExp(endpoint) },
  );
  client.close();
});

t.test('endpoints that are none', async (t) => {
  for (const endpoint of [
    '',
    '127.0.0.1:2379',
    'ftp://x',
    'http://x/v3',
    'http://user@x',
    'http://x?y',
    'unix:///x',
  ])
    t.throws(() => new Transport({ endpoints: [endpoint] }), {
      code: 'ERR_VTEP_ARGUMENT',
      message: `"${endpoint}" is no endpoint of etcd; expected http://host:port or https://host:port`,
      word: endpoint,
    });
  t.same(new Transport({ endpoints: ['http://[::1]:2379/', 'https://h'] }).endpoints, [
    'http://[::1]:2379',
    'https://h',
  ]);
  t.same(new Transport().endpoints, ['http://127.0.0.1:2379']);
});

t.test('files and credentials that cannot be', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-tls-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [missing, empty] = [join(directory, 'none.pem'), join(directory, 'empty.pem')];
  writeFileSync(empty, '');
  const make = (options: object) => () => new EtcdClient(options);
  const argument = (message: string) => ({ code: 'ERR_VTEP_ARGUMENT', message });
  t.throws(
    make({ tls: { ca: missing } }),
    argument(`cannot read ${missing}: ENOENT; give a PEM file that can be read`),
  );
  t.throws(
    make({ tls: { ca: empty } }),
    argument(`${empty} holds no PEM ("-----BEGIN …"); convert it with openssl`),
  );
  t.throws(
    make({ tls: { cert: empty } }),
    argument('--etcd-certfile needs --etcd-keyfile: a client certificate is both'),
  );
  t.throws(
    make({ tls: { key: empty } }),
    argument('--etcd-keyfile needs --etcd-certfile: a client certificate is both'),
  );
  t.throws(make({ username: 'x' }), argument('--etcd-username needs --etcd-password'));
  t.throws(make({ password: 'x' }), argument('--etcd-password needs --etcd-username'));
});
