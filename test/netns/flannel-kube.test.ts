/** `vtep flannel --kube-subnet-mgr`: subnets and peers are those of the cluster's nodes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CONFIG, entriesOf, FlannelLab, flannelMissing } from '../support/flannel/flannel-lab.js';
import type { Host } from '../support/lab/host.js';
import { labMissing, missingFor } from '../support/lab/pairs.js';
import { soon } from '../support/soon.js';

const why = labMissing() || missingFor(['uvtep']) || (await flannelMissing());
const SERVER = fileURLToPath(new URL('../support/flannel/kube-server.js', import.meta.url));

t.test('two nodes of a cluster', why ? { skip: why } : { timeout: 90_000 }, async (t) => {
  const flannel = await FlannelLab.open(['uvtep', 'uvtep', 'uvtep'], '');
  const [a, b] = flannel.hosts as [Host, Host];
  try {
    const nodes = ['a=10.5.1.0/24', 'b=10.5.2.0/24', 'c=10.5.3.0/24'];
    const kube = flannel.lab.wire!.start([process.execPath, SERVER, '192.168.100.1', '8001', ...nodes], {
      input: true,
    });
    await kube.line(/ready/);
    const configFile = join(flannel.lab.runDirectory, 'net-conf.json');
    writeFileSync(configFile, CONFIG);
    const flags = [
      '--kube-subnet-mgr',
      '--kube-api-url=http://192.168.100.1:8001',
      `--net-config-path=${configFile}`,
    ];
    await flannel.join(a, flags, { NODE_NAME: 'a' });
    await flannel.join(b, flags, { NODE_NAME: 'b' });
    t.equal(flannel.env(a)['FLANNEL_SUBNET'], '10.5.1.1/24', 'the subnet is the node’s');
    const ready = async (): Promise<boolean> => String(await entriesOf(a)) === '1,1,1';
    t.ok(await soon(ready), `the other node, and not one without annotations: ${await entriesOf(a)}`);
    const [guestA, guestB] = [await flannel.guest(a), await flannel.guest(b)];
    t.equal((await guestA.ping(guestB.address, { count: 3, interval: 10_000 })).received, 3);

    const { mac } = (await flannel.status(b)).devices[0]!;
    kube.write('node b\n');
    const annotations = JSON.parse(await kube.line(/^\{/)) as Record<string, string>;
    t.match(annotations, {
      'flannel.alpha.coreos.com/backend-data': `{"VNI":1,"VtepMAC":"${mac}"}`,
      'flannel.alpha.coreos.com/backend-type': 'vxlan',
      'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
      'flannel.alpha.coreos.com/public-ip': b.address,
    });
    t.match(await flannel.status(a), {
      registry: { name: /^Kubernetes / },
      lease: { key: 'a', expires: undefined },
    });

    // The device goes with its namespace's daemon; the MAC that the others know does not.
    await flannel.leave(b, 'SIGKILL');
    process.kill((await b.daemon().daemon()).pid, 'SIGKILL');
    await flannel.join(b, flags, { NODE_NAME: 'b' });
    t.equal((await flannel.status(b)).devices[0]!.mac, mac, 'the MAC is read back from the node');

    kube.write('remove b\n');
    t.ok(
      await soon(async () => String(await entriesOf(a)) === '0,0,0'),
      'a node that goes takes its entries with it',
    );
  } finally {
    await flannel.close();
  }
});
