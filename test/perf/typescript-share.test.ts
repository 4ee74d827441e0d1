import t from 'tap';
import { shares } from '../../perf/cost/typescript-share.js';

const node = (
  id: number,
  functionName: string,
  url = '',
): { id: number; callFrame: { functionName: string; url: string } } => ({
  id,
  callFrame: { functionName, url },
});

t.test('a profile is parted into our functions, the shim and waiting', async (t) => {
  const profile = {
    nodes: [
      node(1, '(root)'),
      node(2, 'run', 'file:///dist/lib/dataplane/encap.js'),
      node(3, 'udpTransmit'),
      node(4, 'wait'),
      node(5, '(garbage collector)'),
      node(6, '(idle)'),
      node(7, 'wait', 'file:///dist/lib/engine/loop.js'),
    ],
    samples: [2, 3, 3, 4, 5, 6, 7],
    timeDeltas: [10, 100, 200, 1000, 5, 2000, 1],
  };
  t.strictSame(shares(profile), { typescript: 10 + 5 + 1, native: 300, waiting: 3000 });
});
