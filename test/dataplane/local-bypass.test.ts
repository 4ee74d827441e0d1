/** A remote that is this host: handed straight to the VTEP here that has the VNI (kernel: encap_bypass_if_local). */
import t from 'tap';
import { NEEDS_CSUM, OFFLOAD, PORT } from '../../lib/memory/batch.js';
import { LOCALBYPASS, UP } from '../../lib/dataplane/device.js';
import { isLoopbackWords } from '../../lib/dataplane/local-bypass.js';
import { REMOTE_LOCAL } from '../../lib/table/remote.js';
import { parseAddress } from '../../lib/wire/text.js';
import { Bench } from '../support/bench.js';
import { FAR, MemoryHost, NEAR, PEER, ZERO_MAC } from '../support/memory-host.js';
import { udp6Frame, udpFrame } from '../support/packets.js';

const OWN = '192.0.2.1';
const FRAME = udpFrame(FAR, NEAR);

/** vtep0 (VNI 42) sends to this host's own address what is for VNI 43, which vtep1 has. */
function twoHere(config: object = {}, other: object = {}): MemoryHost {
  const host = new MemoryHost(config);
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 1 }]);
  host.add({ name: 'vtep1', id: 43, ...other });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: OWN, vni: 43 });
  return host;
}

const taken = (host: MemoryHost, name = 'vtep1'): Uint8Array[] => host.system.frames(name).take();

t.test('the other VTEP gets the frame, and learns the loopback address', async (t) => {
  const host = twoHere();
  t.same(host.send(FRAME), [], 'nothing leaves');
  t.same(taken(host), [FRAME]);
  const other = host.engine.get('vtep1')!;
  t.match(other.fdb.get(NEAR), { remotes: [{ dst: '127.0.0.1' }], state: 'reachable', learned: true });
  // Both count the whole frame.
  t.same(host.counters(), { txPackets: 1, txBytes: FRAME.length });
  t.match(other.statistics(), { rxPackets: 1, rxBytes: FRAME.length, txPackets: 0 });
  t.equal(host.vtep.statistics().events['bypassed'], 1);
});

t.test('the answer takes the same way, at once and once it is learned', async (t) => {
  const host = twoHere();
  // Back to VNI 42: vtep1's learned remote has its own VNI, so vtep0 must be reached by a given entry.
  const other = host.engine.get('vtep1')!;
  other.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: '127.0.0.1', vni: 42 });
  host.system.frames('vtep1').send(udpFrame('02:00:00:00:09:09', FAR));
  host.engine.poll();
  t.same(host.system.underlay.take(), []);
  t.equal(taken(host, 'vtep0').length, 1);
  t.same(host.entry(FAR), `${OWN} permanent`, 'a static entry is not moved');
});

t.test('a MAC learned a moment ago, not yet in the FDB, is found here too', async (t) => {
  const host = new MemoryHost({ id: 42 });
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 1 }]);
  host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, dst: OWN });
  // The device itself is the one with its VNI: what it floods to its own address comes back up, as in the kernel.
  t.same(host.send(FRAME), []);
  t.same(host.replies(), [FRAME]);
  t.equal(host.entry(NEAR), '127.0.0.1 reachable');
});

t.test('IPv6: ::1 is learned', async (t) => {
  const host = new MemoryHost({ local: '2001:db8::1' });
  host.engine.setLocalAddresses([{ address: '2001:db8::1', ifindex: 1 }]);
  const other = host.add({ name: 'vtep1', id: 43, local: '2001:db8::1' });
  host.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '2001:db8::1', vni: 43 });
  t.same(host.send(udp6Frame(FAR, NEAR)), []);
  t.equal(taken(host).length, 1);
  t.match(other.fdb.get(NEAR), { remotes: [{ dst: '::1' }] });
});

t.test('no such device here: tx_errors and a reason', async (t) => {
  const host = twoHere();
  const { fdb } = host.vtep;
  const wrong = [{ vni: 44 }, { vni: 43, port: 4_790 }];
  for (const [n, remote] of wrong.entries()) {
    fdb.set({ verb: 'replace', mac: FAR, dst: OWN, ...remote });
    t.same(host.send(FRAME), []);
    t.same(host.reasons(), { local_vni_not_found: n + 1 });
  }
  fdb.set({ verb: 'replace', mac: FAR, dst: OWN, vni: 43 });
  host.engine.get('vtep1')!.set({ up: false });
  host.send(FRAME);
  t.same(host.reasons(), { local_vni_not_found: 3 }, 'one that is down');
  t.same(host.counters(), { txErrors: 3 });
});

t.test('receive flags, family and bound address must be the receiver’s', async (t) => {
  const host = twoHere({ gbp: true }, { dstport: 4_790 });
  host.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: OWN, vni: 43, port: 4_790 });
  host.send(FRAME);
  t.same(host.reasons(), { local_vni_not_found: 1 }, 'vtep1 has no gbp');
  const bound = new MemoryHost();
  bound.engine.setLocalAddresses(['192.0.2.1', '192.0.2.5'].map((address) => ({ address, ifindex: 1 })));
  for (const address of ['192.0.2.1', '192.0.2.5'])
    bound.add({ name: `at-${address.at(-1)}`, id: 43, dstport: 4_790, local: address, localbind: true });
  bound.vtep.fdb.set({ verb: 'add', mac: FAR, dst: '192.0.2.5', vni: 43, port: 4_790 });
  bound.send(FRAME);
  t.same([taken(bound, 'at-1').length, taken(bound, 'at-5').length], [0, 1]);
});

t.test('nolocalbypass really sends, and can be switched', async (t) => {
  const host = twoHere({ localbypass: false });
  t.equal(host.send(FRAME).length, 1);
  t.same(taken(host), []);
  host.vtep.set({ localbypass: true });
  t.same(host.send(FRAME), []);
  t.equal(taken(host).length, 1);
});

t.test('addresses come and go', async (t) => {
  const host = twoHere();
  host.engine.setLocalAddresses([]);
  t.equal(host.send(FRAME).length, 1, 'another host has it now');
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 2 }]);
  t.equal(host.send(FRAME).length, 0);
  // With an egress interface only that interface's addresses are local.
  host.vtep.fdb.set({ verb: 'replace', mac: FAR, dst: OWN, vni: 43, via: 'eth0' });
  t.equal(host.send(FRAME).length, 1, 'it is on eth1');
  host.engine.setLocalAddresses([{ address: OWN, ifindex: 1 }]);
  t.equal(host.send(FRAME).length, 0);
});

t.test('replication: peers and VTEPs here', async (t) => {
  const host = twoHere();
  host.add({ name: 'vtep2', id: 44 });
  for (const remote of [{ dst: PEER }, { dst: OWN, vni: 43 }, { dst: '127.0.0.1', vni: 44 }])
    host.vtep.fdb.set({ verb: 'append', mac: ZERO_MAC, ...remote });
  const frames = Array.from({ length: 200 }, (_, n) => udpFrame(`02:00:00:00:0a:${(n % 90) + 10}`, NEAR));
  t.equal(host.send(...frames).length, 200);
  t.same(taken(host, 'vtep1'), frames);
  t.same(taken(host, 'vtep2'), frames);
});

t.test('full batches lose nothing', async (t) => {
  const bench = new Bench({ burst: 4, txCapacity: 3, settings: { features: UP | LOCALBYPASS } });
  const { remotes } = bench.device.tables;
  const here = [bench.remote(OWN), bench.remote('127.0.0.2'), bench.remote('127.0.0.3')];
  for (const remote of here) remotes.mark(remote, REMOTE_LOCAL, true);
  bench.learn(ZERO_MAC, [bench.remote(PEER), here[0]!, bench.remote('192.0.2.9'), here[1]!, here[2]!]);
  for (let n = 0; n < 4; n++) bench.put(udpFrame(`02:00:00:00:0b:1${n}`, NEAR), { offload: NEEDS_CSUM });
  let sent = 0;
  let up = 0;
  for (let isDone = false, rounds = 0; !isDone && rounds < 50; rounds++) {
    isDone = bench.runEncap();
    t.ok(bench.back.length <= bench.back.capacity && bench.tx.length <= 3);
    sent += bench.tx.length;
    up += bench.back.length;
    for (let j = 0; j < bench.back.length; j++) t.equal(bench.back.get(PORT, j), 7);
    bench.tx.length = 0;
    bench.back.length = 0;
  }
  t.same([sent, up], [8, 12]);
});

t.test('a copy that was sent has finished the checksum of the one that goes up', async (t) => {
  const bench = new Bench({ settings: { features: UP | LOCALBYPASS } });
  const here = bench.remote(OWN);
  bench.device.tables.remotes.mark(here, REMOTE_LOCAL, true);
  bench.learn(ZERO_MAC, [bench.remote(PEER), here]);
  bench.learn(FAR, [here]);
  bench.put(udpFrame('02:00:00:00:0b:10', NEAR), { offload: NEEDS_CSUM });
  bench.put(FRAME, { offload: NEEDS_CSUM });
  t.ok(bench.runEncap());
  t.same([bench.back.get(OFFLOAD, 0), bench.back.get(OFFLOAD, 1)], [0, NEEDS_CSUM]);
});

t.test('loopback addresses', async (t) => {
  const is = (text: string): boolean => {
    const [a0, a1, a2, a3] = parseAddress(text)!;
    return isLoopbackWords(a0, a1, a2, a3);
  };
  for (const text of ['127.0.0.1', '127.255.255.254', '::1']) t.ok(is(text), text);
  for (const text of ['126.0.0.1', '128.0.0.1', '::2', '::', '0.0.0.0', '::7f00:1']) t.notOk(is(text), text);
});
