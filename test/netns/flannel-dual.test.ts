/** Both families: two devices with MACs of their own, two of each entry, the smaller MTU in subnet.env. */
import t from 'tap';
import { DUAL, entriesOf, FlannelLab, flannelMissing } from '../support/flannel/flannel-lab.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());

t.test('dual stack', why ? { skip: why } : { timeout: 90_000 }, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep'], DUAL);
  const [a, b] = flannel.hosts as [Host, Host];
  try {
    await flannel.join(a);
    await flannel.join(b);
    const [[key, value]] = [...(await flannel.etcd.leases())] as [[string, string]];
    t.match(key, /^10\.5\.\d+\.0-24&fd05:0:0:[0-9a-f]+::-64$/);
    t.match(
      value,
      /^\{"PublicIP":"[\d.]+","PublicIPv6":"fd00:100::[23]","BackendType":"vxlan","BackendData":\{"VNI":1,"VtepMAC":"([0-9a-f:]{17})"\},"BackendV6Data":\{"VNI":1,"VtepMAC":"(?!\1)[0-9a-f:]{17}"\}\}$/,
    );
    t.match(flannel.env(a), {
      FLANNEL_IPV6_NETWORK: 'fd05::/56',
      FLANNEL_IPV6_SUBNET: /^fd05:0:0:[0-9a-f]+::1\/64$/,
      FLANNEL_MTU: '1430',
    });
    for (const dev of ['flannel.1', 'flannel-v6.1']) {
      const ready = async (): Promise<boolean> => String(await entriesOf(a, dev)) === '1,1,1';
      t.ok(await soon(ready), `${dev}: ${await entriesOf(a, dev)}`);
    }
    const [guestA, guestB] = [await flannel.guest(a), await flannel.guest(b)];
    t.equal((await guestA.ping(guestB.address, { count: 3, interval: 10_000 })).received, 3, 'IPv4');
    const address6 = flannel.env(b)['FLANNEL_IPV6_SUBNET']!.replace(/::1\/64$/, '::4');
    const reached = async (): Promise<boolean> =>
      (await guestA.ping(address6, { count: 3, interval: 10_000 })).received === 3;
    t.ok(await soon(reached), 'IPv6');
    t.ok((await guestA.streamTo(guestB, { megabytes: 1, mode: 'check' }, address6)).ok, 'TCP over IPv6');
  } finally {
    await flannel.close();
  }
});
