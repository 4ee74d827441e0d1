/** Versions of everything that is compared, as each tells its own; what is not there is left out. */
import { release } from 'node:os';
import { run } from '../../test/support/lab/command.js';
import { ROOT } from '../../test/support/lab/tools.js';
import { packageVersion } from '../../lib/version.js';
import { programPath } from './peer.js';

/** What a command's first line says behind `pattern`; undefined where the command fails or says something else. */
async function told(argv: readonly string[], pattern: RegExp): Promise<string | undefined> {
  const program = programPath(argv[0]!);
  if (program === undefined) return undefined;
  const { code, stdout } = await run([program, ...argv.slice(1)], { allowFailure: true });
  return code === 0 ? pattern.exec(stdout)?.[1] : undefined;
}

export async function versions(): Promise<Record<string, string>> {
  const all: Record<string, string | undefined> = {
    uvtep: packageVersion(),
    commit: await told(['git', '-C', ROOT, 'describe', '--always', '--dirty'], /^(\S+)/),
    kernel: release(),
    node: process.version,
    iproute2: await told(['ip', '-V'], /iproute2-([^\s,]+)/),
    ovs: await told(['ovs-vswitchd', '--version'], /(\d\S+)\s*$/m),
    vde: await told(['dpkg-query', '-W', '-f', '${Version}', 'vdeplug'], /^(\S+)/), // its programs do not tell
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
