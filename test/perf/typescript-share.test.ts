import t from 'tap';
import { shares } from '../../perf/cost/typescript-share.js';

type Node = { id: number; callFrame: { functionName: string; url: string } };
const node = (id: number, functionName: string, url = ''): Node => ({ id, callFrame: { functionName, url } });

t.test('a profile is parted into our functions, the shim, waiting and starting', async (t) => {
  const profile = {
    nodes: [
      node(1, '(root)'),
      node(2, 'run', 'file:///x/dist/lib/dataplane/encap.js'),
      node(3, 'transmit', 'file:///x/dist/lib/port/udp-port.js'),
      node(4, '#wait', 'file:///x/dist/lib/engine/worker.js'),
      node(5, '(garbage collector)'),
      node(6, '(idle)'),
      node(7, '(program)'),
      node(8, 'compileForInternalLoader', 'node:internal/bootstrap/realm'),
    ],
    samples: [2, 3, 3, 4, 5, 6, 7, 8],
    timeDeltas: [10, 100, 200, 1000, 5, 2000, 1, 50],
  };
  t.strictSame(shares(profile), { typescript: 10 + 5, native: 300 + 1, waiting: 3000, starting: 50 });
});
