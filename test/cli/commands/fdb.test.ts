import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import type { FdbEntry } from '../../../lib/engine/types.js';
import { FakeDaemon } from '../fake-daemon.js';
import { collector } from '../fixtures.js';

const MAC = 'e6:4b:f9:ce:d7:7b';
const entry: FdbEntry = {
  mac: MAC,
  remotes: [{ dst: '192.0.2.3' }, { dst: '192.0.2.4', port: 5000 }],
  state: 'permanent',
  router: false,
  externLearn: false,
  learned: false,
  used: 5,
  updated: 6,
};

const daemon = await FakeDaemon.start();
t.teardown(() => daemon.stop());
t.beforeEach(() => {
  daemon.devices.clear();
  daemon.requests.length = 0;
  daemon.refusals.clear();
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}

t.test('add, append, replace and del send what the words say', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  const words = `${MAC} dev vx0 dst 192.0.2.3 port 5000 vni 9 src_vni 7 via eth0 self static router extern_learn`;
  t.same(await vtep(`fdb add ${words}`), { exit: 0, out: '', err: '' });
  await vtep(`fdb a ${MAC} dev vx0 dst 192.0.2.4`);
  await vtep(`fdb append ${MAC} dev vx0 dst 192.0.2.4 use`);
  await vtep(`fdb rep ${MAC} dev vx0 dst 192.0.2.4 dynamic`);
  const posted = daemon.bodies('POST /v1/links/vx0/fdb');
  t.same(posted, [
    {
      verb: 'add',
      mac: MAC,
      dst: '192.0.2.3',
      port: 5000,
      vni: 9,
      srcVni: 7,
      via: 'eth0',
      state: 'static',
      router: true,
      externLearn: true,
    },
    { verb: 'add', mac: MAC, dst: '192.0.2.4' },
    { verb: 'append', mac: MAC, dst: '192.0.2.4', use: true },
    { verb: 'replace', mac: MAC, dst: '192.0.2.4', state: 'dynamic' },
  ]);
  t.same(await vtep(`fdb del ${MAC} dev vx0 dst 192.0.2.4 permanent`), { exit: 0, out: '', err: '' });
  t.same(daemon.bodies('DELETE /v1/links/vx0/fdb'), [{ mac: MAC, dst: '192.0.2.4' }]);
});

t.test('show: one line a remote, dev only where it was not given', async (t) => {
  daemon.add({ name: 'vx0', id: 1 }).fdb.push(entry);
  daemon
    .add({ name: 'vx1', id: 2 })
    .fdb.push({ ...entry, state: 'reachable', remotes: [{ dst: '192.0.2.9' }] });
  t.equal(
    (await vtep('fdb show dev vx0')).out,
    `${MAC} dst 192.0.2.3 self permanent\n${MAC} dst 192.0.2.4 port 5000 self permanent\n`,
  );
  t.equal((await vtep('fdb')).out.split('\n').length, 4);
  t.equal((await vtep('fdb show dynamic')).out, `${MAC} dev vx1 dst 192.0.2.9 self \n`);
  t.equal((await vtep('fdb show state permanent')).out.split('\n').length, 3);
  t.equal((await vtep('-s fdb show dev vx1')).out, `${MAC} dst 192.0.2.9 used 5/6 self \n`);
  t.same(JSON.parse((await vtep('-j fdb show dev vx0')).out), [
    { mac: MAC, dst: '192.0.2.3', flags: ['self'], state: 'permanent' },
    { mac: MAC, dst: '192.0.2.4', port: 5000, flags: ['self'], state: 'permanent' },
  ]);
});

t.test('a DNS name in the place of an address', async (t) => {
  const { fdb } = daemon.add({ name: 'vx0', id: 1 });
  await vtep(`fdb append ${MAC} dev vx0 dst vtep3.example.org port 5000`);
  t.same(daemon.bodies('POST /v1/links/vx0/fdb'), [
    { verb: 'append', mac: MAC, dst: 'vtep3.example.org', port: 5000 },
  ]);
  await vtep(`fdb del ${MAC} dev vx0 dst vtep3.example.org`);
  t.same(daemon.bodies('DELETE /v1/links/vx0/fdb'), [{ mac: MAC, dst: 'vtep3.example.org' }]);
  const named = { dst: '192.0.2.3', name: 'vtep3.example.org' };
  fdb.splice(0, fdb.length, { ...entry, remotes: [named] });
  const line = `${MAC} dst 192.0.2.3 self permanent`;
  t.equal((await vtep('fdb show dev vx0')).out, `${line}\n`);
  t.equal((await vtep('-d fdb show dev vx0')).out, `${line} name vtep3.example.org\n`);
  t.match(JSON.parse((await vtep('-j fdb show dev vx0')).out), [{ dst_name: 'vtep3.example.org' }]);
});

t.test('get prints the first remote', async (t) => {
  daemon.add({ name: 'vx0', id: 1 }).fdb.push(entry);
  t.equal((await vtep(`fdb get ${MAC} dev vx0`)).out, `${MAC} dev vx0 dst 192.0.2.3 self permanent\n`);
  t.same(await vtep('fdb get 02:00:00:00:00:01 dev vx0'), {
    exit: 2,
    out: '',
    err: 'Error: Fdb entry not found.\n',
  });
  await vtep(`fdb get ${MAC} dev vx0 vni 7`);
  t.ok(daemon.requests.some(({ line }) => line.endsWith('?src_vni=7')));
});

t.test('flush sends its filters', async (t) => {
  daemon.add({ name: 'vx0', id: 1 });
  await vtep('fdb flush dev vx0');
  await vtep('fdb flush dev vx0 nopermanent extern_learn norouter dst 192.0.2.3 port 1 vni 2 src_vni 3');
  t.same(daemon.bodies('POST /v1/links/vx0/fdb/flush'), [
    {},
    { permanent: false, externLearn: true, router: false, dst: '192.0.2.3', port: 1, vni: 2, srcVni: 3 },
  ]);
  t.match((await vtep('fdb flush')).err, /"dev" is required/);
  t.match((await vtep('fdb flush dev vx0 foo')).err, /"foo" is unknown/);
});

t.test('refusals are one line and exit 2, an unknown device exit 1', async (t) => {
  daemon.add({ name: 'vx0', id: 1 }).fdb.push(entry);
  t.same(await vtep(`fdb add ${MAC} dev vx0 dst 192.0.2.4`), {
    exit: 2,
    out: '',
    err: `RTNETLINK answers: File exists: ${MAC} is there\n`,
  });
  t.same(await vtep(`fdb add ${MAC} dev nope dst 192.0.2.4`), {
    exit: 1,
    out: '',
    err: 'Cannot find device "nope"\n',
  });
  t.same(await vtep('fdb show dev nope'), { exit: 1, out: '', err: 'Cannot find device "nope"\n' });
});

t.test('wrong words ask nothing of the daemon', async (t) => {
  for (const line of [`fdb add ${MAC}`, `fdb add zz dev vx0 dst 1.2.3.4`, 'fdb show br br0', 'fdb foo'])
    t.match(await vtep(line), { exit: 1, out: '', err: /^Error: [^\n]*\n$/ }, line);
  t.same(daemon.requests, []);
});
