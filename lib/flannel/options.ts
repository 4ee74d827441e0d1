/**
 * The flags of `vtep flannel`: flanneld's names and meanings, one dash or two, `--name value` or `--name=value`, or the
 * environment variable FLANNELD_NAME that flanneld reads too. What flanneld has and this has not is refused with the reason,
 * except where leaving it out changes nothing.
 */
import { parseArgs } from 'node:util';
import { VtepError } from '../errors.js';

export type Mode = 'static' | 'neigh-miss' | 'miss';

export interface FlannelOptions {
  etcdEndpoints: string[];
  etcdPrefix: string;
  etcdKeyfile: string | undefined;
  etcdCertfile: string | undefined;
  etcdCafile: string | undefined;
  etcdUsername: string | undefined;
  etcdPassword: string | undefined;
  /** Name or address of an interface, the first that exists; [] = that of the default route. */
  iface: string[];
  publicIp: string | undefined;
  publicIpv6: string | undefined;
  subnetFile: string;
  /** Minutes before the end of a lease at which it is renewed, 1 to 1439. */
  subnetLeaseRenewMargin: number;
  kubeSubnetMgr: boolean;
  kubeApiUrl: string | undefined;
  kubeconfigFile: string | undefined;
  kubeAnnotationPrefix: string;
  setNodeNetworkUnavailable: boolean;
  netConfigPath: string;
  mode: Mode;
  assumeVxlan: boolean;
}

interface Flag {
  name: string;
  /** What stands for its value in help; absent: true or false. */
  takes?: string;
  /** As it would be typed. */
  default?: string;
  help: string;
  read?: (text: string) => unknown;
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

const RENEW_MARGIN_MAX = 1439;

function minutes(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= RENEW_MARGIN_MAX) return value;
  throw wrong('subnet-lease-renew-margin', text, `minutes, 1 to ${RENEW_MARGIN_MAX}`);
}

const MODES: readonly Mode[] = ['static', 'neigh-miss', 'miss'];

function mode(text: string): Mode {
  const found = MODES.find((known) => known === text);
  if (found) return found;
  throw wrong('mode', text, MODES.join(', '));
}

/** In the order of help. */
export const FLAGS: readonly Flag[] = [
  {
    name: 'etcd-endpoints',
    takes: 'URL,…',
    default: 'http://127.0.0.1:2379',
    read: list,
    help: 'etcd, each member',
  },
  { name: 'etcd-prefix', takes: 'KEY', default: '/coreos.com/network', help: 'where the network is in etcd' },
  { name: 'etcd-cafile', takes: 'FILE', help: 'certificate of the authority that signed etcd’s, PEM' },
  { name: 'etcd-certfile', takes: 'FILE', help: 'own certificate for etcd, PEM' },
  { name: 'etcd-keyfile', takes: 'FILE', help: 'key of that certificate, PEM' },
  { name: 'etcd-username', takes: 'NAME', help: 'user for etcd' },
  { name: 'etcd-password', takes: 'WORD', help: 'their password; better in FLANNELD_ETCD_PASSWORD' },
  {
    name: 'kube-subnet-mgr',
    default: 'false',
    help: 'subnets are those of the cluster’s nodes; etcd is not asked',
  },
  { name: 'kube-api-url', takes: 'URL', help: 'the API server; default: of the pod, or of the kubeconfig' },
  { name: 'kubeconfig-file', takes: 'FILE', help: 'how to reach the API server from outside a pod' },
  {
    name: 'kube-annotation-prefix',
    takes: 'NAME',
    default: 'flannel.alpha.coreos.com',
    help: 'of the nodes’ annotations',
  },
  {
    name: 'set-node-network-unavailable',
    default: 'true',
    help: 'clear the node’s NetworkUnavailable condition',
  },
  {
    name: 'net-config-path',
    takes: 'FILE',
    default: '/etc/kube-flannel/net-conf.json',
    help: 'its configuration, with nodes',
  },
  {
    name: 'iface',
    takes: 'NAME|IP,…',
    default: '',
    read: list,
    help: 'the underlay, the first that exists; default: where the default route leads',
  },
  { name: 'public-ip', takes: 'IP', help: 'where peers reach this host; default: the address of iface' },
  { name: 'public-ipv6', takes: 'IP', help: 'the same, IPv6' },
  { name: 'subnet-file', takes: 'FILE', default: '/run/flannel/subnet.env', help: 'what CNI reads' },
  {
    name: 'subnet-lease-renew-margin',
    takes: 'MINUTES',
    default: '60',
    read: minutes,
    help: 'before the end of the lease',
  },
  {
    name: 'mode',
    takes: 'MODE',
    default: 'static',
    read: mode,
    help: 'static: all ahead; neigh-miss: FDB ahead; miss: nothing',
  },
  {
    name: 'assume-vxlan',
    default: 'false',
    help: 'a configuration without a Backend means vxlan; to flanneld it means udp',
  },
];

/** Of flanneld; a value that asks for nothing is let pass. */
const REFUSED: Record<string, { harmless: readonly string[]; because: string }> = {
  'ip-masq': {
    harmless: ['false'],
    because: 'the bridge plugin of CNI masquerades by itself where subnet.env says FLANNEL_IPMASQ=false',
  },
  'iface-regex': { harmless: [''], because: 'name the interfaces in --iface, separated by commas' },
  'healthz-port': { harmless: ['0'], because: '`vtep flannel status` tells how it is' },
  'iface-can-reach': { harmless: [''], because: 'name the interface in --iface' },
};
/** Of flanneld; without meaning here, whatever their value. */
const IGNORED = [
  'v',
  'vmodule',
  'logtostderr',
  'alsologtostderr',
  'stderrthreshold',
  'log_backtrace_at',
  'healthz-ip',
];

/** Those of both lists that are true or false. */
const SWITCHES = ['ip-masq', 'logtostderr', 'alsologtostderr'];

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
export const variableOf = (name: string): string => `FLANNELD_${name.replaceAll('-', '_').toUpperCase()}`;

function wrong(name: string, text: string, expected: string): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', `--${name} ${JSON.stringify(text)}; expected ${expected}`, {
    errno: 'EINVAL',
    word: text,
  });
}

function bool(name: string, text: string): boolean {
  const value = { true: true, t: true, 1: true, false: false, f: false, 0: false }[text.toLowerCase()];
  if (value === undefined) throw wrong(name, text, 'true or false');
  return value;
}

const isSwitch = (name: string): boolean =>
  FLAGS.some((flag) => flag.name === name && flag.takes === undefined) || SWITCHES.includes(name);

/** Go's spelling as parseArgs wants it: two dashes, and `=` before each value, which may begin with a dash. */
function spelled(args: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    const [, name, value] = /^--?([a-z][\w-]*)(=.*)?$/s.exec(word) ?? [];
    if (name === undefined) words.push(word);
    else if (value !== undefined) words.push(`--${name}${value}`);
    else if (isSwitch(name)) words.push(`--${name}=true`);
    else if (at + 1 < args.length) words.push(`--${name}=${args[++at]}`);
    else words.push(`--${name}`);
  }
  return words;
}

function given(args: readonly string[]): Record<string, string | undefined> {
  const names = [...FLAGS.map(({ name }) => name), ...Object.keys(REFUSED), ...IGNORED];
  try {
    const { values } = parseArgs({
      args: spelled(args),
      options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
      strict: true,
      allowPositionals: false,
    });
    return values as Record<string, string | undefined>;
  } catch (cause) {
    const { message } = cause as Error;
    const said = message.split('. ')[0]!;
    throw new VtepError('ERR_VTEP_ARGUMENT', `${said}; \`vtep flannel help\` lists the flags`, {
      errno: 'EINVAL',
      cause,
    });
  }
}

/** What contradicts what. */
function check(options: FlannelOptions): void {
  if (options.etcdCertfile !== undefined && options.etcdKeyfile === undefined)
    throw wrong('etcd-certfile', options.etcdCertfile, '--etcd-keyfile beside it');
  if (options.etcdKeyfile !== undefined && options.etcdCertfile === undefined)
    throw wrong('etcd-keyfile', options.etcdKeyfile, '--etcd-certfile beside it');
  if (options.etcdPassword !== undefined && options.etcdUsername === undefined)
    throw new VtepError('ERR_VTEP_ARGUMENT', '--etcd-password without --etcd-username', { errno: 'EINVAL' });
  if (!options.kubeSubnetMgr && options.etcdEndpoints.length === 0)
    throw wrong('etcd-endpoints', '', 'at least one URL');
}

/**
 * Reads the flags.
 * @throws {VtepError} ERR_VTEP_ARGUMENT: which flag, and what was expected
 * @example readOptions(['--etcd-endpoints=http://10.0.0.5:2379', '--iface', 'eth1'], process.env)
 */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): FlannelOptions {
  const values = given(args);
  for (const [name, { harmless, because }] of Object.entries(REFUSED)) {
    const text = values[name] ?? env[variableOf(name)];
    if (text !== undefined && !harmless.includes(text))
      throw new VtepError('ERR_VTEP_UNSUPPORTED', `--${name} is not done here: ${because}`, {
        errno: 'EOPNOTSUPP',
        word: name,
      });
  }
  const options: Record<string, unknown> = {};
  for (const { name, takes, read, ...flag } of FLAGS) {
    const text = values[name] ?? env[variableOf(name)] ?? flag.default;
    if (text === undefined) options[camel(name)] = undefined;
    else if (read) options[camel(name)] = read(text);
    else options[camel(name)] = takes === undefined ? bool(name, text) : text;
  }
  const all = options as unknown as FlannelOptions;
  check(all);
  return all;
}
