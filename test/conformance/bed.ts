/**
 * Where a case is run: a host with a VXLAN device of one kind, and a peer that is nothing but a wire end. Both kinds' beds
 * are laid out alike, MACs included, so that what leaves and what is shown can be compared octet by octet.
 *
 *   host  eth0 02:00:00:00:00:0a  192.168.100.1, fd00:100::1, fe80::a ======== eth0 02:00:00:00:00:0b  peer, no stack
 *   vx0   02:00:00:00:01:00
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { run as runVtep } from '../../lib/cli/run.js';
import { errnoName } from '../../lib/native/errno.js';
import type { Background } from '../support/lab/background.js';
import { run } from '../support/lab/command.js';
import { speak, type Kind } from '../support/lab/dialect.js';
import { Namespace } from '../support/lab/namespace.js';
import { tool } from '../support/lab/tools.js';
import { bulkFlush, needsBulk } from './bulk-flush.js';
import { fact, type Fact } from './case.js';
import { Frames } from './frames.js';
import { linkByHand, linkMore, needsHand } from './link-by-hand.js';
import { mdbByHand } from './mdb-by-hand.js';

export const HOST_MAC = '02:00:00:00:00:0a';
export const PEER_MAC = '02:00:00:00:00:0b';
export const DEVICE_MAC = '02:00:00:00:01:00';
export const HOST = '192.168.100.1';
export const HOST6 = 'fd00:100::1';
/** Remotes whose frames reach the peer: .3 to .9 and ::3 to ::9. */
export const REMOTES = [3, 4, 5, 6, 7, 8, 9];

/** Milliseconds: how long what should not come is waited for, and at most for what should. */
const QUIET = 25;
const PATIENCE = 2000;
/** The same where the two are known to differ: what the kernel showed will not come. */
const LITTLE_PATIENCE = 150;

export interface Answer {
  exit: number;
  out: string;
  err: string;
}

export class Bed {
  readonly kind: Kind;
  readonly host: Namespace;
  /** Frames of the host's interfaces, and of the wire's other end. */
  readonly inside: Frames;
  readonly outside: Frames;
  /** What settle() saw in the current case on the other kind's device. */
  #expected: unknown[] | undefined;
  #seen: unknown[] = [];
  #patience = 0;
  #marks = 0;
  readonly #devices = new Set<string>();
  readonly #bridges = new Set<string>();
  #nexthops = false;

  private constructor(kind: Kind, host: Namespace, inside: Frames, outside: Frames) {
    this.kind = kind;
    this.host = host;
    this.inside = inside;
    this.outside = outside;
  }

  /** Lays out a bed. The namespaces remove themselves at the end of the process, or by close(). */
  static async open(kind: Kind, runDirectory: string): Promise<Bed> {
    const letter = kind === 'kernel' ? 'k' : 'u';
    const host = await Namespace.create(`${letter}host`, { VTEP_RUN_DIR: runDirectory });
    const peer = await Namespace.create(`${letter}peer`);
    await peer.exec(['sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6']);
    await host.ip(
      `link add eth0 address ${HOST_MAC} type veth peer name eth0 address ${PEER_MAC} netns ${peer.name}`,
    );
    await peer.ip('link set eth0 up');
    await batch(host, [
      `addr add ${HOST}/24 dev eth0`,
      'addr add 192.168.100.2/24 dev eth0',
      `addr add ${HOST6}/64 dev eth0 nodad`,
      'addr add fe80::a/64 dev eth0 nodad',
      'link set eth0 up',
      'link add lower2 type veth peer name lower2peer',
      ...REMOTES.flatMap((n) => [`192.168.100.${n}`, `fd00:100::${n}`, `fe80::${n}`]).map(
        (address) => `neigh add ${address} lladdr ${PEER_MAC} dev eth0`,
      ),
      'route add 239.0.0.0/8 dev eth0',
    ]);
    // What leaves has its checksums.
    await host.exec([tool('features'), 'eth0', 'tx-checksum-ip-generic', 'off']);
    const [inside, outside] = [await Frames.start(host), await Frames.start(peer)];
    await outside.open('eth0');
    const bed = new Bed(kind, host, inside, outside);
    bed.#peer = peer;
    return bed;
  }

  #peer: Namespace | undefined;

  /**
   * Begins a case from a clean start.
   * @param expected what `seen` was on the other kind's bed
   * @param differs a reason is stated for another outcome
   */
  async begin(expected?: unknown[], differs = false): Promise<void> {
    this.#expected = expected;
    this.#patience = expected === undefined ? 0 : differs ? LITTLE_PATIENCE : PATIENCE;
    this.#seen = [];
    for (const dev of this.#devices) await this.say(`link del ${dev}`);
    for (const bridge of this.#bridges) await this.ip(`link del ${bridge}`);
    if (this.#nexthops) await this.say('nexthop flush');
    this.#nexthops = false;
    this.#devices.clear();
    this.#bridges.clear();
    this.inside.clear();
    this.outside.clear();
  }

  /** What settle() saw in this case. */
  get seen(): unknown[] {
    return this.#seen;
  }

  /** Gives the device's command `words`: `vtep …`, or `ip …` and `bridge …`. */
  async say(words: string, ...flags: string[]): Promise<Answer> {
    const typed = words.split(' ').filter((word) => word !== '');
    this.#note(typed);
    if (this.kind === 'uvtep') return await ours(['-n', this.host.name, ...flags, ...typed]);
    const [object, verb, , dev, ...filters] = typed;
    if (object === 'fdb' && verb === 'flush' && needsBulk(filters))
      return await this.#bulkFlush(dev!, filters);
    if (object === 'mdb') return answered(mdbByHand(this.host.name, typed));
    if (needsHand(typed)) return answered(linkByHand(this.host.name, typed));
    const { argv } = speak('kernel', this.host.name, typed, flags);
    const { code, stdout, stderr } = await run(argv, { allowFailure: true });
    return { exit: code, out: stdout, err: stderr };
  }

  async #bulkFlush(dev: string, filters: readonly string[]): Promise<Answer> {
    const [link] = await this.json<{ ifindex: number }>(`link show ${dev}`);
    return answered(bulkFlush(this.host.name, link!.ifindex, filters));
  }

  /** What `ip` may be too old to show of the kernel's device. */
  more(name: string): Record<string, unknown> {
    return this.kind === 'kernel' ? linkMore(this.host.name, name) : {};
  }

  /** Remembers what a `link add` makes, to remove it after the case. */
  #note([object, verb, ...rest]: readonly string[]): void {
    const name = rest[0] === 'name' || rest[0] === 'dev' ? rest[1] : rest[0];
    if (object === 'link' && verb === 'add' && name?.startsWith('vx')) this.#devices.add(name);
    if (object === 'nexthop') this.#nexthops = true;
  }

  /** say(), which must succeed: the beginning of a case, not its subject. */
  async must(words: string): Promise<void> {
    const { exit, err } = await this.say(words);
    if (exit !== 0) throw new Error(`${this.kind}: ${words}: exit ${exit}: ${err.trim()}`);
  }

  /** A stock `ip …` on the host, whatever the kind of the device. */
  async ip(words: string): Promise<string> {
    return (await this.host.ip(words, { quiet: true })).stdout;
  }

  /** A stock `ip …` of a case; the bridges it makes go with the case. */
  async stock(words: string): Promise<void> {
    const [, bridge] = /^link add (\w+) type bridge/.exec(words) ?? [];
    if (bridge !== undefined) this.#bridges.add(bridge);
    await this.ip(words);
  }

  async json<T>(words: string, ...flags: string[]): Promise<T[]> {
    const { out } = await this.say(words, '-j', ...flags);
    return (out.trim() === '' ? [] : JSON.parse(out)) as T[];
  }

  /** Makes a device with a MAC of ours, up, and watches it. */
  async device(options: string, name = 'vx0'): Promise<void> {
    await this.must(`link add ${name} address ${DEVICE_MAC} up type vxlan ${options}`);
    await this.inside.open(name);
  }

  /**
   * What `look` says once things have settled: the kernel's after a moment; ours as soon as it says what the kernel's
   * said, and at the latest when patience ends, so that a loaded machine makes a run slower and not different.
   * @param quiet milliseconds to wait in any case, for what should not come
   */
  async settle<T>(look: () => Promise<T> | T, quiet = QUIET): Promise<T> {
    await sleep(this.kind === 'kernel' ? Math.min(quiet, 8) : quiet);
    let value = await look();
    const expected = JSON.stringify(this.#expected?.[this.#seen.length]);
    const end = Date.now() + this.#patience;
    while (JSON.stringify(value) !== expected && Date.now() < end) {
      await sleep(10);
      value = await look();
    }
    this.#seen.push(value);
    return value;
  }

  /**
   * What a stock monitor (`bridge monitor fdb`, `ip monitor neigh`) prints while `act` runs.
   */
  async listening(argv: readonly string[], act: () => Promise<void>): Promise<Fact[]> {
    const [program = 'ip', ...words] = argv;
    const monitor = this.host.startCommand(['stdbuf', '-oL', program, '-n', this.host.name, ...words]);
    try {
      await this.#heard(monitor);
      const from = monitor.lines.length;
      await act();
      const said = await this.settle(
        () => monitor.lines.slice(from).filter((line) => !/\blower2\b|\bid 99999\b/.test(line)),
        60,
      );
      return said.length === 0
        ? [fact('silence')]
        : said.map((line) => fact(line.trim().replace(/ +/g, ' ')));
    } finally {
      await monitor.close();
      if (monitor.argv.at(-1) === 'nexthop')
        await this.host.ip('nexthop del id 99999', { quiet: true, allowFailure: true });
    }
  }

  /** Waits until the monitor tells of entries nobody else uses; each is new, or nobody would be told. */
  async #heard(monitor: Background): Promise<void> {
    const subject = monitor.argv.at(-1)!;
    for (let tries = 0; monitor.lines.length === 0 && tries < 100; tries++) {
      const last = this.#marks++ % 256;
      const mac = `02:00:00:00:77:${last.toString(16).padStart(2, '0')}`;
      const words: Record<string, string> = {
        fdb: `fdb replace ${mac} dev lower2`,
        neigh: `neigh replace 10.77.0.1 lladdr ${mac} dev lower2`,
        nexthop: `nexthop replace id 99999 via 10.77.0.${last} fdb`,
      };
      await run([
        monitor.argv.includes('bridge') ? 'bridge' : 'ip',
        '-n',
        this.host.name,
        ...words[subject]!.split(' '),
      ]);
      await sleep(5);
    }
    await sleep(5);
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.#peer?.close();
  }
}

/** The words of the kernel's verdicts, as `ip` and `bridge` print them. */
const SAID: Readonly<Record<string, string>> = {
  EEXIST: 'File exists',
  ENOENT: 'No such file or directory',
  ENODEV: 'No such device',
  EADDRINUSE: 'Address already in use',
  ENOSPC: 'No space left on device',
};

/** The answer to what was asked by rtnetlink itself. */
function answered(result: number): Answer {
  if (result === 0) return { exit: 0, out: '', err: '' };
  const name = errnoName(result);
  return { exit: 2, out: '', err: SAID[name] ?? name };
}

/** Runs lines of `ip` in one process. */
async function batch(namespace: Namespace, lines: readonly string[]): Promise<void> {
  await run(['ip', '-n', namespace.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Our command in this process: starting node for each would take most of a run's time. */
async function ours(argv: string[]): Promise<Answer> {
  const answer = { out: '', err: '' };
  const exit = await runVtep(argv, {
    out: (text) => void (answer.out += text),
    err: (text) => void (answer.err += text),
  });
  return { exit, ...answer };
}
