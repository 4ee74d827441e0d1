/**
 * Which addresses sign the ICMP errors of the short-circuit router: those of a neighbour whose MAC is a `router`
 * entry of the FDB, one a family. Looked for after a change, not for every packet.
 */
import { isIpv4 } from '../wire/text.js';
import type { Forwarding } from './forwarding.js';
import type { Neighbours } from './neighbours.js';

export interface RouterAddresses {
  /** IPv4 word, 0 = none. */
  router4: number;
  /** IPv6 words, zeros = none. */
  router6: [number, number, number, number];
}

export const NO_ROUTER: RouterAddresses = { router4: 0, router6: [0, 0, 0, 0] };

export function findRouters(neighbours: Neighbours, fdb: Forwarding): RouterAddresses {
  const found: RouterAddresses = { router4: 0, router6: [0, 0, 0, 0] };
  const isRouter = fdb.routers();
  neighbours.some((words, high, low) => {
    if (!isRouter(high, low)) return false;
    if (isIpv4(words)) found.router4 = words[3];
    else found.router6 = [words[0], words[1], words[2], words[3]];
    return found.router4 !== 0 && found.router6[3] !== 0;
  });
  return found;
}
