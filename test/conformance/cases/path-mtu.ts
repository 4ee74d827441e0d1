/** Too big for the underlay, on a device that is a port of a bridge: the guest is told. */
import type { Case, Group } from '../case.js';
import { transmit } from '../kinds.js';
import { cut, ethernetFrame, GROUP_MAC, NEAR, sized, sized6, vlan } from './inner.js';

const BEHIND_TAGS =
  'a guest behind a VLAN tag is told as well; the kernel looks behind none and fragments what must not be';

// Neither up nor snooping, the bridge sends nothing of its own.
const BRIDGED = [
  'ip link add br0 type bridge mcast_snooping 0',
  'ip link set vx0 mtu 9000 master br0',
  'sleep 20',
];

const bridged = (what: string, frame: Uint8Array, link = 'remote 192.168.100.3'): Case =>
  transmit(what, { link, setup: BRIDGED, frame });

/** The frame to another MAC. */
const toMac = (mac: string, frame: Uint8Array): Uint8Array =>
  Uint8Array.of(...cut(ethernetFrame(mac, NEAR, 0, new Uint8Array()), 6), ...frame.slice(6));

/** The frame with other octets from `at` on; for IPv4 its header checksum is not looked at on the way out. */
const changed = (frame: Uint8Array, at: number, ...octets: number[]): Uint8Array => {
  const copy = frame.slice();
  copy.set(octets, at);
  return copy;
};

export const PATH_MTU: Group = {
  title: 'Path MTU of a bridged device',
  says: 'A frame sent on vx0, a port of a bridge with an MTU of 9000, over an underlay of 1500: what comes back up, or leaves in fragments.',
  cases: [
    bridged('1450 octets with DF', sized(1450, true)),
    bridged('1451 octets with DF', sized(1451, true)),
    bridged('4000 octets with DF', sized(4000, true)),
    bridged('1451 octets without DF', sized(1451)),
    bridged('1450 octets of IPv6', sized6(1450)),
    bridged('1451 octets of IPv6', sized6(1451)),
    bridged('4000 octets of IPv6', sized6(4000)),
    bridged('1451 octets with DF, df set', sized(1451, true), 'remote 192.168.100.3 df set'),
    bridged('1431 octets with DF over IPv6', sized(1431, true), 'remote fd00:100::3'),
    bridged('1431 octets of IPv6 over IPv6', sized6(1431), 'remote fd00:100::3'),
    bridged('1430 octets with DF over IPv6', sized(1430, true), 'remote fd00:100::3'),
    { ...bridged('1451 octets with DF in a tag', vlan(sized(1451, true))), deviation: BEHIND_TAGS },
    bridged('1451 octets with DF to a group', changed(toMac(GROUP_MAC, sized(1451, true)), 30, 239, 1, 1, 1)),
    bridged('1451 octets with DF from 0.0.0.0', changed(sized(1451, true), 26, 0, 0, 0, 0)),
    bridged('1451 octets with DF from 127.0.0.1', changed(sized(1451, true), 26, 127, 0, 0, 1)),
    bridged('1451 octets, DF and MF', changed(sized(1451, true), 20, 0x60, 0)),
    bridged(
      'an ICMP echo request with DF',
      changed(sized(1451, true), 23, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 8, 0),
    ),
    bridged('an ICMP error with DF', changed(sized(1451, true), 23, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 1)),
    bridged(
      '1460 octets of an unknown type',
      ethernetFrame(NEAR, '02:00:00:00:03:01', 0x88b5, new Uint8Array(1460)),
    ),
  ],
};
