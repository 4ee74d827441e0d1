/** The measuring tools tell loss, reordering, duplicates and a wrong octet apart. On loopback; only ping needs root. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import t from 'tap';
import { Background } from '../support/lab/background.js';
import { run } from '../support/lab/command.js';
import { withBareVeth } from '../support/lab/bare-veth.js';
import { labMissing } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';
import { tool } from '../support/lab/tools.js';
import { Frames } from '../conformance/frames.js';

const MAGIC_DATAGRAM = 0x76746467;
const MAGIC_STREAM = 0x76746570;
/** Ports of their own, so that test files may run side by side. */
const port = 20_000 + (process.pid % 20_000);

/** A datagram as vtep-datagrams numbers it; host order is little-endian on every machine we support. */
function numbered(sequence: number, flow = 0): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(MAGIC_DATAGRAM, 0);
  bytes.writeUInt32LE(flow, 4);
  bytes.writeBigUInt64LE(BigInt(sequence), 8);
  return bytes;
}

async function sinkSees(datagrams: readonly Buffer[], ...words: string[]): Promise<Record<string, number>> {
  const sink = new Background([tool('datagrams'), 'sink', '-p', String(port), '-i', '100', ...words]);
  await sink.line(/ready/);
  const socket = createSocket('udp4');
  for (const bytes of datagrams)
    await new Promise<void>((done, failed) =>
      socket.send(bytes, port, '127.0.0.1', (error) => (error ? failed(error) : done())),
    );
  const line = await sink.line(/delivered/);
  socket.close();
  await sink.close();
  return JSON.parse(line) as Record<string, number>;
}

t.test('datagrams: a gap is loss, a late one is reordering, a second one is a duplicate', async (t) => {
  t.match(await sinkSees([0, 1, 2].map((n) => numbered(n))), {
    delivered: 3,
    lost: 0,
    reordered: 0,
    duplicated: 0,
  });
  t.match(await sinkSees([0, 1, 4].map((n) => numbered(n))), {
    delivered: 3,
    lost: 2,
    reordered: 0,
    duplicated: 0,
  });
  t.match(await sinkSees([0, 3, 1, 2].map((n) => numbered(n))), {
    delivered: 4,
    lost: 0,
    reordered: 2,
    duplicated: 0,
  });
  t.match(await sinkSees([0, 1, 1, 0].map((n) => numbered(n))), {
    delivered: 2,
    lost: 0,
    reordered: 0,
    duplicated: 2,
  });
  t.match(await sinkSees([numbered(0, 0), numbered(0, 1), Buffer.from('who?')]), {
    delivered: 2,
    flows: 2,
    foreign: 1,
  });
});

t.test('datagrams: stragglers of another run are foreign', async (t) => {
  const ours = numbered(0);
  ours.writeUInt16LE(7, 6);
  t.match(await sinkSees([ours, numbered(5)], '-I', '7'), { delivered: 1, lost: 0, foreign: 1 });
});

/** What a source sends to us: flow, sequence number and source port of each datagram. */
async function sourceSends(...words: string[]): Promise<{ flow: number; sequence: number; port: number }[]> {
  const socket = createSocket('udp4');
  const heard: { flow: number; sequence: number; port: number }[] = [];
  socket.on('message', (bytes, peer) =>
    heard.push({
      flow: bytes.readUInt16LE(4),
      sequence: Number(bytes.readBigUInt64LE(8)),
      port: peer.port,
    }),
  );
  await new Promise<void>((bound) => socket.bind(port, '127.0.0.1', bound));
  await run([tool('datagrams'), 'source', '-p', String(port), ...words, '127.0.0.1']);
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.close();
  return heard;
}

t.test('datagrams: flows take turns, each from a port of its own', async (t) => {
  for (const how of [[], ['-M']]) {
    const heard = await sourceSends('-c', '12', '-n', '3', '-r', '5', ...how);
    t.strictSame(
      heard.map(({ flow, sequence }) => [flow, sequence]),
      [0, 1, 2, 3].flatMap((sequence) => [0, 1, 2].map((flow) => [flow, sequence])),
    );
    t.equal(new Set(heard.map(({ port }) => port)).size, 3);
    for (const each of heard) t.equal(each.port, heard[each.flow]!.port, 'always the same port');
    const bursts = await sourceSends('-c', '12', '-n', '2', '-b', '3', ...how);
    t.strictSame(
      bursts.map(({ flow }) => flow),
      [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1],
    );
  }
});

t.test('datagrams: what the kernel refuses is counted, and the rest is sent', async (t) => {
  for (const how of [[], ['-M']]) {
    const words = ['-p', String(port), '-c', '20', '-r', '2', '-w', '1', ...how, '127.0.0.1'];
    const { sent, refused } = JSON.parse((await run([tool('datagrams'), 'source', ...words])).stdout) as {
      sent: number;
      refused: number;
    };
    t.equal(sent, 20);
    t.ok(refused > 0, 'nobody listens: ICMP port unreachable refuses every other send');
  }
});

t.test('datagrams: SIGTERM says that the source has ended; the result follows at once', async (t) => {
  const sink = new Background([tool('datagrams'), 'sink', '-p', String(port), '-i', '60000']);
  await sink.line(/ready/);
  const begun = performance.now();
  t.equal(await sink.stop(), 1, 'nothing came');
  t.ok(performance.now() - begun < 1000);
  t.match(JSON.parse(await sink.line(/delivered/)), { delivered: 0, lost: 0, overflowed: 0 });
});

t.test('datagrams: source and sink agree', async (t) => {
  const sink = new Background([tool('datagrams'), 'sink', '-p', String(port), '-i', '200']);
  await sink.line(/ready/);
  const { stdout } = await run([
    tool('datagrams'),
    'source',
    '-p',
    String(port),
    '-c',
    '5000',
    '-n',
    '7',
    '-r',
    '50',
    '127.0.0.1',
  ]);
  const sent = JSON.parse(stdout) as { sent: number };
  t.match(JSON.parse(await sink.line(/delivered/)), {
    delivered: sent.sent,
    lost: 0,
    reordered: 0,
    duplicated: 0,
    flows: 7,
  });
  await sink.close();
});

/** Sends `content` to a stream sink in mode check and returns where it went wrong, -1n if nowhere. */
async function verdictOn(content: Buffer, seed: bigint): Promise<{ bytes: bigint; wrongAt: bigint }> {
  const sink = new Background([tool('stream'), 'sink', '-p', String(port), '-n', '1']);
  await sink.line(/ready/);
  const greeting = Buffer.alloc(24);
  greeting.writeUInt32LE(MAGIC_STREAM, 0);
  greeting.writeUInt32LE(2, 4);
  greeting.writeBigUInt64LE(seed, 8);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.end(Buffer.concat([greeting, content])));
    socket.on('data', (part) => parts.push(part));
    socket.on('end', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
  });
  await sink.close();
  return { bytes: answer.readBigUInt64LE(0), wrongAt: BigInt.asIntN(64, answer.readBigUInt64LE(32)) };
}

/** Word i of the content is mix(seed + i): splitmix64 without its last step. */
function content(seed: bigint, words: number): Buffer {
  const bytes = Buffer.alloc(words * 8);
  for (let i = 0; i < words; i++) {
    let x = BigInt.asUintN(64, (seed + BigInt(i)) * 0x9e3779b97f4a7c15n);
    x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    bytes.writeBigUInt64LE(x ^ (x >> 27n), i * 8);
  }
  return bytes;
}

t.test('stream: one wrong octet is found where it is', async (t) => {
  const right = content(77n, 5000);
  t.strictSame(await verdictOn(right, 77n), { bytes: 40_000n, wrongAt: -1n }, 'right content');
  right[12_345]! ^= 1;
  t.strictSame(await verdictOn(right, 77n), { bytes: 40_000n, wrongAt: 12_345n }, 'one bit flipped');
});

/** A congestion control that everybody may choose; cubic, the default, needs root where it is not among them. */
function allowedCongestion(): string {
  return readFileSync('/proc/sys/net/ipv4/tcp_allowed_congestion_control', 'utf8').trim().split(' ')[0]!;
}

t.test('stream: source and sink agree in every mode', async (t) => {
  const congestion = allowedCongestion();
  for (const mode of ['discard', 'copy', 'check']) {
    const sink = new Background([tool('stream'), 'sink', '-p', String(port), '-n', '2']);
    await sink.line(/ready/);
    t.teardown(() => sink.close());
    const words = [
      'source',
      '-p',
      String(port),
      '-b',
      '3',
      '-P',
      '2',
      '-C',
      congestion,
      '-m',
      mode,
      '127.0.0.1',
    ];
    const { stdout } = await run([tool('stream'), ...words]);
    t.match(JSON.parse(stdout), { ok: true, sent: 6_000_000, bytes: 6_000_000, mode }, mode);
    await sink.close();
  }
});

t.test('wrong usage is exit 2 and says what was expected', async (t) => {
  const { code, stderr } = await run([tool('ping'), '-c', 'many', '127.0.0.1'], { allowFailure: true });
  t.equal(code, 2);
  t.match(stderr, /-c many: expected a number/);
  t.equal((await run([tool('stream'), 'drain'], { allowFailure: true })).code, 2);
  for (const name of ['ping', 'stream', 'datagrams'] as const) {
    const pinned = await run([tool(name), 'sink', '-A', '1023', '127.0.0.1'], { allowFailure: true });
    t.equal(pinned.code, 2);
    t.match(pinned.stderr, /-A 1023: no such CPU here: expected one of the CPUs \d/);
  }
  const words = ['source', '-s', '9000', '-g', '64', '127.0.0.1'];
  const large = await run([tool('datagrams'), ...words], { allowFailure: true });
  t.equal(large.code, 2);
  t.match(large.stderr, /-g 64: 64 segments of 9000 octets are more than the 65507 .* take at most 7/);
});

t.test(
  'ping counts replies and their TTL',
  { skip: process.getuid?.() !== 0 && 'needs root (raw socket)' },
  async (t) => {
    const { stdout } = await run([tool('ping'), '-j', '-f', '-c', '50', '127.0.0.1']);
    t.match(JSON.parse(stdout), { sent: 50, received: 50, duplicates: 0, ttl: 64, errors: [] });
  },
);

t.test('a background program that is forgotten ends with this process', async (t) => {
  const script = `import { Background } from ${JSON.stringify(new URL('../support/lab/background.js', import.meta.url).href)};
    console.log(new Background(['sleep', '60']).pid); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  t.equal(code, 143);
  t.ok(await gone(Number(out)), 'the program is gone');
});

t.test(
  'frames: sends, shows what comes in, and says what it cannot',
  { skip: labMissing() || false },
  async (t) => {
    await withBareVeth('fr', async ({ from, to }) => {
      const [a, b] = [await Frames.start(from.namespace), await Frames.start(to.namespace)];
      await a.open('eth0');
      await b.open('eth0');
      const frame = Buffer.from('02000000000202000000000188b5' + '00'.repeat(46), 'hex');
      const tagged = Buffer.concat([
        frame.subarray(0, 12),
        Buffer.from('81000005', 'hex'),
        frame.subarray(12),
      ]);
      a.send('eth0', frame);
      a.send('eth0', tagged);
      await a.sync();
      const ours = (): Buffer[] => b.received('eth0').filter((each) => each.includes(frame.subarray(0, 12)));
      t.ok(await soon(async () => (await b.sync(), ours().length === 2)));
      t.same(ours(), [frame, tagged], 'as they were sent, the tag in its place');
      t.same(a.received('eth0'), [], 'what it sends itself is not shown');
      a.send('nope', frame);
      a.mark('nope', 1);
      await a.open('nope');
      t.same(a.errors, ['nope: not open', 'nope: not open', 'nope: No such device']);
      b.clear();
      t.same(b.received('eth0'), []);
    });
  },
);

/** True within 2 s: no such process, or one that only waits to be reaped. */
async function gone(pid: number): Promise<boolean> {
  for (const end = Date.now() + 2000; Date.now() < end;) {
    if (!existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
