/** A shim without a kernel: it notes the burst calls made and answers each alike. */
import type { Shim } from '../../lib/native/shim.js';

export type Call = [name: string, ...values: unknown[]];

const BURST_CALLS = ['tapReceive', 'tapTransmit', 'udpReceive', 'udpTransmit'];

export function noting(result: number): { shim: Shim; calls: Call[] } {
  const calls: Call[] = [];
  const noted = BURST_CALLS.map((name) => [
    name,
    (...values: unknown[]) => {
      calls.push([name, ...values]);
      return result;
    },
  ]);
  return { shim: Object.fromEntries(noted) as unknown as Shim, calls };
}
