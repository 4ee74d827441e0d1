/**
 * kill -9 of etcd, of `vtep flannel` and of the data-plane daemon, in every order, under traffic: known peers are reached
 * all the time, except while the data-plane daemon itself is down.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { entriesOf, FlannelLab, flannelMissing } from '../support/flannel/flannel-lab.js';
import type { Guest } from '../support/lab/guest.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());
/** Pings a second. */
const RATE = 100;

/** Pings all the while `act` goes on, and a little longer; how many were sent and lost. */
async function under(
  from: Guest,
  to: Guest,
  act: () => Promise<void>,
): Promise<{ sent: number; lost: number }> {
  let received = 0;
  const ping = from.startPing(to.address, { count: 100_000, interval: 1e6 / RATE }, (line) => {
    if (/time=|bytes from/.test(line)) received++;
  });
  const began = performance.now();
  await act();
  await sleep(200);
  const sent = Math.floor(((performance.now() - began) * RATE) / 1000);
  await sleep(100);
  await ping.stop();
  return { sent, lost: Math.max(0, sent - received) };
}

t.test('who may die', why ? { skip: why } : { timeout: 90_000 }, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep']);
  const { etcd } = flannel;
  const [a, b, c] = flannel.hosts as [Host, Host, Host];
  try {
    for (const host of [a, b, c]) await flannel.join(host);
    const [guestA, guestB] = [await flannel.guest(a), await flannel.guest(b)];
    const ready = async (): Promise<boolean> =>
      (await guestA.ping(guestB.address, { count: 3, interval: 10_000 })).received === 3;
    t.ok(await soon(ready));

    const isInPlace = async (): Promise<boolean> => String(await entriesOf(a).catch(() => '')) === '2,2,2';
    /** When the data-plane daemon was killed, and when another had everything in place. */
    const down = { from: 0, to: 0 };
    const kill = {
      etcd: () => etcd.kill(),
      flannel: async () => void (await flannel.leave(a, 'SIGKILL')),
      daemon: async () => {
        process.kill((await a.daemon().daemon()).pid, 'SIGKILL');
        down.from = performance.now();
      },
    };
    type Victim = keyof typeof kill;
    const rest = (victims: readonly Victim[]): Victim[] =>
      (Object.keys(kill) as Victim[]).filter((victim) => !victims.includes(victim));
    const orders = rest([]).flatMap((one) => [
      [one],
      ...rest([one]).flatMap((two) => [[one, two], ...rest([one, two]).map((three) => [one, two, three])]),
    ]);
    t.equal(orders.length, 15, 'one, two or all three of them, in every order');
    for (const order of orders) {
      down.from = down.to = 0;
      const { mac } = (await flannel.status(a)).devices[0]!;
      const { sent, lost } = await under(guestA, guestB, async () => {
        for (const victim of order) {
          await kill[victim]();
          await sleep(50);
        }
        if (order.includes('etcd')) await etcd.start();
        if (order.includes('flannel')) await flannel.join(a);
        t.ok(await soon(isInPlace), 'all entries are in place');
        if (down.from > 0) down.to = performance.now();
      });
      // A ping is lost if it, or its reply, meets no daemon; the first ones after that may find no ARP entry of a guest.
      const isDown = down.from > 0;
      const allowed = isDown ? ((down.to - down.from) * RATE) / 1000 + 10 : 1;
      const name = order.join(', then ');
      t.comment(`killed: ${name}: ${lost} of ${sent} pings lost${isDown ? ', the data plane was down' : ''}`);
      t.ok(lost <= allowed, `${name}: ${lost} of ${sent} pings lost, at most ${Math.floor(allowed)} may be`);
      t.equal((await flannel.status(a)).devices[0]!.mac, mac, 'the MAC is the one the peers know');
      t.ok(await soon(ready), 'the peer is reached');
    }
  } finally {
    await flannel.close();
  }
});

t.test('peers that went while it was down', why ? { skip: why } : { timeout: 90_000 }, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep']);
  const { etcd } = flannel;
  const [a] = flannel.hosts as [Host];
  const lease = (n: number): string =>
    `{"PublicIP":"192.168.100.${100 + n}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:01:0${n}"}}`;
  try {
    await flannel.join(a);
    for (const n of [1, 2, 3]) await etcd.put(`subnets/10.5.${200 + n}.0-24`, lease(n));
    t.ok(await soon(async () => String(await entriesOf(a)) === '3,3,3'));
    await flannel.leave(a, 'SIGKILL');
    await etcd.remove('subnets/10.5.201.0-24');
    await etcd.put('subnets/10.5.202.0-24', lease(4));
    await flannel.join(a);
    t.ok(await soon(async () => String(await entriesOf(a)) === '2,2,2'), `${await entriesOf(a)}`);
    const macs = (await a.fdb('flannel.1')).map(({ mac }) => mac).sort();
    t.same(
      macs,
      ['02:00:00:00:01:03', '02:00:00:00:01:04'],
      'neither the one that went nor the old MAC is left',
    );

    await etcd.kill();
    await etcd.start();
    await etcd.put('subnets/10.5.204.0-24', lease(5));
    t.ok(await soon(async () => String(await entriesOf(a)) === '3,3,3'), 'the watch goes on after a restart');
  } finally {
    await flannel.close();
  }
});
