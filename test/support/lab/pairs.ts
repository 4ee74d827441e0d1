/** Which kinds of VTEP can run here, and why not where they cannot. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { VTEP_MAIN, type Kind } from './dialect.js';

export type Pair = readonly [Kind, Kind];

/** Ours on both sides, ours with the kernel's in both places, and the kernel's alone, which validates the scenario. */
export const ALL_PAIRS: readonly Pair[] = [
  ['uvtep', 'uvtep'],
  ['uvtep', 'kernel'],
  ['kernel', 'uvtep'],
  ['kernel', 'kernel'],
];

function succeeds(program: string, words: readonly string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Why no laboratory can be laid out here; '' when it can. */
export function labMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  if (!succeeds('ip', ['-V'])) return 'needs iproute2 (`ip`)';
  const name = `vt${process.pid}-probe`;
  if (!succeeds('ip', ['netns', 'add', name])) return 'network namespaces cannot be made here';
  succeeds('ip', ['netns', 'del', name]);
  return '';
}

/** Why guests cannot tag their frames here (vtep-tag); '' when they can. */
export function tagMissing(): string {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 6)
    ? ''
    : `needs Linux 6.6 (TCX) to tag frames, this is ${release()}`;
}

/** Why a bridge cannot tell VLANs apart here; '' when it can. */
export function vlanAwareMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  const name = `vt${process.pid}-probe`;
  if (!succeeds('ip', ['netns', 'add', name])) return 'network namespaces cannot be made here';
  const made = succeeds('ip', `-n ${name} link add br0 type bridge vlan_filtering 1`.split(' '));
  succeeds('ip', ['netns', 'del', name]);
  return made ? '' : 'this kernel has no CONFIG_BRIDGE_VLAN_FILTERING';
}

let kernelMissing: string | undefined;

/** Why a kind of VTEP cannot be made here; '' when it can. */
export function kindMissing(kind: Kind): string {
  if (kind === 'uvtep') {
    if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun';
    return existsSync(VTEP_MAIN) ? '' : 'the command line is not built (`npm run build`)';
  }
  kernelMissing ??= probeKernel();
  return kernelMissing;
}

/** Tries to make a vxlan device, in a namespace of its own. */
function probeKernel(): string {
  const name = `vt${process.pid}-probe`;
  if (!succeeds('ip', ['netns', 'add', name])) return 'network namespaces cannot be made here';
  const made = succeeds('ip', [
    '-n',
    name,
    'link',
    'add',
    'v',
    'type',
    'vxlan',
    'id',
    '1',
    'dstport',
    '4789',
  ]);
  succeeds('ip', ['netns', 'del', name]);
  return made ? '' : 'this kernel has no vxlan device';
}

/** Why a set of hosts cannot be laid out here; '' when it can. $LAB_KINDS limits the kinds, comma-separated. */
export function missingFor(kinds: readonly Kind[]): string {
  const only = process.env['LAB_KINDS']?.split(',');
  for (const kind of new Set(kinds)) {
    if (only && !only.includes(kind)) return `LAB_KINDS leaves out ${kind}`;
    const why = kindMissing(kind);
    if (why) return why;
  }
  return '';
}
