/** TCP, one stream, cubic, from end to end: Gbit/s between the sink's first and last octet, which reads as a program would. */
import type { Beds } from '../suite/bed.js';
import type { Bar, Figure } from '../suite/figure.js';
import { alternate, type Progress } from '../suite/alternate.js';

export interface TcpOptions {
  id: string;
  name: string;
  rounds: number;
  seconds: number;
  bars?: Bar[];
}

export async function tcp(beds: Beds, options: TcpOptions, progress: Progress): Promise<Figure> {
  const retransmits: number[] = [];
  const samples = await alternate(
    beds,
    options.name,
    options.rounds,
    progress,
    async ({ kind, from, to }) => {
      const result = await from.streamTo(to, { seconds: options.seconds, mode: 'copy' });
      if (!result.ok)
        throw new Error(`${kind}: ${result.error || `${result.bytes} of ${result.sent} octets arrived`}`);
      if (kind === 'uvtep') retransmits.push(result.retransmits);
      return result.gbps;
    },
  );
  const note = retransmits.length
    ? `${Math.max(...retransmits)} retransmits at most in a run of ours`
    : undefined;
  const { id, name, bars } = options;
  return { id, name, unit: 'Gbit/s', digits: 2, better: 'more', samples, bars, note };
}
