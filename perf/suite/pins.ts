/**
 * The processors that generator and sink are kept on: the first that this program may use, and the last, as if each had
 * the host it runs on to itself. Left to the scheduler they move, and take what they measure with them.
 */
import { readFileSync } from 'node:fs';

/** From a list as the kernel writes it, such as "0-1" or "0,2-3". */
export function pinsOf(list: string): { cpu?: number; sinkCpu?: number } {
  const numbers = list.trim().split(/[,-]/).map(Number);
  const [first, last] = [numbers[0], numbers.at(-1)];
  return first === last ? {} : { cpu: first, sinkCpu: last };
}

export const PINS = pinsOf(
  /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0',
);
