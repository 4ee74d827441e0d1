/** All groups, in the order of the page. */
import type { Group } from '../case.js';
import { CHANGES, SHARING } from './changes.js';
import { ADDING, FLUSHING } from './entries.js';
import { GROUP_POLICY, ONE_HOST, RESERVED_BITS } from './extensions.js';
import { GPE } from './gpe.js';
import { GROUPS_JOINED } from './groups.js';
import { MULTICAST } from './multicast.js';
import { ND_PROXY } from './nd-proxy.js';
import { NEXTHOPS } from './nexthops.js';
import { NOTIFICATIONS } from './notifications.js';
import { ODD } from './odd.js';
import { NAMES, OPTIONS } from './options.js';
import { PATH_MTU } from './path-mtu.js';
import { PROXY, SHORT_CIRCUIT } from './proxy.js';
import { ECN_IN, HEADERS_IN, LEARNING } from './receive.js';
import { ECN_OUT, FORWARDING, HEADER } from './transmit.js';
import { VNI_TRAFFIC } from './vni-traffic.js';
import { VNIS } from './vnis.js';

export const GROUPS: readonly Group[] = [
  OPTIONS,
  NAMES,
  CHANGES,
  SHARING,
  ADDING,
  FLUSHING,
  HEADER,
  ECN_OUT,
  FORWARDING,
  NEXTHOPS,
  MULTICAST,
  ODD,
  PATH_MTU,
  PROXY,
  ND_PROXY,
  SHORT_CIRCUIT,
  HEADERS_IN,
  ECN_IN,
  LEARNING,
  GROUP_POLICY,
  GPE,
  RESERVED_BITS,
  ONE_HOST,
  GROUPS_JOINED,
  VNIS,
  VNI_TRAFFIC,
  NOTIFICATIONS,
];

/** One case in so many is run by the short form: cases that stand together are much alike. */
const SHORT = 10;

/**
 * The groups with the cases to run; GROUPS itself when that is all of them.
 * @param words cases are kept whose group or text contains one of them
 */
export function choose(short: boolean, words: readonly string[] = []): readonly Group[] {
  if (!short && words.length === 0) return GROUPS;
  const kept = ({ title, cases, ...group }: Group): Group => ({
    ...group,
    title,
    cases: cases
      .filter(({ what }) => words.length === 0 || words.some((word) => `${title}: ${what}`.includes(word)))
      .filter((_, i) => !short || i % SHORT === 0),
  });
  return GROUPS.map(kept).filter(({ cases }) => cases.length > 0);
}
