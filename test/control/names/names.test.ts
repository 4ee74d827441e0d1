/** DNS names of remotes, over the API and an engine in memory; the resolver and its clock are the test's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { metricsText } from '../../../lib/control/api/metrics.js';
import { buildServer } from '../../../lib/control/api/server.js';
import { connect, type Client, type DaemonInfo } from '../../../lib/control/client.js';
import { Names } from '../../../lib/control/names/names.js';
import { Engine } from '../../../lib/engine/engine.js';
import { MemorySystem } from '../../../lib/engine/memory-system.js';
import type { VtepError } from '../../../lib/errors.js';

const MAC = '02:00:00:00:00:02';
const ZERO = '00:00:00:00:00:00';
const A = '192.0.2.2';
const B = '192.0.2.3';
const C = '192.0.2.4';

/** What names are; absent = no such name. */
let zone: Record<string, string[]> = {};
/** Names as they were asked for, with the family. */
let asked: string[] = [];
let clock = 0;
let logged: { level: string; message: string; about: object }[] = [];
let directory: string;
let engine: Engine;
let names: Names;
let client: Client;
let close: () => Promise<void>;

const log = (level: string) => (about: object, message: string) =>
  void logged.push({ level, message, about });

t.beforeEach(async () => {
  zone = { one: [A], two: [B] };
  asked = [];
  logged = [];
  clock = 0;
  engine = new Engine(new MemorySystem({ eth0: 1_500 }));
  names = new Names({
    engine,
    lookup: async (name, family) => {
      asked.push(`${name} ${family}`);
      if (zone[name] === undefined) throw Object.assign(new Error(name), { code: 'ENOTFOUND' });
      return zone[name];
    },
    log: { info: log('info'), warn: log('warn') },
    now: () => clock,
  });
  directory = mkdtempSync(join(tmpdir(), 'vtep-names-'));
  const socketPath = join(directory, 'api.sock');
  const api = await buildServer({ engine, names, info, stop: () => {} });
  await api.listen({ path: socketPath });
  client = connect({ socketPath });
  close = async () => {
    client.close();
    await api.close();
    names.close();
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  };
});
t.afterEach(() => close());

const info = (): DaemonInfo => ({
  ...{ pid: 1, version: '0', netns: '2', started: '2026-01-01T00:00:00.000Z' },
  ...{ memory: 3, workers: 1, busyPoll: 0 },
});

/** So many seconds later, what is due is looked up. */
async function later(seconds: number): Promise<void> {
  clock += seconds * 1_000;
  await names.poll();
}

const add = (config: object) => client.addLink({ name: 'vtep0', id: 42, dstport: 4_789, ...config });
const refusal = (promise: Promise<unknown>): Promise<VtepError> =>
  promise.then(
    () => Promise.reject(new Error('was accepted')),
    (error: VtepError) => error,
  );

/** Destinations of an entry as the engine has them. */
const remotes = (mac: string, dev = 'vtep0'): string[] =>
  (engine.get(dev)!.fdb.get(mac)?.remotes ?? []).map(({ dst }) => dst);

/** … and as the API shows them: "192.0.2.2=one". */
async function shown(mac: string): Promise<string[]> {
  const entry = await client.fdbEntry('vtep0', mac);
  return entry.remotes.map(({ dst, name }) => (name === undefined ? dst : `${dst}=${name}`));
}

t.test('the remote of a link follows its name', async (t) => {
  t.match(await add({ remote: 'One', dev: 'eth0' }), { remote: A, remoteName: 'one' });
  t.same(remotes(ZERO), [A]);
  await client.setFdb('vtep0', { verb: 'append', mac: ZERO, dst: C });
  await later(29);
  t.same(asked, ['one 0'], 'not before its time');
  zone['one'] = [B];
  const events: string[] = [];
  engine.subscribe((event) => {
    if (event.type === 'fdb') events.push(`${event.action} ${event.remote?.dst}`);
  });
  await later(1);
  t.same(asked, ['one 0', 'one 4'], 'of the family of the underlay from now on');
  t.same(remotes(ZERO), [C, B], 'what was added by hand stays');
  t.same(events, [`new ${B}`, `del ${A}`], 'the new one is there before the old one goes');
  t.match(await client.links(), [{ remote: B, remoteName: 'one' }]);
  t.match(logged, [{ level: 'info', about: { dev: 'vtep0', name: 'one', from: A, to: B } }]);
  t.match((await client.statistics('vtep0')).events, { nameMoved: 1, nameFailed: 0 });
  const text = await metricsText({ engine, names, info, stop: () => {} });
  t.match(text, 'vtep_events_total{dev="vtep0",event="nameMoved"} 1');
});

t.test('a name with several addresses stays where it is while it may', async (t) => {
  await add({ remote: 'one' });
  zone['one'] = [C, B, A];
  await later(30);
  t.same(remotes(ZERO), [A]);
  zone['one'] = [C, B];
  await later(30);
  t.same(remotes(ZERO), [C]);
});

t.test('while a name does not resolve its address stays, and it is asked more and more seldom', async (t) => {
  await add({ remote: 'one', resolveInterval: 10 });
  delete zone['one'];
  const times: number[] = [];
  for (asked = []; clock < 3_000_000;) {
    const before = asked.length;
    await later(10);
    if (asked.length > before) times.push(clock / 1_000);
  }
  t.same(times.slice(0, 8), [10, 30, 70, 150, 310, 630, 1_230, 1_830], 'at most every ten minutes');
  t.same(remotes(ZERO), [A]);
  t.match(await client.link('vtep0'), { remote: A, remoteName: 'one', resolveInterval: 10 });
  t.equal((await client.statistics('vtep0')).events['nameFailed'], times.length);
  t.equal(logged.length, 1, 'told once');
  t.match(logged[0], { level: 'warn', message: /"one" cannot be resolved .*; its address stays/ });
  zone['one'] = [B];
  await later(600);
  t.same(remotes(ZERO), [B]);
  t.match(logged.at(-1), { level: 'info', message: 'name resolves again' });
  asked = [];
  await later(10);
  t.same(asked, ['one 4'], 'in its interval again');
});

t.test('a new interval counts from now', async (t) => {
  await add({ remote: 'one', resolveInterval: 86_400 });
  await client.setLink('vtep0', { resolveInterval: 5 });
  asked = [];
  await later(5);
  t.same(asked, ['one 4']);
});

t.test('link set: another name, an address, a group', async (t) => {
  await add({ remote: 'one', dev: 'eth0' });
  t.match(await client.setLink('vtep0', { remote: 'two', ttl: 7 }), { remote: B, remoteName: 'two', ttl: 7 });
  t.same(remotes(ZERO), [B]);
  zone = { one: [C], two: [A] };
  await later(30);
  t.same(remotes(ZERO), [A], 'the first name is forgotten');
  t.match(await client.setLink('vtep0', { ageing: 10 }), { remoteName: 'two' }, 'other options leave it');
  t.notOk('remoteName' in (await client.setLink('vtep0', { remote: A })), 'its own address takes it away');
  zone = { two: [C] };
  await later(30);
  t.same(remotes(ZERO), [A]);
  await client.setLink('vtep0', { remote: 'two' });
  t.same(remotes(ZERO), [C]);
  t.notOk('remoteName' in (await client.setLink('vtep0', { group: '239.1.1.1' })));
  asked = [];
  await later(30);
  t.same(asked, []);
});

t.test('the family is that of local, or the one asked for, or that of the first answer', async (t) => {
  zone['both'] = ['2001:db8::2', A];
  t.equal((await add({ remote: 'both' })).remote, '2001:db8::2');
  t.equal((await add({ name: 'vtep1', id: 1, remote: 'both', family: 4 })).remote, A);
  t.equal((await add({ name: 'vtep2', id: 2, remote: 'both', local: '192.0.2.1' })).remote, A);
  t.equal((await add({ name: 'vtep3', id: 3, remote: 'both', flowlabel: 5 })).remote, '2001:db8::2');
  zone['both'] = [A];
  await later(30);
  t.same(remotes(ZERO), ['2001:db8::2'], 'a family it does not have is as no address');
  for (const [config, word] of [
    [{ remote: 'both', family: 6, local: '192.0.2.1' }, '6'],
    [{ remote: A, family: 4 }, '4'],
    [{ family: 4 }, '4'],
  ] as const)
    t.match(await refusal(add({ name: 'vtep9', id: 9, ...config })), { code: 'ERR_VTEP_ARGUMENT', word });
});

t.test('what cannot be resolved changes nothing', async (t) => {
  t.match(await refusal(add({ remote: 'nowhere' })), {
    code: 'ERR_VTEP_NAME',
    word: 'nowhere',
    message: /^"nowhere" cannot be resolved to an address: there is no such name/,
  });
  t.same(await client.links(), []);
  await add({ remote: A });
  const before = await client.link('vtep0');
  await refusal(client.setLink('vtep0', { remote: 'nowhere', ttl: 9 }));
  await refusal(client.setFdb('vtep0', { verb: 'add', mac: MAC, dst: 'nowhere' }));
  t.same(await client.link('vtep0'), before);
  t.same(remotes(MAC), []);
  const elsewhere = { remote: 'one', linkNetns: 'blue', name: 'vtep1', id: 1 };
  t.match(await refusal(add(elsewhere)), {
    code: 'ERR_VTEP_UNSUPPORTED',
    message: /link-netns.*give an address/,
  });
  t.match(await refusal(add({ name: 'vtep1', id: 1, group: 'one', dev: 'eth0' })), {
    code: 'ERR_VTEP_ARGUMENT',
    message: 'group is "one"; expected an IPv4 or IPv6 address',
  });
  for (const remote of ['192.0.2.300', '1.2.3', '0x7f.1', 'a..b', '-a', 'a b', ''])
    t.match(await refusal(add({ name: 'vtep1', id: 1, remote })), {
      code: 'ERR_VTEP_ARGUMENT',
      word: remote,
    });
  t.notOk(asked.includes('192.0.2.300 0'), 'a mistyped address is no name');
});

t.test('a VTEP that goes while its name is looked up', async (t) => {
  await add({ remote: A });
  let answer = (_addresses: string[]): void => {};
  zone = Object.defineProperty({}, 'slow', {
    get: () => new Promise<string[]>((resolve) => (answer = resolve)),
  });
  const setting = refusal(client.setFdb('vtep0', { verb: 'add', mac: MAC, dst: 'slow' }));
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await client.deleteLink('vtep0');
  answer([B]);
  t.match(await setting, { code: 'ERR_VTEP_NO_DEVICE', word: 'vtep0' });
});

t.test('a MAC behind a name: state, flags and port are kept', async (t) => {
  await add({});
  await client.setFdb('vtep0', {
    ...{ verb: 'add', mac: MAC, dst: 'one', port: 5_000, vni: 7, state: 'static', router: true },
  });
  t.same(await shown(MAC), [`${A}=one`]);
  zone['one'] = [B];
  await later(30);
  t.same(await shown(MAC), [`${B}=one`]);
  t.match(engine.get('vtep0')!.fdb.get(MAC), {
    remotes: [{ dst: B, port: 5_000, vni: 7 }],
    state: 'static',
    router: true,
  });
  t.match(await client.fdb('vtep0'), [{ remotes: [{ name: 'one' }] }]);
  await client.setFdb('vtep0', { verb: 'replace', mac: MAC, dst: 'two' });
  t.same(
    await shown(MAC),
    [`${B}`].map((dst) => `${dst}=two`),
  );
  await client.setFdb('vtep0', { verb: 'replace', mac: MAC, dst: B });
  t.same(await shown(MAC), [B], 'its address alone takes the name away');
  zone['one'] = [C];
  await client.setFdb('vtep0', { verb: 'append', mac: MAC, dst: 'one' });
  t.same(await shown(MAC), [B], 'append adds no second remote to a MAC, nor a name');
});

t.test('a MAC that went to another VTEP by itself is no longer behind its name', async (t) => {
  await add({});
  await client.setFdb('vtep0', { verb: 'add', mac: MAC, dst: 'one', state: 'dynamic' });
  const { fdb } = engine.get('vtep0')!;
  fdb.set({ verb: 'replace', mac: MAC, dst: C });
  zone['one'] = [B];
  await later(30);
  t.same(remotes(MAC), [C]);
});

t.test('several names in one entry', async (t) => {
  await add({});
  for (const dst of ['one', 'two', C]) await client.setFdb('vtep0', { verb: 'append', mac: ZERO, dst });
  t.same(await shown(ZERO), [`${A}=one`, `${B}=two`, C]);
  zone = { one: [C], two: [A] };
  await later(30);
  t.same((await shown(ZERO)).sort(), [`${A}=two`, `${C}=one`]);
  zone = { one: [A], two: [A] };
  await later(30);
  t.same((await shown(ZERO)).length, 2, 'one address for both names, and the one that was there by itself');
  t.same(remotes(ZERO).sort(), [A, C]);
  zone = { one: [B], two: [A] };
  await later(30);
  t.same(remotes(ZERO).sort(), [A, B, C], 'what the other name still has stays');
  await client.setFdb('vtep0', { verb: 'append', mac: ZERO, dst: 'two' });
  await client.deleteFdb('vtep0', { mac: ZERO, dst: 'two' });
  t.same(remotes(ZERO).sort(), [B, C]);
  t.match(await refusal(client.deleteFdb('vtep0', { mac: ZERO, dst: 'two' })), {
    code: 'ERR_VTEP_NO_ENTRY',
    errno: 'ENOENT',
    word: 'two',
  });
});

t.test('a name given again after its address changed stands once', async (t) => {
  await add({});
  await client.setFdb('vtep0', { verb: 'append', mac: ZERO, dst: 'one' });
  zone['one'] = [B];
  await client.setFdb('vtep0', { verb: 'append', mac: ZERO, dst: 'one' });
  t.same(remotes(ZERO), [A, B]);
  await later(30);
  t.same(await shown(ZERO), [`${B}=one`]);
  await client.deleteFdb('vtep0', { mac: ZERO, dst: 'one' });
  t.same(remotes(ZERO), []);
});

t.test('what is deleted is forgotten, and made anew by address it has no name', async (t) => {
  await add({});
  const set = (dst: string) => client.setFdb('vtep0', { verb: 'add', mac: MAC, dst });
  for (const remove of [
    () => client.deleteFdb('vtep0', { mac: MAC }),
    () => client.deleteFdb('vtep0', { mac: MAC, dst: A }),
    () => client.deleteFdb('vtep0', { mac: MAC, dst: 'one' }),
    () => client.flushFdb('vtep0', { permanent: true }),
  ]) {
    await set('one');
    await remove();
    await set(A);
    t.same(await shown(MAC), [A]);
    await client.deleteFdb('vtep0', { mac: MAC });
  }
  await set('one');
  await client.deleteLink('vtep0');
  await add({});
  await set(A);
  asked = [];
  await later(60);
  t.same(asked, []);
});

t.test('in bulk, addresses only', async (t) => {
  await add({});
  const error = await refusal(client.setFdbBulk('vtep0', [{ verb: 'add', mac: MAC, dst: 'one' }]));
  t.match(error, { message: 'entries[0]: dst is "one"; expected an IPv4 or IPv6 address', word: 'one' });
  await client.setFdb('vtep0', { verb: 'add', mac: MAC, dst: 'one' });
  await client.setFdbBulk('vtep0', [{ verb: 'replace', mac: MAC, dst: A }]);
  t.same(await shown(MAC), [A]);
});

t.test('a change the engine refuses is counted and tried again', async (t) => {
  await add({ remote: 'one' });
  const vtep = engine.get('vtep0')!;
  vtep.set = () => {
    throw new Error('no');
  };
  zone['one'] = [B];
  await later(30);
  t.match((await client.statistics('vtep0')).events, { nameMoved: 0, nameFailed: 1 });
  t.match(logged, [{ level: 'warn', message: 'no; its address stays' }]);
  Reflect.deleteProperty(vtep, 'set');
  await later(60);
  t.same(remotes(ZERO), [B]);
});

t.test('an MDB entry', async (t) => {
  await add({});
  const group = '239.1.1.1';
  const sources = ['10.0.0.9'];
  await client.setMdb('vtep0', {
    ...{ verb: 'add', group, sources, filterMode: 'exclude', port: 5_000, dst: 'one' },
  });
  await client.setMdb('vtep0', { verb: 'add', group, dst: C });
  t.match(await client.mdbEntry('vtep0', { group }), { remotes: [{ dst: C }, { dst: A, name: 'one' }] });
  zone['one'] = [B];
  await later(30);
  const entry = await client.mdbEntry('vtep0', { group });
  t.match(entry.remotes, [
    { dst: B, name: 'one', port: 5_000, filterMode: 'exclude', sources: ['10.0.0.9'] },
    { dst: C },
  ]);
  t.equal(entry.remotes.length, 2);
  const ofSource = { group, source: '10.0.0.9' };
  t.match(await client.mdbEntry('vtep0', ofSource), { remotes: [{ dst: B, blocked: true }] });
  t.match(await client.mdb('vtep0'), [{ remotes: [{}] }, { remotes: [{ name: 'one' }, {}] }]);
  await client.deleteMdb('vtep0', { group, dst: 'one' });
  t.match((await client.mdbEntry('vtep0', { group })).remotes, [{ dst: C }]);
  await client.setMdb('vtep0', { verb: 'add', group, dst: 'one' });
  await client.flushMdb('vtep0', {});
  asked = [];
  await later(60);
  t.same(asked, []);
});

t.test('VNIs of a device with many', async (t) => {
  await client.addLink({ name: 'vtep0', external: true, vnifilter: true, dstport: 4_789 });
  await client.addVnis('vtep0', { vnis: [[100, 102]], vlans: [[10, 12]], remote: 'one' });
  const vnis = async () =>
    (await client.vnis('vtep0')).map(
      ({ vni, vlan, remote, remoteName }) => `${vni} ${vlan} ${remote}=${remoteName}`,
    );
  t.same(await vnis(), [`100 10 ${A}=one`, `101 11 ${A}=one`, `102 12 ${A}=one`]);
  t.same(asked, ['one 4'], 'asked once for all');
  await client.addVnis('vtep0', { vnis: [[101, 101]], remote: A });
  zone['one'] = [B];
  await later(30);
  t.same(await vnis(), [`100 10 ${B}=one`, `101 11 ${A}=undefined`, `102 12 ${B}=one`]);
  t.match(engine.get('vtep0')!.fdb.get(ZERO, 102)?.remotes, [{ dst: B }]);
  await client.deleteVnis('vtep0', [[100, 100]]);
  await client.addVnis('vtep0', { vnis: [[102, 102]] });
  asked = [];
  await later(30);
  t.same(asked, []);
});

t.test('thousands of VNIs behind one name', async (t) => {
  await client.addLink({ name: 'vtep0', external: true, vnifilter: true, dstport: 4_789 });
  const begin = performance.now();
  await client.addVnis('vtep0', { vnis: [[1, 2_000]], remote: 'one' });
  await client.vnis('vtep0');
  t.ok(performance.now() - begin < 5_000, 'in linear time');
});
