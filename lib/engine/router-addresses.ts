/**
 * Which addresses sign the ICMP errors of the short-circuit router: those of a neighbour whose MAC is a `router`
 * entry of the FDB, one a family. Looked for after a change, not for every packet.
 */
import { isIpv4 } from '../wire/text.js';
import type { Forwarding } from './forwarding.js';
import type { Neighbours } from './neighbours.js';
import type { SettingsState } from './settings.js';

type Addresses = Pick<SettingsState, 'router4' | 'router6'>;

export class RouterAddresses {
  /** IPv4 word and IPv6 words, 0 = none. */
  found: Addresses = { router4: 0, router6: [0, 0, 0, 0] };
  /** Neighbours or `router` entries have changed. */
  isStale = false;

  /** Looks for them if they may be others. True when it did. */
  renew(neighbours: Neighbours, fdb: Forwarding): boolean {
    if (!this.isStale) return false;
    this.isStale = false;
    const found: Addresses = { router4: 0, router6: [0, 0, 0, 0] };
    const isRouter = fdb.routers();
    neighbours.some((words, high, low) => {
      if (!isRouter(high, low)) return false;
      if (isIpv4(words)) found.router4 = words[3];
      else found.router6 = [words[0], words[1], words[2], words[3]];
      return found.router4 !== 0 && found.router6[3] !== 0;
    });
    this.found = found;
    return true;
  }
}
