/**
 * The two kinds of VTEP a scenario runs on. Both are told the same words, because `vtep` speaks iproute2:
 *
 *   words                          uvtep                          kernel
 *   link add vtep0 type vxlan …    vtep -n NS link add …          ip -n NS link add …
 *   fdb add MAC dst IP dev vtep0   vtep -n NS fdb add …           bridge -n NS fdb add …
 *   neigh, route, monitor          vtep -n NS …                   ip -n NS …
 */
import { join } from 'node:path';
import { ROOT } from './tools.js';

export type Kind = 'uvtep' | 'kernel';

/** The command line of this checkout. */
export const VTEP_MAIN = join(ROOT, 'dist/lib/cli/main.js');

const BRIDGE_OBJECTS = new Set(['fdb', 'mdb', 'vni']);

export interface Spoken {
  argv: string[];
  /** As a person would type it. */
  shownAs: string;
}

/** `words` as the command of one kind of VTEP in namespace `netns`; `flags` are -j, -d, -s. */
export function speak(
  kind: Kind,
  netns: string,
  words: readonly string[],
  flags: readonly string[] = [],
): Spoken {
  const rest = ['-n', netns, ...flags, ...words];
  if (kind === 'uvtep')
    return { argv: [process.execPath, VTEP_MAIN, ...rest], shownAs: ['vtep', ...rest].join(' ') };
  const program = BRIDGE_OBJECTS.has(words[0]!) ? 'bridge' : 'ip';
  return { argv: [program, ...rest], shownAs: [program, ...rest].join(' ') };
}
