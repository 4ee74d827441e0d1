/**
 * Network namespaces of a test that runs the native engine in its own process: named by pid, removed when the test
 * ends, whichever way. The main thread moves into one at a time; what it opens there stays there.
 */
import { execFileSync } from 'node:child_process';
import { errnoName } from '../../lib/native/errno.js';
import { load } from '../../lib/native/load.js';

const made = new Set<OwnNamespace>();
process.on('exit', () => made.forEach((namespace) => namespace.remove()));

export class OwnNamespace {
  readonly name: string;

  constructor(purpose: string) {
    this.name = `vt${process.pid}-${purpose}`;
    execFileSync('ip', ['netns', 'add', this.name]);
    made.add(this);
    this.ip('link set lo up');
  }

  /** `ip -n <this> …`, words parted by blanks; its output. */
  ip(words: string): string {
    return execFileSync('ip', ['-n', this.name, ...words.split(' ')], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Decoded `ip -j …`. */
  ipJson<T>(words: string): T {
    return JSON.parse(this.ip(`-j ${words}`) || '[]') as T;
  }

  /** Command line that runs a program inside. */
  command(...argv: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.name, ...argv]];
  }

  /** Moves the main thread, and what it starts from now on, into this namespace. */
  enter(): void {
    const result = load().setNamespace(`/run/netns/${this.name}`);
    if (result < 0) throw new Error(`cannot enter ${this.name}: ${errnoName(result)}`);
  }

  remove(): void {
    if (!made.delete(this)) return;
    try {
      execFileSync('ip', ['netns', 'del', this.name], { stdio: 'ignore' });
    } catch {
      // removed already
    }
  }
}

/** Two of them on one underlay: `u0` of the first is 192.168.100.2, of the second 192.168.100.3. */
export function onOneUnderlay(...purposes: [string, string]): [OwnNamespace, OwnNamespace] {
  const [near, far] = [new OwnNamespace(purposes[0]), new OwnNamespace(purposes[1])];
  near.ip(`link add u0 type veth peer name u0 netns ${far.name}`);
  for (const [n, namespace] of [near, far].entries()) {
    namespace.ip(`addr add 192.168.100.${2 + n}/24 dev u0`);
    namespace.ip('link set u0 up');
  }
  return [near, far];
}
