/**
 * From a name to addresses, by the host's own resolver (getaddrinfo: /etc/hosts, /etc/resolv.conf, nsswitch).
 *
 * Node looks up in threads that it starts before any of our code runs. A daemon that moved into its network namespace by
 * itself (`vtep -n`) left them behind, where other name servers may answer: there getent(1) asks, as a child of the thread
 * that moved.
 */
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import { VtepError } from '../../errors.js';
import { canonicalAddress, familyOf, isAny, isMulticast } from '../address.js';

/** Addresses of a name, best first; 0 = of any family. Rejects with an errno or getaddrinfo's code. */
export type Lookup = (name: string, family: 0 | 4 | 6) => Promise<string[]>;

const run = promisify(execFile);
/** Milliseconds: a resolver with three silent servers gives up after 30 s. */
const PATIENCE = 40_000;
/** What getent(1) exits with for an unknown name. */
const NO_SUCH_NAME = 2;

const SENTENCES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such name, or it has no such address',
  EAI_AGAIN: 'no name server answers',
  ENOENT: 'getent(1), which looks names up in another network namespace, is missing',
};

/** Whether Node's threads are in the network namespace of this one. */
function isUndivided(): boolean {
  const own = readlinkSync('/proc/thread-self/ns/net');
  return readdirSync('/proc/self/task').every((task) => {
    try {
      return readlinkSync(`/proc/self/task/${task}/ns/net`) === own;
    } catch {
      return true; // It has ended.
    }
  });
}

async function fromThreads(name: string, family: 0 | 4 | 6): Promise<string[]> {
  return (await lookup(name, { all: true, family })).map(({ address }) => address);
}

async function fromChild(name: string): Promise<string[]> {
  try {
    const { stdout } = await run('getent', ['ahosts', name], { timeout: PATIENCE });
    return stdout.split('\n').map((line) => line.split(/\s/)[0]!);
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw code === NO_SUCH_NAME ? Object.assign(new Error(name), { code: 'ENOTFOUND' }) : error;
  }
}

export const systemLookup: Lookup = (name, family) =>
  isUndivided() ? fromThreads(name, family) : fromChild(name);

function unresolved(name: string, family: 0 | 4 | 6, why: string, cause?: unknown): VtepError {
  const what = family === 0 ? 'an address' : `an IPv${family} address`;
  return new VtepError('ERR_VTEP_NAME', `"${name}" cannot be resolved to ${what}: ${why}`, {
    word: name,
    cause,
  });
}

/**
 * Unicast addresses of a name, canonical, each once, in the resolver's order.
 * @throws {VtepError} ERR_VTEP_NAME: none
 */
export async function addressesOf(find: Lookup, name: string, family: 0 | 4 | 6): Promise<string[]> {
  let found: string[];
  try {
    found = await find(name, family);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw unresolved(name, family, SENTENCES[String(code)] ?? message, error);
  }
  // What says "none" (0.0.0.0, as of blocked names), what is a group, and fe80::1%eth0 are no destinations.
  const usable = found
    .map(canonicalAddress)
    .filter((address) => address !== undefined)
    .filter((address) => !isAny(address) && !isMulticast(address))
    .filter((address) => family === 0 || familyOf(address) === family);
  if (usable.length === 0)
    throw unresolved(name, family, found.length === 0 ? SENTENCES['ENOTFOUND']! : `it is ${found.join()}`);
  return [...new Set(usable)];
}
