/** Datagrams longer than the underlay's MTU. This thread lives in a namespace whose loopback has an MTU of 1400. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { EXTRA } from '../../lib/memory/batch.js';
import { EMSGSIZE } from '../../lib/native/errno.js';
import { load } from '../../lib/native/shim.js';
import { Burst, counting, LOOPBACK4, LOOPBACK6, needsRoot, receiveAll } from './burst.js';

const shim = load();

t.test('with root', { skip: needsRoot }, async (t) => {
  const name = `vt${process.pid}-mtu`;
  const ip = (...words: string[]) => execFileSync('ip', words, { stdio: 'pipe' });
  ip('netns', 'add', name);
  const remove = () => ip('netns', 'del', name);
  process.once('exit', remove);
  t.teardown(() => {
    process.removeListener('exit', remove);
    remove();
  });
  shim.setNamespace(`/run/netns/${name}`);
  shim.interfaceSet('lo', { mtu: 1400, up: true });

  for (const [family, peer] of [
    [4, LOOPBACK4],
    [6, LOOPBACK6],
  ] as const) {
    for (const mtuDiscover of ['dont', 'do'] as const) {
      t.test(`IPv${family}, ${mtuDiscover}: a run too long for its path`, async (t) => {
        const receiver = shim.udpOpen({
          family,
          port: 0,
          address: Int32Array.from(peer),
          receiveBuffer: 1 << 20,
        });
        const sender = shim.udpOpen({ family, port: 0, mtuDiscover, receiveErrors: true });
        t.teardown(() => [receiver, sender].forEach((fd) => shim.close(fd)));
        const burst = new Burst();
        const to = { port: sender, peer, peerPort: shim.udpPort(receiver) };
        const sizes = [1000, 1000, 1450, 1450, 1450, 1000];
        sizes.forEach((size, i) => burst.putFrame(i, counting(size, i), to));
        shim.udpTransmit(burst.bytes, burst.words, 0, sizes.length);
        const fits = mtuDiscover === 'dont' ? sizes : sizes.filter((size) => size < 1400);
        t.same(
          burst.column('status', 6),
          sizes.map((size) => (fits.includes(size) ? 0 : EMSGSIZE)),
        );
        const lengths = receiveAll(shim, receiver).map(({ length }) => length - 8);
        t.same(lengths, fits, 'fragmented on the way, or refused; the rest in order');
        if (mtuDiscover === 'dont') return;
        t.ok(shim.udpErrors(sender, burst.words, 64) > 0);
        t.equal(burst.batch.get(EXTRA, 0), 1400);
      });
    }
  }
});
