import t from 'tap';
import { VtepError } from '../../lib/errors.js';
import { FLAGS, readOptions, variableOf } from '../../lib/flannel/options.js';

const fault = (args: string[], env: Record<string, string> = {}): VtepError => {
  try {
    readOptions(args, env);
  } catch (error) {
    if (error instanceof VtepError) return error;
    throw error;
  }
  throw new Error(`${args.join(' ')} was taken`);
};

t.test('defaults are flanneld’s', async (t) => {
  t.match(readOptions([], {}), {
    etcdEndpoints: ['http://127.0.0.1:2379'],
    etcdPrefix: '/coreos.com/network',
    etcdUsername: undefined,
    iface: [],
    subnetFile: '/run/flannel/subnet.env',
    subnetLeaseRenewMargin: 60,
    kubeSubnetMgr: false,
    kubeAnnotationPrefix: 'flannel.alpha.coreos.com',
    netConfigPath: '/etc/kube-flannel/net-conf.json',
    setNodeNetworkUnavailable: true,
    mode: 'static',
    assumeVxlan: false,
  });
});

t.test('a flag in each of Go’s spellings', async (t) => {
  for (const args of [
    ['--etcd-prefix=/x'],
    ['-etcd-prefix=/x'],
    ['--etcd-prefix', '/x'],
    ['-etcd-prefix', '/x'],
  ])
    t.equal(readOptions(args, {}).etcdPrefix, '/x', args.join(' '));
  t.equal(readOptions(['--kube-subnet-mgr'], {}).kubeSubnetMgr, true);
  t.equal(readOptions(['-kube-subnet-mgr=true', '--iface', 'eth1'], {}).kubeSubnetMgr, true);
  t.equal(readOptions(['--set-node-network-unavailable=false'], {}).setNodeNetworkUnavailable, false);
  t.same(readOptions(['--etcd-endpoints=http://a:1, http://b:2'], {}).etcdEndpoints, [
    'http://a:1',
    'http://b:2',
  ]);
  t.equal(readOptions(['--etcd-password=a=b', '--etcd-username=u'], {}).etcdPassword, 'a=b');
  t.equal(readOptions(['--etcd-username', '-x'], {}).etcdUsername, '-x', 'a value that begins with a dash');
});

t.test('the environment, and what is typed before it', async (t) => {
  t.equal(variableOf('etcd-endpoints'), 'FLANNELD_ETCD_ENDPOINTS');
  const env = { FLANNELD_IFACE: 'eth7,eth8', FLANNELD_MODE: 'miss', FLANNELD_KUBE_SUBNET_MGR: 'true' };
  t.match(readOptions([], env), { iface: ['eth7', 'eth8'], mode: 'miss', kubeSubnetMgr: true });
  t.equal(readOptions(['--mode=neigh-miss'], env).mode, 'neigh-miss');
});

t.test('what is wrong is named', async (t) => {
  t.match(fault(['--subnet-lease-renew-margin=0']).message, /"0"; expected minutes, 1 to 1439/);
  t.match(fault(['--subnet-lease-renew-margin=1440']).message, /"1440"/);
  t.match(fault([], { FLANNELD_SUBNET_LEASE_RENEW_MARGIN: '6x' }).message, /"6x"/);
  t.match(fault(['--mode=fast']).message, /"fast"; expected static, neigh-miss, miss/);
  t.match(fault(['--kube-subnet-mgr=maybe']).message, /"maybe"; expected true or false/);
  t.match(fault(['--etcd-endpoint=x']).message, /Unknown option '--etcd-endpoint'/);
  t.match(fault(['eth0']).message, /Unexpected argument 'eth0'/);
  t.match(fault(['--etcd-prefix']).message, /argument missing/);
  t.match(fault(['--etcd-certfile=c.pem']).message, /expected --etcd-keyfile beside it/);
  t.match(fault(['--etcd-keyfile=k.pem']).message, /expected --etcd-certfile beside it/);
  t.match(fault(['--etcd-password=x']).message, /without --etcd-username/);
  t.match(fault(['--etcd-endpoints=']).message, /at least one URL/);
});

t.test('what flanneld has besides', async (t) => {
  t.match(fault(['--ip-masq']), { code: 'ERR_VTEP_UNSUPPORTED', message: /bridge plugin/ });
  t.match(fault([], { FLANNELD_IP_MASQ: 'true' }).message, /--ip-masq/);
  t.ok(readOptions(['--ip-masq=false', '-v=10', '--healthz-port', '0', '-logtostderr'], {}));
  t.match(fault(['--iface-regex=eth.*']).message, /--iface/);
});

t.test('every flag has its words for help', async (t) => {
  for (const { name, help } of FLAGS) t.ok(help.length > 0 && /^[a-z0-9-]+$/.test(name), name);
});
