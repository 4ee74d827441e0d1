/**
 * A host with the kernel's device, programmed by the commands flanneld's calls amount to, beside two of ours: each side
 * reaches the other, and what is on the wire is Flannel's.
 */
import t from 'tap';
import { entriesOf, FlannelLab, flannelMissing } from '../support/flannel/flannel-lab.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep', 'kernel']) || (await flannelMissing());
const MAC = 'b2:56:42:b5:e6:fc';
const macAt = (frame: Buffer, at: number): string =>
  [...frame.subarray(at, at + 6)].map((octet) => octet.toString(16).padStart(2, '0')).join(':');

t.test('beside a host with the kernel’s device', why ? { skip: why } : { timeout: 90_000 }, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'kernel', 'uvtep']);
  const [a, k, c] = flannel.hosts as [Host, Host, Host];
  try {
    await flannel.join(a);
    await flannel.join(c);
    const ip = (words: string) => k.namespace.ip(words);
    await ip(
      `link add flannel.1 address ${MAC} mtu 1450 type vxlan id 1 dev eth0 local ${k.address} dstport 8472 nolearning`,
    );
    await ip('addr add 10.5.253.0/32 dev flannel.1');
    await ip('link set flannel.1 up');
    await flannel.etcd.put(
      'subnets/10.5.253.0-24',
      `{"PublicIP":"${k.address}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${MAC}"}}`,
    );
    for (const [key, value] of await flannel.etcd.leases()) {
      const lease = JSON.parse(value) as { PublicIP: string; BackendData: { VtepMAC: string } };
      if (lease.PublicIP === k.address) continue;
      const subnet = key.replace('-', '/');
      const first = subnet.split('/')[0]!;
      await ip(`neigh replace ${first} lladdr ${lease.BackendData.VtepMAC} dev flannel.1 nud permanent`);
      await k.vtep(`fdb add ${lease.BackendData.VtepMAC} dst ${lease.PublicIP} dev flannel.1 self permanent`);
      await ip(`route replace ${subnet} via ${first} dev flannel.1 onlink`);
    }
    await ip('addr add 10.5.253.1/24 dev cni0');
    const guestK = await k.guest({ address: '10.5.253.4/24', gateway: '10.5.253.1' }, { bridge: 'cni0' });
    const guestA = await flannel.guest(a);
    const ready = async (): Promise<boolean> => String(await entriesOf(a)) === '2,2,2';
    t.ok(await soon(ready), `ours has both peers: ${await entriesOf(a)}`);

    const wire = await k.sniff('eth0', { port: 8472 });
    t.equal(
      (await guestA.ping(guestK.address, { count: 5, interval: 10_000 })).received,
      5,
      'ours to the kernel',
    );
    t.equal((await guestK.ping(guestA.address, { count: 5, interval: 10_000 })).received, 5, 'and back');
    const frames = (await wire.stopVxlan()).filter(({ ethertype }) => ethertype === 0x0800);
    t.ok(frames.length >= 20, 'requests and replies');
    const macA = (await flannel.status(a)).devices[0]!.mac;
    for (const frame of frames)
      t.match(
        [frame.vni, ...[macAt(frame.inner, 0), macAt(frame.inner, 6)].sort()],
        [1, ...[MAC, macA].sort()],
        'VNI 1, from VTEP to VTEP',
      );
    t.ok((await guestA.streamTo(guestK, { megabytes: 3, mode: 'check' })).ok, 'TCP to the kernel');
    t.ok((await guestK.streamTo(guestA, { megabytes: 3, mode: 'check' })).ok, 'TCP from it');
  } finally {
    await flannel.close();
  }
});
