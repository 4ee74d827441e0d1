/** The file that tells CNI of this host's subnet (flanneld's subnet.env, octet for octet). */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { VtepError } from '../errors.js';

export interface SubnetEnv {
  /** `10.5.0.0/16`. */
  network: string | undefined;
  /** First usable address of the host's subnet with its length, `10.5.100.1/24`. */
  subnet: string | undefined;
  ipv6Network: string | undefined;
  ipv6Subnet: string | undefined;
  /** Of a device of either family, the smaller one: what fits both. */
  mtu: number;
}

const NAMES = {
  network: 'FLANNEL_NETWORK',
  subnet: 'FLANNEL_SUBNET',
  ipv6Network: 'FLANNEL_IPV6_NETWORK',
  ipv6Subnet: 'FLANNEL_IPV6_SUBNET',
} as const;

/** @example formatSubnetEnv({ network: '10.5.0.0/16', subnet: '10.5.100.1/24', … mtu: 1450 }) */
export function formatSubnetEnv(env: SubnetEnv): string {
  const lines = (Object.keys(NAMES) as (keyof typeof NAMES)[])
    .filter((key) => env[key] !== undefined)
    .map((key) => `${NAMES[key]}=${env[key]}`);
  return [...lines, `FLANNEL_MTU=${env.mtu}`, 'FLANNEL_IPMASQ=false', ''].join('\n');
}

/**
 * Writes the file, mode 0644; a reader sees the old one or the new one, never half of it.
 * @throws {VtepError} ERR_VTEP_SYSTEM or ERR_VTEP_PERMISSION
 */
export function writeSubnetEnv(path: string, env: SubnetEnv): void {
  const text = formatSubnetEnv(env);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, text, { mode: 0o644 });
    renameSync(temporary, path);
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const isRefused = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS';
    throw new VtepError(
      isRefused ? 'ERR_VTEP_PERMISSION' : 'ERR_VTEP_SYSTEM',
      `cannot write ${path}: ${errno}; name another file in --subnet-file`,
      { errno, word: path, cause },
    );
  }
}

/** The subnets of an earlier run; what cannot be read is as if it were not there. */
export function readSubnetEnv(path: string): Partial<Record<'subnet' | 'ipv6Subnet', string>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  const value = (name: string): string | undefined => new RegExp(`^${name}=(\\S+)$`, 'm').exec(text)?.[1];
  return { subnet: value(NAMES.subnet), ipv6Subnet: value(NAMES.ipv6Subnet) };
}
