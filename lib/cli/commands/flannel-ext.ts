/**
 * `vtep flannel-ext pre|post|add|del`: the commands of flanneld's extension backend. What `pre` writes, on either stream,
 * becomes part of a lease: its one line and nothing else.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { netnsInode, runDirectory } from '../../control/socket-path.js';
import { wrong } from '../failure.js';
import { forms } from '../options/flannel-ext.js';
import type { Session } from '../session.js';

interface Words {
  vni?: number;
  port?: number;
  iface?: string;
  mtu?: number;
  settle?: number;
}

/** Words, and for those not given the environment. */
function given(words: Words, env: NodeJS.ProcessEnv): Words {
  const all: Record<string, unknown> = {};
  for (const { key, takes } of forms[0]!.words) {
    const name = `VTEP_FLANNEL_${key.toUpperCase()}`;
    const written = env[name];
    if (!written) continue;
    const kind = takes![0]!;
    all[key] = kind.read(written);
    if (all[key] === undefined) throw wrong(`${name} is "${written}": expected ${kind.expects}`);
  }
  return { ...all, ...words };
}

async function open(session: Session, words: Words) {
  if (session.options.netns !== undefined)
    throw wrong('"-netns" is not for flannel-ext: flanneld runs it in its own network namespace');
  const { Extension } = await import('../../flannel/extension/extension.js');
  const { StateFile } = await import('../../flannel/extension/state.js');
  const options = given(words, process.env);
  const { vni = 1 } = options;
  const file = new StateFile(join(runDirectory(), `flannel-ext-${netnsInode()}-${vni}.json`));
  return { extension: new Extension({ file, client: () => session.startedClient() }), options, vni };
}

export async function pre(session: Session, words: Words): Promise<void> {
  const { extension, options, vni } = await open(session, words);
  const { port = 8472, iface, mtu, settle = 60 } = options;
  session.streams.out(`${await extension.pre({ vni, port, iface, mtu, settle })}\n`);
}

export async function post(session: Session, words: Words): Promise<void> {
  const { extension } = await open(session, words);
  session.streams.out(`${(await extension.post(process.env)).join('\n')}\n`);
}

export async function add(session: Session, words: Words): Promise<void> {
  const { extension, vni } = await open(session, words);
  const isFirst = await extension.add(process.env, await text(process.stdin));
  if (isFirst) sweepLater(vni);
}

export async function del(session: Session, words: Words): Promise<void> {
  const { extension } = await open(session, words);
  await extension.del(process.env);
}

/** Waits until it is due. Begun by the first `add` of a run; of use by hand where that was killed. */
export async function sweep(session: Session, words: Words): Promise<void> {
  const { extension } = await open(session, words);
  for (;;) {
    const delay = await extension.sweep();
    if (delay === undefined) return;
    await sleep(delay);
  }
}

/** flanneld waits until nobody holds the command's output any more: the one that stays holds none of it. */
function sweepLater(vni: number): void {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const argv = [main, 'flannel-ext', 'sweep', '--vni', String(vni)];
  spawn(process.execPath, argv, { detached: true, cwd: '/', stdio: 'ignore' }).unref();
}
