/**
 * A Flannel network of three hosts or more, and a real etcd that all of them reach over the underlay:
 *
 *   wire 192.168.100.1, fd00:100::1: etcd
 *   host a 192.168.100.2 --- flannel.1 --- cni0 10.5.x.1/24 --- guest 10.5.x.4
 *
 * Hosts of ours run `vtep flannel`. A host of the kernel's has a vxlan device that the test programs by the commands that
 * flanneld's calls amount to, and its lease is put by hand.
 */
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askStatus, statusSocket, type FlannelStatus } from '../../../lib/flannel/status.js';
import { Background } from '../lab/background.js';
import { forget, register, type Disposable } from '../lab/cleanup.js';
import { run } from '../lab/command.js';
import { VTEP_MAIN, type Kind } from '../lab/dialect.js';
import type { Guest } from '../lab/guest.js';
import type { Host } from '../lab/host.js';
import { Lab } from '../lab/lab.js';
import type { Namespace } from '../lab/namespace.js';
import { soon } from '../soon.js';

export const PREFIX = '/coreos.com/network';
export const CONFIG = '{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}';
/** Room for thousands of hosts. */
export const LARGE =
  '{"Network":"10.0.0.0/8","SubnetMin":"10.5.0.0","SubnetMax":"10.5.255.0","Backend":{"Type":"vxlan"}}';
export const DUAL =
  '{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd05::/56","Backend":{"Type":"vxlan"}}';
const ETCD = 'http://192.168.100.1:2379';

/** The etcd of the network, in the wire's namespace. */
export class NetworkEtcd implements Disposable {
  readonly #wire: Namespace;
  readonly #directory = mkdtempSync(
    join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `vt${process.pid}-`),
  );
  #process: Background | undefined;

  constructor(wire: Namespace) {
    this.#wire = wire;
    register(this);
  }

  /** Starts it, with the data it had. */
  async start(): Promise<void> {
    const peer = 'http://127.0.0.1:2380';
    this.#process = this.#wire.start([
      ...['etcd', '--data-dir', join(this.#directory, 'data'), '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', ETCD, '--advertise-client-urls', ETCD],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`, '--heartbeat-interval', '10', '--election-timeout', '100'],
    ]);
    const answers = async (): Promise<boolean> =>
      (await this.ctl(['endpoint', 'health'], { allowFailure: true })).code === 0;
    if (!(await soon(answers))) throw new Error(`etcd does not start: ${this.#process.stderr}`);
  }

  /** As a power failure does. */
  async kill(): Promise<void> {
    const pids = this.#wire.pids().filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'etcd';
      } catch {
        return false;
      }
    });
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await this.#process?.ended;
  }

  async ctl(words: readonly string[], options: { allowFailure?: boolean; input?: string } = {}) {
    return await this.#wire.exec(['etcdctl', '--endpoints', ETCD, ...words], {
      quiet: true,
      env: { ETCDCTL_API: '3' },
      ...options,
    });
  }

  async put(key: string, value: string): Promise<void> {
    await this.ctl(['put', `${PREFIX}/${key}`, value]);
  }

  /** A key that goes after so many seconds. */
  async putFor(seconds: number, key: string, value: string): Promise<void> {
    const { stdout } = await this.ctl(['lease', 'grant', String(seconds)]);
    const [, lease] = /^lease ([0-9a-f]+) /.exec(stdout) ?? [];
    await this.ctl(['put', `--lease=${lease}`, `${PREFIX}/${key}`, value]);
  }

  /** Many keys, as few transactions as etcd allows (128 operations each). */
  async putAll(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    for (let at = 0; at < entries.length; at += 128) {
      const puts = entries
        .slice(at, at + 128)
        .map(([key, value]) => `put ${PREFIX}/${key} ${JSON.stringify(value)}`);
      // No conditions, what to do, nothing else: parts end with an empty line.
      await this.ctl(['txn'], { input: `\n${puts.join('\n')}\n\n\n` });
    }
  }

  async remove(key: string): Promise<void> {
    await this.ctl(['del', `${PREFIX}/${key}`]);
  }

  /** Keys below subnets/ with their values. */
  async leases(): Promise<Map<string, string>> {
    const { stdout } = await this.ctl(['get', '--prefix', `${PREFIX}/subnets/`]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    const leases = new Map<string, string>();
    for (let at = 0; at + 1 < lines.length; at += 2)
      leases.set(lines[at]!.slice(`${PREFIX}/subnets/`.length), lines[at + 1]!);
    return leases;
  }

  async dispose(): Promise<void> {
    await this.kill();
    this.disposeNow();
  }

  disposeNow(): void {
    forget(this);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export class FlannelLab {
  readonly lab: Lab;
  readonly etcd: NetworkEtcd;
  readonly #daemons = new Map<Host, Background>();

  private constructor(lab: Lab) {
    this.lab = lab;
    this.etcd = new NetworkEtcd(lab.wire!);
  }

  /** Lays out hosts (three at least) and etcd with a configuration. */
  static async open(hosts: readonly Kind[], config = CONFIG): Promise<FlannelLab> {
    const lab = await Lab.open({ hosts });
    const flannel = new FlannelLab(lab);
    try {
      await lab.wire!.ip('addr add 192.168.100.1/24 dev br0');
      for (const host of lab.hosts) {
        await host.namespace.sysctl('net.ipv4.ip_forward', 1, { quiet: true });
        await host.namespace.sysctl('net.ipv6.conf.all.forwarding', 1, { quiet: true });
        await host.bridge(undefined, {}, 'cni0');
      }
      await flannel.etcd.start();
      if (config !== '') await flannel.etcd.put('config', config);
      return flannel;
    } catch (error) {
      await flannel.close();
      throw error;
    }
  }

  get hosts(): Host[] {
    return this.lab.hosts;
  }

  subnetFile(host: Host): string {
    return join(this.lab.runDirectory, `${host.namespace.name}.env`);
  }

  /** Starts `vtep flannel` on a host; resolves when it has joined. */
  async join(host: Host, flags: readonly string[] = [], env?: Record<string, string>): Promise<Background> {
    const daemon = this.begin(host, flags, env);
    const joined = async (): Promise<boolean> => daemon.stderr.includes('has joined the network');
    if (!(await soon(joined))) throw new Error(`it does not join: ${daemon.stderr}`);
    return daemon;
  }

  /** Starts it, and does not wait. */
  begin(host: Host, flags: readonly string[] = [], env?: Record<string, string>): Background {
    const { name } = host.namespace;
    const own = [`--etcd-endpoints=${ETCD}`, '--iface=eth0', `--subnet-file=${this.subnetFile(host)}`];
    const argv = [process.execPath, VTEP_MAIN, '-n', name, 'flannel', ...own, ...flags];
    const daemon = host.namespace.startCommand(argv, { env });
    this.#daemons.set(host, daemon);
    return daemon;
  }

  /** Ends it; everything it installed stays. */
  async leave(host: Host, signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    const code = await this.#daemons.get(host)!.stop(signal);
    this.#daemons.delete(host);
    return code;
  }

  log(host: Host): string {
    return this.#daemons.get(host)?.stderr ?? '';
  }

  async status(host: Host): Promise<FlannelStatus> {
    process.env['VTEP_RUN_DIR'] = this.lab.runDirectory;
    return await askStatus(statusSocket(host.namespace.name));
  }

  /** subnet.env of a host, by name. */
  env(host: Host): Record<string, string> {
    const lines = readFileSync(this.subnetFile(host), 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
  }

  /** A container on a host, as CNI would make it from subnet.env: the first address is the bridge's. */
  async guest(host: Host): Promise<Guest> {
    const env = this.env(host);
    const gateway = env['FLANNEL_SUBNET']!;
    const inside = gateway.replace(/\.1\//, '.4/');
    await host.namespace.ip(`addr add ${gateway} dev cni0`);
    const guest = await host.guest(
      { address: inside, gateway: gateway.split('/')[0]!, mtu: Number(env['FLANNEL_MTU']) },
      { bridge: 'cni0' },
    );
    const gateway6 = env['FLANNEL_IPV6_SUBNET'];
    if (gateway6 !== undefined) {
      await host.namespace.ip(`addr add ${gateway6} dev cni0 nodad`);
      // A router asks for a neighbour from its link-local address.
      await host.namespace.ip('addr add fe80::1/64 dev cni0 nodad');
      await guest.namespace.ip(`addr add ${gateway6.replace('::1/', '::4/')} dev eth0 nodad`);
      await guest.namespace.ip(`-6 route add default via ${gateway6.split('/')[0]}`);
    }
    return guest;
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons.values()) await daemon.close();
    await this.etcd.dispose();
    await this.lab.close();
  }
}

/** What a host has of its peers on an interface: `[routes, neighbours, FDB entries]`. */
export async function entriesOf(host: Host, dev = 'flannel.1'): Promise<[number, number, number]> {
  const family = dev.includes('v6') ? '-6 ' : '';
  const routes = await host.namespace.ipJson<{ flags?: string[] }[]>(`${family}route show dev ${dev}`);
  const neighbours = await host.namespace.ipJson<{ state: string[] }[]>(`${family}neigh show dev ${dev}`);
  const fdb = await host.fdb(dev);
  return [
    routes.filter(({ flags }) => flags?.includes('onlink')).length,
    neighbours.filter(({ state }) => state.includes('PERMANENT')).length,
    fdb.length,
  ];
}

/** Lease number `n` of hosts that are nowhere: a key below subnets/, and its value. */
export function madeUpLease(n: number, address = n): readonly [key: string, value: string] {
  const octet = (value: number): string => value.toString(16).padStart(2, '0');
  const ip = `172.16.${address >> 8}.${address & 255}`;
  const mac = `02:00:00:01:${octet(n >> 8)}:${octet(n & 255)}`;
  return [
    `subnets/10.${64 + (n >> 8)}.${n & 255}.0-24`,
    `{"PublicIP":"${ip}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${mac}"}}`,
  ];
}

/** Why no Flannel network can be laid out here; false: it can. */
export async function flannelMissing(): Promise<string | false> {
  for (const program of ['etcd', 'etcdctl']) {
    const { code } = await run([program, '--help'], { allowFailure: true }).catch(() => ({ code: 127 }));
    if (code !== 0) return `no ${program}: apt-get install etcd-server etcd-client`;
  }
  return false;
}
