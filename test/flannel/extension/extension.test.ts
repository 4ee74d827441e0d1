import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readMac, readOwn } from '../../../lib/flannel/extension/input.js';
import { usable, type ReadyState } from '../../../lib/flannel/extension/known-peers.js';
import { StateFile, type ExtensionState } from '../../../lib/flannel/extension/state.js';
import { sweepDelay } from '../../../lib/flannel/extension/sweep.js';

const STATE: ExtensionState = {
  version: 1,
  vni: 1,
  port: 8472,
  settle: 60,
  mac: '1a:70:a7:a6:ee:fe',
  generation: 2,
  swept: 1,
  peers: [],
};

t.test('the sweep of a run: a minute after its first add, ten seconds after its last', async (t) => {
  const at = (
    firstAdd: number | undefined,
    lastAdd: number | undefined,
    more: Partial<ExtensionState> = {},
  ) => sweepDelay({ ...STATE, firstAdd, lastAdd, ...more }, 100_000);
  t.equal(at(undefined, undefined), undefined, 'nobody was told of: nobody goes');
  t.equal(at(100_000, 100_000), 60_000);
  t.equal(at(50_000, 60_000), 10_000);
  t.equal(at(10_000, 99_000), 9_000, 'they are still coming');
  t.equal(at(10_000, 80_000), 0, 'due');
  t.equal(at(10_000, 80_000, { swept: 2 }), undefined, 'done');
  t.equal(at(10_000, 80_000, { settle: 0 }), undefined, 'never');
  t.equal(at(99_000, 99_000, { settle: 6 }), 5_000);
});

t.test('what peers printed', async (t) => {
  t.equal(readMac('{"VNI":1,"VtepMAC":"02:42:00:00:00:21"}\n'), '02:42:00:00:00:21');
  t.equal(readMac(' 2A:46:6B:0E:42:43 \n'), '2a:46:6b:0e:42:43', 'a MAC alone, as in the recording');
  for (const text of ['', '{}', '{"VtepMAC":5}', 'null', '02:42:00:00:00', '{"VtepMAC":"x"}'])
    t.throws(
      () => readMac(text),
      { code: 'ERR_VTEP_ARGUMENT', message: /standard input is .* expected \{"VNI":1/ },
      text,
    );
});

t.test('what flanneld sets', async (t) => {
  const env = { NETWORK: '10.5.0.0/16', SUBNET: '10.5.1.1/24', PUBLIC_IP: '10.99.0.11' };
  t.same(readOwn(env), { network: '10.5.0.0/16', subnet: '10.5.1.0/24', publicIp: '10.99.0.11' });
  t.throws(() => readOwn({ ...env, NETWORK: 'fd05::/56' }), {
    word: 'fd05::/56',
    message: /NETWORK is "fd05::\/56": expected an IPv4 prefix/,
  });
  t.throws(() => readOwn({ ...env, PUBLIC_IP: 'fd99::1' }), {
    message: /PUBLIC_IP is "fd99::1": expected an IPv4 address/,
  });
});

t.test('of peers that exclude each other the one told last is taken', async (t) => {
  const own = { network: '10.5.0.0/16', subnet: '10.5.1.0/24', publicIp: '10.99.0.11' };
  const state: ReadyState = { ...STATE, own };
  const peer = (subnet: string, publicIp: string, mac: string) => ({ subnet, publicIp, mac, generation: 1 });
  const moved = [
    peer('10.5.2.0/24', '10.99.0.12', '02:00:00:00:00:02'),
    peer('10.5.3.0/24', '10.99.0.13', '02:00:00:00:00:03'),
    peer('10.5.7.0/24', '10.99.0.22', '02:00:00:00:00:02'),
    peer('10.5.1.0/24', '10.99.0.14', '02:00:00:00:00:04'),
  ];
  t.same([...usable(state, moved).keys()].sort(), ['10.5.3.0/24', '10.5.7.0/24']);
});

t.test('the file: whole, ours alone, and none that is broken', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vtep-ext-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'flannel-ext-4026531840-1.json');
  const file = new StateFile(path);
  t.equal(file.read(), undefined);
  file.write(STATE);
  t.same(file.read(), STATE);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(readdirSync(directory).length, 1);
  for (const text of ['', '{"version":1', '{"version":2,"peers":[]}', 'null', '{"version":1}']) {
    writeFileSync(path, text);
    t.equal(file.read(), undefined, text);
  }
  t.throws(() => new StateFile(join(directory, 'none/x')).write(STATE), {
    code: 'ERR_VTEP_SYSTEM',
    message: /cannot write .*none\/x: ENOENT/,
  });
});

t.test('one at a time', async (t) => {
  const file = new StateFile(`/nowhere/flannel-ext-test-${process.pid}.json`);
  const order: string[] = [];
  let release = (): void => {};
  const first = file.locked(async () => {
    order.push('first begins');
    await new Promise<void>((resolve) => (release = resolve));
    order.push('first ends');
  });
  await t.rejects(
    file.locked(async () => {}, 40),
    { code: 'ERR_VTEP_DAEMON', message: /another flannel-ext holds/ },
  );
  const second = file.locked(async () => order.push('second'));
  release();
  await Promise.all([first, second]);
  t.same(order, ['first begins', 'first ends', 'second']);
  await t.rejects(
    file.locked(async () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.equal(await file.locked(async () => 5), 5, 'released after a failure, too');
});
