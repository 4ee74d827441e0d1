/** Tables by themselves as a bench of the suite; anywhere, since they need no devices. */
import type { Bench } from '../../suite/plan.js';
import { tableScale } from './main.js';

const MILLION = 1_000_000;

export const tables: Bench = {
  id: 'scale/tables',
  figures: ['scale/fdb/*', 'scale/neighbours/*', 'scale/routes4/*', 'scale/routes6/*'],
  name: 'tables of 1 to 1,000,000 entries: insert, look up, memory, flush',
  subjects: ['uvtep'],
  anywhere: true,
  quick: { rounds: 1, seconds: 8 },
  full: { rounds: 1, seconds: 60 },
  takes: ({ seconds }) => seconds,
  run: (_beds, { seconds }, tell) => tableScale({ seconds, most: MILLION }, tell),
};
