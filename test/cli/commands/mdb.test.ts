/** `vtep mdb`, over the real API and an engine in memory: words, verdicts, and what `bridge mdb` would print. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../../lib/cli/run.js';
import { buildServer } from '../../../lib/control/api/server.js';
import { daemonPaths } from '../../../lib/control/socket-path.js';
import { Engine } from '../../../lib/engine/engine.js';
import { MemorySystem } from '../../../lib/engine/memory-system.js';
import { collector } from '../fixtures.js';

const directory = mkdtempSync(join(tmpdir(), 'vtep-cli-'));
process.env['VTEP_RUN_DIR'] = directory;
const engine = new Engine(new MemorySystem({ eth0: 1_500 }));
const { ifindex } = engine.add({ name: 'vx0', id: 42, dstport: 4_789 });
const info = () => ({ pid: 1, version: '0', netns: '2', started: '', memory: 3, workers: 1, busyPoll: 0 });
const api = await buildServer({ engine, info, stop: () => {} });
await api.listen({ path: daemonPaths().socket });
t.teardown(async () => {
  await api.close();
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

async function vtep(line: string) {
  const streams = collector();
  const exit = await run(line.split(' '), streams);
  return { exit, ...streams.text };
}
const done = { exit: 0, out: '', err: '' };

t.test('add, replace, get, show, del', async (t) => {
  const key = 'dev vx0 port vx0 grp 239.1.1.1';
  t.same(await vtep(`mdb add ${key} permanent dst 198.51.100.100`), done);
  t.equal((await vtep('mdb')).out, 'dev vx0 port vx0 grp 239.1.1.1 permanent dst 198.51.100.100\n');
  const more =
    'filter_mode exclude source_list 192.0.2.129,192.0.2.130 proto bgp dst_port 1234 vni 9 via eth0';
  t.same(await vtep(`mdb replace ${key} permanent dst 198.51.100.100 ${more}`), done);
  const line =
    'dev vx0 port vx0 grp 239.1.1.1 permanent filter_mode exclude source_list 192.0.2.130/0.00,192.0.2.129/0.00' +
    ' proto bgp  dst 198.51.100.100 dst_port 1234 vni 9 via eth0';
  t.equal((await vtep('-d mdb get dev vx0 grp 239.1.1.1')).out, `${line}\n`);
  t.equal((await vtep('-d -s mdb get dev vx0 grp 239.1.1.1')).out, `${line}    0.00\n`);
  t.equal(
    (await vtep('mdb get dev vx0 grp 239.1.1.1 src 192.0.2.129')).out,
    'dev vx0 port vx0 grp 239.1.1.1 src 192.0.2.129 permanent blocked dst 198.51.100.100 dst_port 1234 vni 9 via eth0\n',
  );
  t.same(JSON.parse((await vtep('-d -j mdb get dev vx0 grp 239.1.1.1')).out), [
    {
      mdb: [
        {
          index: ifindex,
          dev: 'vx0',
          port: 'vx0',
          grp: '239.1.1.1',
          state: 'permanent',
          filter_mode: 'exclude',
          source_list: [
            { address: '192.0.2.130', timer: '0.00' },
            { address: '192.0.2.129', timer: '0.00' },
          ],
          protocol: 'bgp',
          flags: [],
          dst: '198.51.100.100',
          dst_port: 1234,
          vni: 9,
          via: 'eth0',
        },
      ],
      router: {},
    },
  ]);
  t.equal((await vtep('mdb show dev vx0')).out.split('\n').length, 4);
  t.match(await vtep(`mdb add ${key} permanent dst 198.51.100.100`), {
    exit: 2,
    err: /File exists.*use replace/,
  });
  t.same(await vtep(`mdb del ${key} dst 198.51.100.100`), done);
  t.same(await vtep('mdb show'), done);
  t.match(await vtep(`mdb del ${key} dst 198.51.100.100`), { exit: 2, err: /Did not find MDB entry/ });
  t.match(await vtep('mdb get dev vx0 grp 239.1.1.1'), { exit: 2, err: 'Error: MDB entry not found.\n' });
});

t.test('flush', async (t) => {
  for (const words of [
    'grp 239.1.1.1 dst 192.0.2.2',
    'grp 239.1.1.1 dst 192.0.2.3 proto 123',
    'grp :: dst 192.0.2.2 src_vni 7',
  ])
    t.same(await vtep(`mdb add dev vx0 port vx0 permanent ${words}`), done, words);
  t.match((await vtep('mdb show')).out, /grp :: permanent dst 192\.0\.2\.2 src_vni 7\n/);
  t.same(await vtep('mdb flush dev vx0 proto 123'), done);
  t.equal((await vtep('mdb show')).out.trim().split('\n').length, 2);
  t.same(await vtep('mdb flush dev vx0 src_vni 7 dst 192.0.2.2'), done);
  t.same(await vtep('mdb flush dev vx0 permanent port vx0'), done);
  t.same(await vtep('mdb show'), done);
});

t.test('wrong words', async (t) => {
  const to = 'dst 192.0.2.2';
  for (const [line, says] of [
    [`add dev vx0 port eth0 grp 239.1.1.1 ${to}`, 'Port net device must be the VXLAN net device'],
    [`add dev vx0 grp 239.1.1.1 temp ${to}`, 'MDB entry must be permanent'],
    [`add dev vx0 grp 239.1.1.1 vid 10 ${to}`, 'VID must not be specified'],
    [`add dev vx0 grp 01:02:03:04:05:06 ${to}`, '"grp" expects a multicast'],
    [`add dev vx0 grp 10.0.0.1 ${to}`, '"grp" expects a multicast'],
    ['add dev vx0 grp 239.1.1.1', '"dst" is required'],
    [`add dev vx0 grp 239.1.1.1 proto 3 ${to}`, '"proto" expects'],
    [`add dev vx0 grp 239.1.1.1 vni 16777216 ${to}`, '"vni" expects'],
    [`add dev vx0 grp 239.1.1.1 src_vni 16777216 ${to}`, '"src_vni" expects'],
    [`add dev vx0 grp 239.1.1.1 src 239.1.1.1 ${to}`, '"src" expects a unicast'],
    [`add dev vx0 grp 239.1.1.1 filter_mode some ${to}`, '"filter_mode" expects one of include, exclude'],
    [`add dev vx0 grp 239.1.1.1 source_list 1.2.3 ${to}`, '"source_list" expects'],
    [`add dev nope grp 239.1.1.1 ${to}`, 'Cannot find device "nope"'],
  ] as const) {
    const result = await vtep(`mdb ${line}`);
    t.match(result, { exit: 1, out: '' }, line);
    t.ok(result.err.includes(says), `${line}: ${result.err}`);
  }
  for (const [line, says] of [
    [`add dev vx0 grp 239.1.1.1 filter_mode include ${to}`, 'empty source list'],
    [`add dev vx0 grp 0.0.0.0 filter_mode exclude ${to}`, 'Filter mode can only be set for (*, G) entries'],
    [`add dev vx0 grp 239.1.1.1 source_list 10.0.0.1 ${to}`, 'without filter mode'],
  ] as const) {
    const result = await vtep(`mdb ${line}`);
    t.match(result, { exit: 2, out: '' }, line);
    t.ok(result.err.includes(says), `${line}: ${result.err}`);
  }
  t.same(await vtep('mdb show'), done, 'nothing changed');
});

t.test('monitor', async (t) => {
  const streams = collector();
  void run(['monitor', 'mdb'], streams).catch(() => {});
  for (let i = 0; i < 100 && streams.text.out === ''; i++) {
    await vtep('mdb replace dev vx0 grp 239.1.1.1 dst 192.0.2.2');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.match(streams.text.out, /^dev vx0 port vx0 grp 239\.1\.1\.1 permanent dst 192\.0\.2\.2\n/);
});
