/**
 * Names and numbers of errno values, as the shim returns them (negated) and as VtepError carries them (by name).
 */
import { constants } from 'node:os';

/** Linux values that Node leaves out (asm-generic/errno.h; the same on x86-64 and arm64). */
const LINUX = { ENONET: 64, EBADFD: 77, EPFNOSUPPORT: 96, EHOSTDOWN: 112, EUNATCH: 49 } as const;

/** Node lists some names twice under one number; the first stands, as errno.h has EAGAIN and EOPNOTSUPP. */
const ALIASES = new Set(['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK']);

const numbers = new Map<string, number>(Object.entries({ ...constants.errno, ...LINUX }));
const names = new Map<number, string>(
  [...numbers].filter(([name]) => !ALIASES.has(name)).map(([name, n]) => [n, name]),
);

/**
 * Name of an errno, positive or negated; `E` and the number where it has none.
 *
 * @example
 * errnoName(-13); // 'EACCES'
 */
export function errnoName(errno: number): string {
  const value = Math.abs(errno);
  return names.get(value) ?? `E${value}`;
}

/** Positive number of an errno name; 0 for a name that Linux does not have. */
export function errnoNumber(name: string): number {
  return numbers.get(name) ?? 0;
}

/* The verdicts that callers of the shim tell apart, negated as the shim returns them. */
export const EPERM = -errnoNumber('EPERM');
export const ENOENT = -errnoNumber('ENOENT');
export const EINTR = -errnoNumber('EINTR');
export const EBADF = -errnoNumber('EBADF');
export const EAGAIN = -errnoNumber('EAGAIN');
export const EACCES = -errnoNumber('EACCES');
export const EFAULT = -errnoNumber('EFAULT');
export const EBUSY = -errnoNumber('EBUSY');
export const ENODEV = -errnoNumber('ENODEV');
export const EINVAL = -errnoNumber('EINVAL');
export const EBADFD = -errnoNumber('EBADFD');
export const EMSGSIZE = -errnoNumber('EMSGSIZE');
export const EADDRINUSE = -errnoNumber('EADDRINUSE');
export const ENOBUFS = -errnoNumber('ENOBUFS');
