/**
 * A host of the laboratory: a namespace with an underlay interface `eth0`, a bridge `br0`, guests on the bridge, and a
 * VTEP of one of the two kinds.
 *
 *        guest namespaces          host namespace
 *      +----------------+   veth   +------------------------------+
 *      | eth0 10.20.1.4 |==========| br0 ---- vtep0 (VXLAN) - eth0 |==== underlay
 *      +----------------+          +------------------------------+
 */
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client } from '../../../lib/control/client.js';
import { netnsInode } from '../../../lib/control/socket-path.js';
import type { Background, BackgroundOptions } from './background.js';
import { speak, type Kind } from './dialect.js';
import { Guest, type Interface } from './guest.js';
import { Namespace, type ExecOptions, type Narrator } from './namespace.js';
import { Sniffer, type SniffOptions } from './sniffer.js';
import { soon } from '../soon.js';
import { tool } from './tools.js';
import type { Outcome } from './command.js';

export interface FdbLine {
  mac: string;
  dst?: string;
  state?: string;
  flags?: string[];
}

export interface GuestOptions extends ExecOptions {
  bridged?: boolean;
  /** Default br0. */
  bridge?: string;
}

export class Host {
  readonly kind: Kind;
  readonly namespace: Namespace;
  /** Underlay addresses. */
  readonly address: string;
  readonly address6: string;
  readonly guests: Guest[] = [];
  /** Namespaces of guests, also of one that could not be finished. */
  readonly guestNamespaces: Namespace[] = [];
  readonly #letter: string;
  readonly #narrate: Narrator | undefined;
  readonly #runDirectory: string;

  constructor(
    kind: Kind,
    namespace: Namespace,
    letter: string,
    underlay: { address: string; address6: string },
    runDirectory: string,
    narrate?: Narrator,
  ) {
    this.kind = kind;
    this.namespace = namespace;
    this.#letter = letter;
    this.address = underlay.address;
    this.address6 = underlay.address6;
    this.#runDirectory = runDirectory;
    this.#narrate = narrate;
  }

  /** Gives the VTEP of this host an iproute2 command: 'link add vtep0 type vxlan id 1'. */
  async vtep(words: string, options: ExecOptions = {}): Promise<Outcome> {
    const { argv, shownAs } = speak(this.kind, this.namespace.name, words.split(' '));
    return await this.namespace.command(argv, { shownAs, ...options });
  }

  /** The decoded output of a show command. */
  async vtepJson<T>(words: string, ...more: string[]): Promise<T> {
    const { argv } = speak(this.kind, this.namespace.name, words.split(' '), ['-j', ...more]);
    const { stdout } = await this.namespace.command(argv, { quiet: true });
    return JSON.parse(stdout.trim() || '[]') as T;
  }

  /** Starts a monitor: `vtep monitor …` or, for the kernel, `ip monitor …`. */
  monitor(words: string, options: BackgroundOptions = {}): Background {
    const { argv, shownAs } = speak(this.kind, this.namespace.name, ['monitor', ...words.split(' ')]);
    this.namespace.narrate(`${shownAs} &`);
    return this.namespace.startCommand(argv, options);
  }

  /** Stock `ip monitor neigh`, whatever kind the VTEP is. */
  ipMonitor(options: BackgroundOptions = {}): Background {
    const argv = ['ip', '-n', this.namespace.name, 'monitor', 'neigh'];
    this.namespace.narrate(`${argv.join(' ')} &`);
    return this.namespace.startCommand(argv, options);
  }

  /** FDB entries of a VTEP with a destination (the kernel's list has the bridge's own among them). */
  async fdb(dev = 'vtep0'): Promise<FdbLine[]> {
    return (await this.vtepJson<FdbLine[]>(`fdb show dev ${dev}`)).filter((entry) => entry.dst !== undefined);
  }

  /** The daemon's API; only for kind uvtep, once a link was added. */
  daemon(): Client {
    return new Client(join(this.#runDirectory, `${netnsInode(this.namespace.name)}.sock`));
  }

  /** Starts the daemon in the foreground with options for node, before the first `link add` would start one. */
  async startDaemon(nodeOptions: readonly string[]): Promise<Background> {
    const { argv } = speak('uvtep', this.namespace.name, ['daemon']);
    const program = this.namespace.startCommand([argv[0]!, ...nodeOptions, ...argv.slice(1)]);
    const answers = (): Promise<boolean> =>
      this.daemon()
        .daemon()
        .then(
          () => true,
          () => false,
        );
    if (!(await soon(answers))) throw new Error(`the daemon does not answer: ${program.stderr}`);
    return program;
  }

  /** The daemon's metrics, Prometheus text. */
  async metrics(): Promise<string> {
    const { socketPath } = this.daemon();
    return await new Promise((resolve, reject) => {
      const asked = get({ socketPath, path: '/metrics' }, (response) => resolve(text(response)));
      asked.on('error', reject);
    });
  }

  async bridge(address?: string, options: ExecOptions = {}, name = 'br0'): Promise<void> {
    // without IGMP snooping a bridge floods groups to every port, as the switches of the RFC's pictures do
    await this.namespace.ip(`link add ${name} type bridge mcast_snooping 0 forward_delay 0`, options);
    if (address) await this.namespace.ip(`addr add ${address} dev ${name}`, options);
    await this.namespace.ip(`link set ${name} up`, options);
  }

  /** Adds a guest to a bridge (or, without `bridged`, on its own veth, with the host end named after it). */
  async guest(eth0: Interface, options: GuestOptions = {}): Promise<Guest> {
    const number = this.guests.length;
    const purpose = `${this.#letter}g${number === 0 ? '' : number}`;
    const port = `guest${number}`;
    const inside = await Namespace.create(purpose, {}, this.#narrate);
    this.guestNamespaces.push(inside);
    const mac = eth0.mac === undefined ? '' : ` address ${eth0.mac}`;
    await this.namespace.ip(
      `link add ${port} mtu ${eth0.mtu ?? 1450} type veth peer name eth0 netns ${inside.name} mtu ${eth0.mtu ?? 1450}${mac}`,
      options,
    );
    const master = options.bridged === false ? '' : ` master ${options.bridge ?? 'br0'}`;
    await this.namespace.ip(`link set ${port}${master} up`, options);
    if (eth0.address) await inside.ip(`addr add ${eth0.address} dev eth0`, options);
    await inside.ip('link set eth0 up', options);
    if (eth0.gateway) await inside.ip(`route add default via ${eth0.gateway}`, options);
    const [link] = await inside.ipJson<{ address: string }[]>('link show eth0');
    const guest = new Guest(inside, (eth0.address ?? '').split('/')[0]!, link!.address);
    this.guests.push(guest);
    return guest;
  }

  /** Counts and records frames on one of the host's interfaces. */
  async sniff(dev: string, options: SniffOptions = {}): Promise<Sniffer> {
    return await Sniffer.start(this.namespace, dev, options);
  }

  /** Turns offload features of an interface on or off, by their ethtool names. */
  async features(dev: string, change: Record<string, 'on' | 'off'>): Promise<void> {
    const words = Object.entries(change).flat();
    await this.namespace.exec([tool('features'), dev, ...words], {
      shownAs: `ip netns exec ${this.namespace.name} ethtool -K ${dev} ${words.join(' ')}`,
    });
  }
}
