/** A network namespace of ours: `vt<pid>-<purpose>`, so that two runs never meet and a dead run's can be recognised. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Background, type BackgroundOptions } from './background.js';
import { register, release, type Disposable } from './cleanup.js';
import { run, shown, type Outcome, type RunOptions } from './command.js';

const DIRECTORY = '/run/netns';

/** No link-local addresses and no duplicate detection: what a test sees on a wire is what it sent. */
const QUIET_IPV6 = `d=/proc/sys/net/ipv6/conf/default; [ ! -d $d ] || { echo 0 >$d/accept_dad; echo 1 >$d/addr_gen_mode; }`;

/** Shows commands as they are run; the demo prints them, tests keep them for a failure's account. */
export type Narrator = (line: string) => void;

export interface ExecOptions extends RunOptions {
  /** Do not narrate: a tool of the laboratory, not a step of the scenario. */
  quiet?: boolean;
  /** What to narrate in place of the words run. */
  shownAs?: string;
}

/** Processes whose network namespace is `name`: all started by the run that made it. */
function pidsIn(name: string): number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  return (stdout ?? '')
    .split('\n')
    .filter(Boolean)
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // ended meanwhile
    }
  }
}

function removeNow(name: string): void {
  signal(pidsIn(name), 'SIGKILL');
  spawnSync('ip', ['netns', 'del', name]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Names in a directory that belong to a run whose process is no more. */
function abandoned(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => {
    const owner = /^vt(\d+)-/.exec(name);
    return owner !== null && !isAlive(Number(owner[1]));
  });
}

/** Removes the namespaces and directories of runs that were killed. */
export function sweepAbandoned(): void {
  for (const name of abandoned(DIRECTORY)) removeNow(name);
  for (const name of abandoned(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

export class Namespace implements Disposable {
  readonly name: string;
  readonly env: Record<string, string>;
  readonly #narrate: Narrator | undefined;

  private constructor(name: string, env: Record<string, string>, narrate: Narrator | undefined) {
    this.name = name;
    this.env = env;
    this.#narrate = narrate;
  }

  /** Makes a namespace with loopback up and no IPv6 addresses but those asked for. */
  static async create(
    purpose: string,
    env: Record<string, string> = {},
    narrate?: Narrator,
  ): Promise<Namespace> {
    const namespace = new Namespace(`vt${process.pid}-${purpose}`, env, narrate);
    await run(['ip', 'netns', 'add', namespace.name]);
    register(namespace);
    await namespace.exec(['sh', '-c', QUIET_IPV6], { quiet: true });
    await namespace.ip('link set lo up', { quiet: true });
    return namespace;
  }

  get path(): string {
    return `${DIRECTORY}/${this.name}`;
  }

  /** Tells the narrator, if there is one. */
  narrate(line: string): void {
    this.#narrate?.(line);
  }

  /** Runs a command line, given as words, that names the namespace by itself (`ip -n`, `vtep -n`). */
  async command(argv: readonly string[], options: ExecOptions = {}): Promise<Outcome> {
    if (!options.quiet) this.#narrate?.(options.shownAs ?? shown(argv));
    return await run(argv, { ...options, env: { ...this.env, ...options.env } });
  }

  /** `ip -n <this> …`; options such as -j go first. */
  async ip(words: string, options: ExecOptions = {}): Promise<Outcome> {
    return await this.command(['ip', '-n', this.name, ...words.split(' ')], options);
  }

  /** The decoded output of `ip -j …`. */
  async ipJson<T>(words: string): Promise<T> {
    const { stdout } = await this.ip(`-j ${words}`, { quiet: true });
    return JSON.parse(stdout || '[]') as T;
  }

  /** Runs a program inside. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<Outcome> {
    return await this.command(['ip', 'netns', 'exec', this.name, ...argv], options);
  }

  /** Starts a program inside and leaves it running. */
  start(argv: readonly string[], options: BackgroundOptions = {}): Background {
    return this.startCommand(['ip', 'netns', 'exec', this.name, ...argv], options);
  }

  /** Starts a command line that names the namespace by itself. */
  startCommand(argv: readonly string[], options: BackgroundOptions = {}): Background {
    return new Background(argv, { ...options, env: { ...this.env, ...options.env } });
  }

  /** Sets a kernel parameter, such as net.ipv4.ip_forward, without the sysctl program. */
  async sysctl(name: string, value: string | number, options: ExecOptions = {}): Promise<void> {
    const path = `/proc/sys/${name.replaceAll('.', '/')}`;
    const shownAs = `ip netns exec ${this.name} sysctl -w ${name}=${value}`;
    await this.exec(['sh', '-c', `echo ${value} >${path}`], { shownAs, ...options });
  }

  /** Pids of the processes inside, a daemon among them. */
  pids(): number[] {
    return pidsIn(this.name);
  }

  /** Ends what still runs inside, politely first, then removes the namespace. */
  async dispose(): Promise<void> {
    signal(this.pids(), 'SIGTERM');
    for (let waited = 0; this.pids().length > 0 && waited < 2000; waited += 50) await sleep(50);
    removeNow(this.name);
  }

  disposeNow(): void {
    removeNow(this.name);
  }

  async close(): Promise<void> {
    await release(this);
  }
}
