/**
 * The same words to iproute2 on a kernel vxlan device, in a network namespace of its own, and to `vtep` over the
 * real API with an engine of lists: verdicts and outcomes must be the same, but for the reasons in the cases.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../../lib/cli/run.js';
import { buildServer } from '../../lib/control/api/server.js';
import { Names } from '../../lib/control/names/names.js';
import { daemonPaths } from '../../lib/control/socket-path.js';
import { FakeEngine } from '../support/fake-engine.js';
import { collector } from './fixtures.js';
import { FDB, LINK_ADD, LINK_OPTIONS, NEIGH, ROUTE, type Case } from './iproute2-cases.js';

const NAMESPACE = `vtep-cli-${process.pid}`;

function command(line: string): { ok: boolean; out: string; err: string } {
  const [program = '', ...args] = line.split(' ').filter((word) => word !== '');
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { ok: status === 0, out: stdout ?? '', err: stderr ?? '' };
}
const ip = (line: string) => command(`ip -n ${NAMESPACE} ${line}`);
const bridge = (line: string) => command(`bridge -n ${NAMESPACE} ${line}`);

async function vtep(line: string): Promise<{ ok: boolean; out: string; err: string }> {
  const streams = collector();
  const exit = await run(
    line.split(' ').filter((word) => word !== ''),
    streams,
  );
  return { ok: exit === 0, ...streams.text };
}

/** Why this cannot run here, if it cannot. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root for a network namespace';
  if (!command(`ip netns add ${NAMESPACE}`).ok) return 'cannot make a network namespace';
  process.once('exit', () => command(`ip netns del ${NAMESPACE}`));
  ip('link add d0 type veth peer name d1');
  ip('link set d1 up');
  for (const line of ['addr add 192.0.2.1/24 dev d0', 'addr add 2001:db8::1/64 dev d0', 'link set d0 up'])
    ip(line);
  return ip('link add vx0 type vxlan id 42 dstport 4790').ok ? undefined : 'the kernel has no vxlan device';
}

const skip = obstacle() ?? false;

async function serve(): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-cli-'));
  process.env['VTEP_RUN_DIR'] = directory;
  const info = () => ({ pid: 1, version: '0', netns: '2', started: '', memory: 3, workers: 1, busyPoll: 0 });
  const engine = new FakeEngine();
  // A name server that happens to know "foo" is none of these cases.
  const lookup = () => Promise.reject(Object.assign(new Error('foo'), { code: 'ENOTFOUND' }));
  const names = new Names({ engine, lookup });
  const api = await buildServer({ engine, names, info, stop: () => {} });
  await api.listen({ path: daemonPaths().socket });
  return async () => {
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  };
}
if (skip === false) t.teardown(await serve());

type Json = Record<string, unknown>;
const parse = (text: string): Json[] => (text.trim() === '' ? [] : (JSON.parse(text) as Json[]));

/** Checks the verdicts of one case; true when both accepted. */
function verdict(
  t: Test,
  { words, verdict }: Case,
  theirs: { ok: boolean },
  ours: { ok: boolean; err: string },
): boolean {
  const expected = verdict === undefined ? theirs.ok : !theirs.ok;
  t.equal(
    ours.ok,
    expected,
    `${words || '(nothing)'}: ${ours.ok ? 'accepted' : ours.err.trim()}${verdict ? ` [${verdict}]` : ''}`,
  );
  if (!ours.ok) t.equal(ours.err.trim().split('\n').length, 1, `${words}: one line`);
  return theirs.ok && ours.ok;
}

/** Keys of info_data that both can have. Absent flags are false; the TTL has no key where it is inherited. */
function common(info: Json): Json {
  const flags = { proxy: false, rsc: false, l2miss: false, l3miss: false };
  const { reserved_bits: _1, external: _2, localbypass: _3, ttl_inherit: _4, ...rest } = info;
  const { vnifilter: _7, metadata: _8, mcroute: _9, ...known } = rest;
  const csum = Object.fromEntries(Object.entries(known).filter(([key]) => !key.startsWith('remcsum')));
  return { ...flags, ...csum };
}

const infoOf = (text: string): Json => {
  const [link] = parse(text);
  return common(((link?.['linkinfo'] as Json)?.['info_data'] as Json) ?? {});
};
const mtuOf = (text: string): unknown => parse(text)[0]?.['mtu'];

async function compareLink(t: Test, name: string, line: string, at: Case): Promise<void> {
  const theirs = ip(`link add ${line}`);
  const ours = await vtep(`link add ${line}`);
  if (verdict(t, at, theirs, ours) && at.outcome === undefined) {
    const show = `-d -j link show ${name}`;
    const [kernel, mine] = [ip(show).out, (await vtep(show)).out];
    t.same(infoOf(mine), infoOf(kernel), `${at.words}: the same configuration`);
    const text = vxlanWords((await vtep(`-d link show ${name}`)).out);
    const own = text.slice(0, text.findIndex((word) => word.endsWith('udp6zerocsumrx')) + 1);
    // Versions of ip before 6.14 do not know it.
    own.splice(own.indexOf('reserved_bits'), 2);
    t.ok(standIn(own, vxlanWords(ip(`-d link show ${name}`).out)), own.join(' '));
    if (!line.includes(' dev d0') || line.includes('mtu'))
      t.equal(mtuOf(mine), mtuOf(kernel), `${at.words}: mtu`);
  }
  if (theirs.ok) ip(`link del ${name}`);
  if (ours.ok) await vtep(`link del ${name}`);
}

t.test('link add … type vxlan', { skip }, async (t) => {
  for (const [i, at] of LINK_OPTIONS.entries())
    await compareLink(t, `vt${i}`, `vt${i} type vxlan dstport 4789 ${at.words}`, at);
});

t.test('link add', { skip }, async (t) => {
  for (const [i, at] of LINK_ADD.entries()) {
    const name = at.words.includes('NAME') ? `vu${i}` : 'vxlan0';
    await compareLink(t, name, at.words.replace('NAME', name), at);
  }
});

/** What is shown, in no order: tables are hashed. The host's own multicast neighbours are not their matter. */
const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('ff02:'))
    .sort();

/** True when all of `some` stand in `all` in that order: newer versions of ip print more words. */
function standIn(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const word of all) if (word === some[at]) at++;
  return at === some.length;
}

const vxlanWords = (text: string): string[] => (/^ +(vxlan id .*)/m.exec(text)?.[1] ?? '').split(' ');

/** Runs the cases in order on vx0; the table both show after each must be the same. */
async function compareTable(t: Test, object: string, cases: readonly Case[], show: string, keys: string[]) {
  const kernel = object === 'fdb' ? bridge : ip;
  const rows = (text: string): string[] => {
    const listed = parse(text).filter((row) => !String(row['dst']).startsWith('ff02:'));
    const cut = listed.map((row) => keys.filter((key) => key in row).map((key) => [key, row[key]]));
    return cut.map((row) => JSON.stringify(row)).sort();
  };
  for (const at of cases) {
    const theirs = kernel(`${object} ${at.words}`);
    const ours = await vtep(`${object} ${at.words}`);
    const both = verdict(t, at, theirs, ours);
    if (!both) continue;
    const [text, json] = [kernel(show).out, kernel(`-j ${show}`).out];
    t.same(rows((await vtep(`-j ${show}`)).out), rows(json), `${at.words}: the same table`);
    t.same(lines((await vtep(show)).out), lines(text), `${at.words}: the same text`);
  }
}

t.test('tables', { skip }, async (t) => {
  await vtep('link add vx0 type vxlan id 42 dstport 4790');
  ip('addr add 10.20.1.1/24 dev vx0');
  ip('link set vx0 up');
  await t.test('fdb', (t) =>
    compareTable(t, 'fdb', FDB, 'fdb show dev vx0', ['mac', 'dst', 'port', 'vni', 'viaIf', 'flags', 'state']),
  );
  await t.test('neigh', (t) =>
    compareTable(t, 'neigh', NEIGH, 'neigh show dev vx0 nud all', [
      'dst',
      'lladdr',
      'router',
      'extern_learn',
      'state',
    ]),
  );
  await t.test('route', async (t) => {
    ip('addr flush dev vx0');
    ip('addr add 10.20.1.1/32 dev vx0');
    await compareTable(t, 'route', ROUTE, 'route show dev vx0', ['dst', 'gateway', 'scope', 'flags']);
  });
});
