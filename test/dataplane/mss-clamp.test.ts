/** MSS clamping: both directions, off unless asked for, and what `auto` is. */
import t from 'tap';
import { inner, MemoryHost, OTHER, PEER } from '../support/memory-host.js';
import { hex } from '../support/hex.js';

const SYN = hex(`
  020000000202 020000000101 0800
  4500002c 1234 0000 40 06 5496 0a000001 0a000002
  9c40 0050 00000001 00000000 60 02 ffff e792 0000  0204 05b4`);

const mss = (frame: Uint8Array): number => (frame[56] << 8) | frame[57];
const sent = (host: MemoryHost): number => mss(inner(host.send(SYN)[0]));
const received = (host: MemoryHost): number => {
  const back = SYN.slice();
  back.set(hex('020000000101 020000000202'));
  return mss(host.arrive(back)[0]);
};

t.test('off, a number, auto; changed on the way', async (t) => {
  const host = new MemoryHost({ remote: PEER });
  t.same([sent(host), received(host)], [1460, 1460], 'off');
  t.equal(host.vtep.statistics().events['mssClamped'], 0);
  host.vtep.set({ mssclamp: 1200 });
  t.same([sent(host), received(host)], [1200, 1200]);
  t.equal(host.vtep.statistics().events['mssClamped'], 2);
  host.vtep.set({ mssclamp: 'auto' });
  t.same([sent(host), received(host)], [1410, 1410], 'a path of 1500');
  host.vtep.set({ mssclamp: 'off' });
  t.same([sent(host), received(host)], [1460, 1460]);
});

t.test('auto is what the interface and the narrowest path carry', async (t) => {
  const host = new MemoryHost({ remote: PEER, mssclamp: 'auto', mtu: 1400 });
  t.equal(sent(host), 1360, 'the interface');
  host.system.paths.set(OTHER, 1300);
  host.vtep.fdb.set({ verb: 'add', mac: '02:00:00:00:02:09', dst: OTHER });
  t.equal(sent(host), 1210, 'the path');
  host.vtep.fdb.delete({ mac: '02:00:00:00:02:09' });
  host.clock.pass(11);
  host.engine.poll();
  t.equal(sent(host), 1360);
});

t.test('a clamped frame is otherwise as it was', async (t) => {
  const host = new MemoryHost({ remote: PEER, mssclamp: 1410 });
  const expected = SYN.slice();
  expected.set(hex('e7c4 0000 0204 0582'), 50);
  t.same(inner(host.send(SYN)[0]), expected);
  t.same(host.arrive(swap(SYN)), [swap(expected)]);
});

function swap(frame: Uint8Array): Uint8Array {
  const other = frame.slice();
  other.set(frame.subarray(6, 12), 0);
  other.set(frame.subarray(0, 6), 6);
  return other;
}
