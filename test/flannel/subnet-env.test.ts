import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { formatSubnetEnv, readSubnetEnv, writeSubnetEnv } from '../../lib/flannel/subnet-env.js';

const DUAL = `FLANNEL_NETWORK=10.5.0.0/16
FLANNEL_SUBNET=10.5.100.1/24
FLANNEL_IPV6_NETWORK=fd05::/56
FLANNEL_IPV6_SUBNET=fd05:0:0:29::1/64
FLANNEL_MTU=1430
FLANNEL_IPMASQ=false
`;
const both = {
  network: '10.5.0.0/16',
  subnet: '10.5.100.1/24',
  ipv6Network: 'fd05::/56',
  ipv6Subnet: 'fd05:0:0:29::1/64',
  mtu: 1430,
};

t.test('as flanneld writes it', async (t) => {
  t.equal(formatSubnetEnv(both), DUAL);
  t.equal(
    formatSubnetEnv({ ...both, ipv6Network: undefined, ipv6Subnet: undefined, mtu: 1450 }),
    'FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.100.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n',
    'without IPv6 its lines are left out',
  );
});

t.test('written whole, read back', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vt-env-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'run', 'flannel', 'subnet.env');
  t.same(readSubnetEnv(path), {}, 'none yet');
  writeSubnetEnv(path, both);
  t.equal(readFileSync(path, 'utf8'), DUAL);
  t.equal(statSync(path).mode & 0o777, 0o644);
  t.same(readdirSync(join(directory, 'run', 'flannel')), ['subnet.env'], 'nothing else is left');
  t.same(readSubnetEnv(path), { subnet: '10.5.100.1/24', ipv6Subnet: 'fd05:0:0:29::1/64' });
  writeFileSync(path, 'rubbish');
  t.same(readSubnetEnv(path), { subnet: undefined, ipv6Subnet: undefined });
  writeFileSync(join(directory, 'file'), '');
  t.throws(() => writeSubnetEnv(join(directory, 'file', 'subnet.env'), both), {
    code: 'ERR_VTEP_SYSTEM',
    message: /cannot write .*: (ENOTDIR|EEXIST); name another file in --subnet-file/,
  });
});
