/** ND proxy: neighbour solicitations answered from the neighbour table. */
import type { Group } from '../case.js';
import { transmit } from '../kinds.js';
import {
  addressOctets,
  checksumOf,
  concat,
  ethernetFrame,
  ipv6Packet,
  macOctets,
  word16,
} from '../../support/packets.js';
import { BROADCAST, cut, GUEST, NEAR, v6, vlan } from './inner.js';

const NS = 135;
const NA = 136;
const SOURCE_LINK_LAYER = [1, 1];

interface Solicitation {
  type?: number;
  code?: number;
  src?: string;
  dst?: string;
  target?: string;
  /** Source link-layer address option; null leaves it out. */
  option?: string | null;
  hopLimit?: number;
  trafficClass?: number;
  macDst?: string;
}

/** An ICMPv6 message with the checksum it must have. */
function icmp6(src: string, dst: string, body: Uint8Array): Uint8Array {
  const pseudo = [...addressOctets(src), ...addressOctets(dst), 0, 0, ...word16(body.length), 0, 0, 0, 58];
  const message = body.slice();
  message.set(word16(checksumOf([...pseudo, ...message])), 2);
  return message;
}

/** A neighbour solicitation for fd00::2 from a guest, in its frame. */
export function solicitation(given: Solicitation = {}): Uint8Array {
  const {
    type = NS,
    code = 0,
    src = 'fd00::1',
    dst = 'ff02::1:ff00:2',
    target = 'fd00::2',
    option = GUEST,
  } = given;
  const body = concat(
    [type, code, 0, 0, 0, 0, 0, 0],
    addressOctets(target),
    option === null ? [] : [...SOURCE_LINK_LAYER, ...macOctets(option)],
  );
  const { hopLimit = 255, trafficClass = 0, macDst = '33:33:ff:00:00:02' } = given;
  const ip = ipv6Packet({ src, dst, nextHeader: 58, hopLimit, trafficClass }, icmp6(src, dst, body));
  return ethernetFrame(macDst, GUEST, 0x86dd, ip);
}

const KNOWN = `neigh add fd00::2 lladdr ${NEAR} nud permanent`;

const proxied = (
  what: string,
  frame: Uint8Array,
  setup: readonly string[] = [KNOWN],
  link = 'remote 192.168.100.3 proxy',
) => transmit(what, { link, setup, frame });

export const ND_PROXY: Group = {
  title: 'ND proxy',
  says: 'A neighbour solicitation sent on vx0 made with `proxy`: the advertisement that comes up octet by octet, or what leaves.',
  cases: [
    proxied('a solicitation for a known address', solicitation()),
    proxied('without the source link-layer option', solicitation({ option: null })),
    proxied('duplicate address detection: from ::', solicitation({ src: '::', option: null })),
    proxied('unicast', solicitation({ dst: 'fd00::2', macDst: NEAR })),
    proxied('a link-local target', solicitation({ target: 'fe80::2' }), [
      `neigh add fe80::2 lladdr ${NEAR} nud permanent`,
    ]),
    proxied('an unknown address', solicitation({ target: 'fd00::9' })),
    proxied(
      'an unknown address, l3miss',
      solicitation({ target: 'fd00::9' }),
      [KNOWN],
      'remote 192.168.100.3 proxy l3miss',
    ),
    proxied('a multicast target', solicitation({ target: 'ff02::1' })),
    proxied('hop limit 64', solicitation({ hopLimit: 64 })),
    proxied('traffic class 0x20', solicitation({ trafficClass: 0x20 })),
    proxied('a stale neighbour', solicitation(), [`neigh add fd00::2 lladdr ${NEAR} nud stale`]),
    proxied('a router', solicitation(), [KNOWN, `fdb add ${NEAR} dst 192.168.100.4 router`]),
    proxied('an entry that points to 0.0.0.0', solicitation(), [KNOWN, `fdb add ${NEAR} dst 0.0.0.0`]),
    proxied('over an IPv6 underlay', solicitation(), [KNOWN], 'remote fd00:100::3 proxy'),
    proxied('without proxy', solicitation(), [KNOWN], 'remote 192.168.100.3'),
    proxied('code 1', solicitation({ code: 1 })),
    proxied('an advertisement', solicitation({ type: NA })),
    proxied('a router solicitation', solicitation({ type: 133 })),
    proxied('in a VLAN tag', vlan(solicitation())),
    proxied('cut to 20 octets of ICMPv6', cut(solicitation(), 14 + 40 + 20)),
    proxied('IPv6 that is no ICMPv6', v6({})),
    proxied('ARP ethertype with nothing in it', ethernetFrame(BROADCAST, GUEST, 0x86dd, new Uint8Array(40))),
  ],
};
