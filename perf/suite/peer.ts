/** Other userspace VTEPs, from Debian: whether they are installed, and how they can be. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from '../../test/support/lab/command.js';
import type { Layout } from './adapter.js';

/** Debian packages, all of them. */
export const PEER_PACKAGES = ['openvswitch-switch', 'vde2'] as const;

/** Says no to the start of services while packages are installed: we start what we measure, where we measure it. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Path of a program, looked for where root's programs are too; undefined when there is none. */
export function programPath(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why a peer of these programs cannot be laid out; '' when it can. */
export function peerMissing(programs: readonly string[], debianPackage: string, { ends }: Layout): string {
  const absent = programs.find((name) => programPath(name) === undefined);
  if (absent !== undefined)
    return `${absent} is not installed: \`npm run perf -- --install-peers\` or \`apt-get install --no-install-recommends ${debianPackage}\``;
  return ends === 'hosts' ? '' : 'measured between hosts only';
}

/**
 * Installs the peers with apt-get. Their services are not started.
 * @throws {Error} when we may not, or apt-get fails
 */
export async function installPeers(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('--install-peers needs root: apt-get installs for everybody');
  if (programPath('apt-get') === undefined)
    throw new Error(
      `--install-peers needs apt-get; install ${PEER_PACKAGES.join(' and ')} with the tools of this system`,
    );
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: 300_000 };
  await run(['apt-get', '-qq', 'update'], options);
  await withoutServices(() =>
    run(['apt-get', '-qq', 'install', '-y', '--no-install-recommends', ...PEER_PACKAGES], options),
  );
}

/** A policy that is there already stays as it is. */
async function withoutServices(body: () => Promise<unknown>): Promise<void> {
  if (existsSync(POLICY)) return void (await body());
  const script = '#!/bin/sh\nexit 101\n';
  await run(['sh', '-c', `cat >${POLICY} && chmod 755 ${POLICY}`], { input: script });
  try {
    await body();
  } finally {
    await run(['rm', '-f', POLICY]);
  }
}
