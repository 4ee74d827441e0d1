/**
 * Walk-through 1 with `hold`: misses are answered by a program that listens to the daemon, and no packet is lost for them.
 *
 *   guest 10.20.1.4 --- br0 --- vtep0 ~~~~ VNI 1 ~~~~ vtep0 --- br0 --- guest 10.20.1.3
 *             host a, which is told what it misses           host b, which knows guest a
 */
import type { MonitorStream } from '../../../../lib/control/client.js';
import type { Host } from '../host.js';
import type { Lab } from '../lab.js';
import { GUEST_A, GUEST_B } from './misses-answered.js';
import type { Witness } from './witness.js';

const TARGET = '10.20.1.3';

async function layOut(host: Host, guest: typeof GUEST_A, hold: string): Promise<void> {
  await host.bridge();
  await host.guest(guest);
  await host.vtep(
    `link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy l2miss l3miss${hold}`,
  );
  await host.namespace.ip('link set vtep0 master br0');
  await host.namespace.ip('link set vtep0 up');
}

/** Answers what `a` misses of guest b, with entries that replace those it has. */
async function respond(a: Host, b: Host): Promise<MonitorStream> {
  const client = a.daemon();
  return await client.monitor(['miss'], (event) => {
    if (event.type !== 'miss') return;
    if (event.layer === 2) {
      if (event.lladdr === GUEST_B.mac)
        void client.setFdb('vtep0', { verb: 'replace', mac: GUEST_B.mac, dst: b.address });
    } else if (event.dst === TARGET) {
      void client.setNeighbour('vtep0', { verb: 'replace', dst: TARGET, lladdr: GUEST_B.mac });
    }
  });
}

/** Forgets what `a` and its guest know of guest b. */
async function forget(a: Host): Promise<void> {
  await a.daemon().flushFdb('vtep0');
  await a.daemon().flushNeighbours('vtep0', { state: 'permanent' });
  await a.guests[0]!.namespace.ip('neigh flush dev eth0');
}

export async function held(lab: Lab, witness: Witness): Promise<void> {
  const [a, b] = lab.hosts as [Host, Host];
  await layOut(a, GUEST_A, ' hold 1024');
  await layOut(b, GUEST_B, '');
  await b.vtep(`neigh add 10.20.1.4 lladdr ${GUEST_A.mac} dev vtep0`);
  await b.vtep(`fdb add ${GUEST_A.mac} dst ${a.address} dev vtep0`);
  const stream = await respond(a, b);
  const [near, far] = [a.guests[0]!, b.guests[0]!];
  const counts = async () => {
    const { reasons, events } = await a.daemon().statistics('vtep0');
    return {
      held: events['held']!,
      released: events['released']!,
      dropped: reasons['no_tx_target']!,
      asked: reasons['arp_unknown']!,
    };
  };

  witness.step('hold: guest a pings a stranger');
  const first = await near.ping(TARGET, { count: 5 });
  witness.check(first.received === 5, 'no ping is lost', first);
  witness.check(first.rtt_us.max < 900_000, 'and none waits for a second ARP request', first.rtt_us);
  const kept = await counts();
  witness.check(kept.released >= 2, 'ARP request and ping were held', kept);
  witness.check(kept.dropped === 0 && kept.asked === 0, 'none was dropped', kept);

  witness.step('a stream to a stranger');
  await forget(a);
  const sent = await near.datagramsTo(far, { count: 2000, kpps: 2 }, TARGET);
  witness.check(sent.lost === 0, 'none is lost', sent);
  witness.check(sent.reordered === 0 && sent.duplicated === 0, 'each in its place', sent);

  witness.step('without hold');
  await a.vtep('link set vtep0 type vxlan hold 0');
  await forget(a);
  await near.namespace.ip(`neigh replace ${TARGET} lladdr ${GUEST_B.mac} dev eth0`);
  const lost = await near.ping(TARGET, { count: 5 });
  witness.check(lost.received < 5, 'the first ping is lost', lost);
  witness.check(lost.received >= 3, 'and the last ones are not', lost);
  stream.close();

  witness.step('limits and time');
  await a.vtep('link set vtep0 type vxlan hold 2 holdtime 200');
  await a.daemon().flushFdb('vtep0');
  const before = await a.daemon().statistics('vtep0');
  await near.ping(TARGET, { count: 5, interval: 10_000, timeout: 600 });
  const after = await a.daemon().statistics('vtep0');
  const more = (reason: string): number => after.reasons[reason]! - before.reasons[reason]!;
  witness.check(more('hold_full') === 3, 'two wait, three find no room', after.reasons);
  // Guests solicit their own IPv6 addresses now and then, which waits as well.
  witness.check(more('hold_timeout') >= 2, 'and nobody answers', after.reasons);
}
