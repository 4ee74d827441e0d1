/** Misses told once, and no more than so many a second; without the options each of them, as by the kernel. */
import t from 'tap';
import { MemoryHost, NEAR } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const mac = (n: number): string => `02:00:00:00:03:${String(n).padStart(2, '0')}`;
const to = (n: number): Uint8Array => udpFrame(mac(n), NEAR);

t.test('each frame is a miss unless said otherwise', async (t) => {
  const host = new MemoryHost({ l2miss: true });
  host.send(to(1), to(1), to(1));
  t.equal(host.misses().length, 3);
  t.equal(host.vtep.statistics().events['missSuppressed'], 0);
});

t.test('missinterval: told once in so many seconds, each address by itself', async (t) => {
  const host = new MemoryHost({ l2miss: true, missinterval: 5 });
  host.send(to(1), to(1), to(2), to(1));
  t.same(host.misses(), [`miss ${mac(1)}`, `miss ${mac(2)}`]);
  host.clock.pass(4.9);
  host.send(to(1));
  t.same(host.misses(), []);
  host.clock.pass(0.1);
  host.send(to(1), to(1));
  t.same(host.misses(), [`miss ${mac(1)}`]);
  t.match(host.vtep.statistics().events, { l2Miss: 7, missSuppressed: 4 });
});

t.test('missrate: so many a second', async (t) => {
  const host = new MemoryHost({ l2miss: true });
  host.vtep.set({ missrate: 3 });
  host.send(...Array.from({ length: 10 }, (_, i) => to(i)));
  t.equal(host.misses().length, 3);
  host.clock.pass(1);
  host.send(to(11), to(12));
  t.equal(host.misses().length, 2);
  host.vtep.set({ missrate: 0 });
  host.send(...Array.from({ length: 10 }, (_, i) => to(i)));
  t.equal(host.misses().length, 10);
});

t.test('a miss that the rate suppressed counts as not told', async (t) => {
  const host = new MemoryHost({ l2miss: true, missrate: 1, missinterval: 60 });
  host.send(to(1), to(2));
  t.same(host.misses(), [`miss ${mac(1)}`]);
  host.clock.pass(1);
  host.send(to(2));
  t.same(host.misses(), [`miss ${mac(2)}`]);
});
