/** The first generation of Flannel and the step after it: nothing, or only the FDB, is installed ahead; misses are answered. */
import t from 'tap';
import { FlannelLab, flannelMissing } from '../support/flannel/flannel-lab.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());

for (const mode of ['neigh-miss', 'miss'] as const)
  t.test(`--mode ${mode}`, why ? { skip: why } : { timeout: 90_000 }, async (t) => {
    const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep']);
    const [a, b] = flannel.hosts as [Host, Host];
    try {
      for (const host of [a, b]) await flannel.join(host, [`--mode=${mode}`]);
      const { subnet } = (await flannel.status(b)).lease!;
      const known = async (): Promise<boolean> =>
        (await flannel.status(a)).peers.some(({ ipv4 }) => ipv4?.subnet === subnet);
      t.ok(await soon(known));
      const neighbours = (): Promise<{ dst: string; lladdr?: string; state: string[] }[]> =>
        a.namespace.ipJson('neigh show dev flannel.1');
      t.same(await neighbours(), [], 'no neighbour is installed ahead');
      t.equal((await a.fdb('flannel.1')).length, mode === 'miss' ? 0 : 1, 'FDB entries ahead');

      const [guestA, guestB] = [await flannel.guest(a), await flannel.guest(b)];
      const ping = await guestA.ping(guestB.address, { count: 10, interval: 50_000 });
      t.equal(ping.received, 10, `none is lost, the first neither: ${JSON.stringify(ping)}`);
      const [neighbour] = (await neighbours()).filter(({ dst }) => dst === guestB.address);
      const { mac } = (await flannel.status(b)).devices[0]!;
      t.match(neighbour, { lladdr: mac }, 'the container’s address has the MAC of its host');
      t.notMatch(neighbour!.state, ['PERMANENT'], 'and ages');
      const [entry] = await a.fdb('flannel.1');
      t.match(entry, { mac, dst: b.address });
      t.equal(entry!.state === 'permanent', mode === 'neigh-miss', 'so does an answered FDB entry');

      const nobody = subnet!.replace(/\d+\.0\/24$/, '252.9');
      t.equal((await guestA.ping(nobody, { count: 3, interval: 10_000, timeout: 300 })).received, 0);
      const { misses } = await flannel.status(a);
      t.ok(
        misses!['l3']! >= 1 && misses!['answered']! >= 1 && misses!['unknown']! >= 1,
        JSON.stringify(misses),
      );
      t.ok((await guestB.streamTo(guestA, { megabytes: 1, mode: 'check' })).ok, 'TCP the other way');

      if (mode === 'miss') {
        const other = guestB.address.replace(/\.4$/, '.5');
        await guestB.namespace.ip(`addr add ${other}/24 dev eth0`);
        const settings = '/proc/sys/net/ipv4/neigh/flannel.1';
        const byArp = `echo 0 >${settings}/app_solicit; echo 3 >${settings}/mcast_solicit`;
        await a.namespace.exec(['sh', '-c', byArp]);
        const asked = await guestA.ping(other, { count: 5, interval: 50_000 });
        t.equal(
          asked.received,
          5,
          `asked by ARP, which the proxy takes for a miss: ${JSON.stringify(asked)}`,
        );
      }

      const key = (await flannel.status(b)).lease!.key;
      await flannel.leave(b);
      await flannel.etcd.remove(`subnets/${key}`);
      const gone = async (): Promise<boolean> =>
        (await neighbours()).every(({ dst, lladdr }) => dst !== guestB.address || lladdr === undefined);
      t.ok(await soon(gone), 'what was answered of a host that left goes');
    } finally {
      await flannel.close();
    }
  });
