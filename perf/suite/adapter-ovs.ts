/**
 * Open vSwitch with its userspace datapath ("netdev"), a database and a switch of their own for each host.
 *
 *   vtep0 (a bridge with a port of type vxlan)  ~~ datapath's own routing ~~  underlay (a bridge that owns eth0)
 */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { Guest } from '../../test/support/lab/guest.js';
import type { Host } from '../../test/support/lab/host.js';
import { soon } from '../../test/support/soon.js';
import { guestAddress, VNI } from '../../test/support/lab/scenario/learning-switch.js';
import type { Adapter } from './adapter.js';
import { peerMissing } from './peer.js';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const MTU = 1450;

/** One host's programs, with all their files in `directory`. */
class Switch {
  readonly #host: Host;
  readonly #directory: string;

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  get #database(): string {
    return `unix:${this.#file('db')}`;
  }

  /** Nothing of it is a service of the system: own sockets, pid files and log. */
  #start(program: string, name: string, words: readonly string[]): void {
    const own = [`--pidfile=${this.#file(`${name}.pid`)}`, `--unixctl=${this.#file(`${name}.ctl`)}`];
    const log = ['-vconsole:off', '-vsyslog:off', '-vfile:warn', `--log-file=${this.#file(`${name}.log`)}`];
    this.#host.namespace.start([program, ...words, ...own, ...log]);
  }

  async control(words: string, allowFailure = false): Promise<boolean> {
    const argv = ['ovs-vsctl', '--timeout=10', `--db=${this.#database}`, ...words.split(' ')];
    return (await this.#host.namespace.command(argv, { quiet: true, allowFailure })).code === 0;
  }

  async start(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const file = this.#file('conf.db');
    await this.#host.namespace.command(['ovsdb-tool', 'create', file, SCHEMA], { quiet: true });
    this.#start('ovsdb-server', 'ovsdb', [file, `--remote=punix:${this.#file('db')}`]);
    if (!(await soon(() => this.control('--no-wait init', true))))
      throw new Error('ovsdb-server does not answer');
    this.#start('ovs-vswitchd', 'vswitchd', [this.#database]);
  }
}

async function layOutHost(host: Host, index: number, peer: Host, directory: string): Promise<Guest> {
  const { namespace } = host;
  const bridges = new Switch(host, directory);
  await bridges.start();
  const bridge = (name: string): string => `-- add-br ${name} -- set bridge ${name} datapath_type=netdev`;
  const vxlan = `type=vxlan options:remote_ip=${peer.address} options:key=${VNI}`;
  await bridges.control(`${bridge('vtep0')} -- add-port vtep0 vx0 -- set interface vx0 ${vxlan}`);
  await bridges.control(`${bridge('underlay')} -- add-port underlay eth0`);
  await namespace.ip('addr flush dev eth0');
  await namespace.ip(`addr add ${host.address}/24 dev underlay`);
  await namespace.ip('link set underlay up');
  await namespace.ip(`link set vtep0 mtu ${MTU} up`);
  await namespace.ip(`addr add ${guestAddress(index)}/24 dev vtep0`);
  return new Guest(namespace, guestAddress(index), '');
}

export const ovs: Adapter = {
  kind: 'kernel',
  missing: (layout) =>
    peerMissing(['ovs-vswitchd', 'ovsdb-server', 'ovsdb-tool', 'ovs-vsctl'], 'openvswitch-switch', layout),
  async layOut({ hosts, runDirectory }) {
    const [a, b] = hosts as [Host, Host];
    const end = (host: Host, index: number, peer: Host): Promise<Guest> =>
      layOutHost(host, index, peer, join(runDirectory, `ovs${index}`));
    return [await end(a, 0, b), await end(b, 1, a)];
  },
};
