/** TCP, cubic, from end to end: Gbit/s between the sink's first and last octet, which reads as a program would. */
import { alternate, figureOf } from '../suite/alternate.js';
import type { Bed } from '../suite/bed.js';
import type { Bar, Figure, Subject } from '../suite/figure.js';
import type { Bench, Effort } from '../suite/plan.js';
import type { Layout } from '../suite/adapter.js';
import type { StreamResult } from '../../test/support/lab/tools.js';

export interface TcpOptions {
  /** What the id ends with, such as 'no-tunnel'. */
  variant: string;
  /** For people, such as 'no tunnel segmentation'. */
  called: string;
  streams: number;
  layout: Layout;
  subjects: readonly Subject[];
  /** From b to a. */
  back?: boolean;
  bars?: Bar[];
  quick?: Effort;
  full: Effort;
}

/** One transfer, whole and right. */
export async function transfer(
  { from, to }: Pick<Bed, 'from' | 'to'>,
  options: { seconds: number; streams?: number },
): Promise<StreamResult> {
  const result = await from.streamTo(to, { ...options, mode: 'copy' });
  if (!result.ok) throw new Error(result.error || `${result.bytes} of ${result.sent} octets arrived`);
  return result;
}

const count = (streams: number): string => (streams === 1 ? 'one stream' : `${streams} streams`);
const plural = (streams: number): string => (streams === 1 ? '1-stream' : `${streams}-streams`);

export function tcp(options: TcpOptions): Bench {
  const { streams, layout, subjects, quick, full, bars } = options;
  const id = `throughput/tcp/${plural(streams)}/${options.variant}${options.back ? '/back' : ''}`;
  const name = `TCP, ${count(streams)}, ${options.called}${options.back ? ', b to a' : ''}`;
  const describe = { id, name, unit: 'Gbit/s', digits: 2, better: 'more' as const, bars };
  return {
    id,
    name,
    layout,
    subjects,
    quick,
    full,
    async run(beds, { rounds, seconds }, tell): Promise<Figure[]> {
      const taken = await alternate(beds, rounds, tell, ({ from, to }) =>
        transfer(options.back ? { from: to, to: from } : { from, to }, { seconds, streams }),
      );
      const retransmits = taken.samples.uvtep?.map((result) => result.retransmits);
      const note = retransmits && `${Math.max(...retransmits)} retransmits at most in a run of ours`;
      return [{ ...figureOf(taken, describe, ({ gbps }) => gbps), note }];
    },
  };
}
