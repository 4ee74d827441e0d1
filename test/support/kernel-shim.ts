/** Root and namespaces for tests of rtnetlink, or the reason why there are none. */
import { load } from '../../lib/native/load.js';
import type { Shim } from '../../lib/native/shim.js';

/** Why tests in network namespaces cannot run here; false when they can. The value of tap's `skip`. */
export const NEEDS_ROOT: string | false =
  process.getuid?.() === 0 ? false : 'needs root: makes network namespaces';

/** The shim, with its rtnetlink sockets and TAPs in another namespace, so that the test itself stays where it is. */
export function shimIn(netns: string): Shim {
  const shim = load();
  return {
    ...shim,
    netlinkOpen: (groups, other = netns) => shim.netlinkOpen(groups, other),
    tapOpen: (options) => shim.tapOpen({ ...options, netns }),
    interfaceSet: (name, change) => shim.interfaceSet(name, { ...change, netns }),
  };
}
