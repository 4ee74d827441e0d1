/** ARP proxy, route short-circuit. */
import type { Group } from '../case.js';
import { transmit } from '../kinds.js';
import { arpPacket, type ArpFields } from '../../support/packets.js';
import { BROADCAST, cut, ethernetFrame, FAR, GUEST, NEAR, V4, v4, v6, vlan } from './inner.js';

const R4 = 'remote 192.168.100.3';
const KNOWN = `neigh add 10.0.0.2 lladdr ${NEAR} nud permanent`;

const request = (fields: Partial<ArpFields> = {}, dst = BROADCAST): Uint8Array =>
  ethernetFrame(
    dst,
    GUEST,
    0x0806,
    arpPacket({ senderMac: GUEST, senderIp: '10.0.0.1', targetIp: '10.0.0.2', ...fields }),
  );

/** The frame with other octets from `at` on. */
const changed = (frame: Uint8Array, at: number, ...octets: number[]): Uint8Array => {
  const copy = frame.slice();
  copy.set(octets, at);
  return copy;
};

const proxied = (
  what: string,
  frame: Uint8Array,
  setup: readonly string[] = [KNOWN],
  link = `${R4} proxy`,
  more = {},
) => transmit(what, { link, setup, frame, ...more });

export const PROXY: Group = {
  title: 'ARP proxy',
  says: 'An ARP frame sent on vx0 made with `proxy`: the answer that comes up octet by octet, or what leaves.',
  cases: [
    proxied('a request for a known address', request()),
    proxied('a request for an unknown address', request({ targetIp: '10.0.0.9' })),
    proxied(
      'a request for an unknown address, no default',
      request({ targetIp: '10.0.0.9' }),
      [KNOWN],
      'proxy',
    ),
    proxied(
      'a request for an unknown address, l3miss',
      request({ targetIp: '10.0.0.9' }),
      [KNOWN],
      `${R4} proxy l3miss`,
    ),
    proxied('without proxy', request(), [KNOWN], R4),
    proxied('to a unicast MAC', request({}, NEAR)),
    proxied('a probe: sender 0.0.0.0', request({ senderIp: '0.0.0.0' })),
    proxied('a gratuitous request', request({ targetIp: '10.0.0.1' })),
    proxied(
      'a gratuitous request of a known neighbour',
      request({ senderIp: '10.0.0.2', targetIp: '10.0.0.2' }),
    ),
    proxied('a reply', request({ operation: 2 })),
    proxied('RARP operation 3', request({ operation: 3 })),
    proxied('InARP operation 8', request({ operation: 8 })),
    proxied('hardware type 6', request({ hardware: 6 })),
    proxied('hardware type 7', request({ hardware: 7 })),
    proxied('protocol type IPv6', changed(request(), 16, 0x86, 0xdd)),
    proxied('hardware length 8', changed(request(), 18, 8)),
    proxied('protocol length 16', changed(request(), 19, 16)),
    proxied('target 127.0.0.1', request({ targetIp: '127.0.0.1' }), [
      KNOWN,
      `neigh add 127.0.0.1 lladdr ${NEAR} nud permanent`,
    ]),
    proxied('target a group', request({ targetIp: '239.1.1.1' })),
    proxied('target 255.255.255.255', request({ targetIp: '255.255.255.255' })),
    proxied("sender MAC other than the frame's", request({ senderMac: FAR })),
    proxied('padded to 60 octets', Uint8Array.of(...request(), ...new Uint8Array(18))),
    proxied('cut to 27 octets of ARP', cut(request(), 41)),
    proxied('cut to 8 octets of ARP', cut(request(), 22)),
    proxied('nothing but the Ethernet header', cut(request(), 14)),
    proxied('in a VLAN tag', vlan(request())),
    proxied('RARP ethertype', ethernetFrame(BROADCAST, GUEST, 0x8035, request().slice(14))),
    ...['noarp', 'reachable', 'stale', 'delay', 'probe', 'failed'].map((state) =>
      proxied(`a neighbour that is ${state}`, request(), [`neigh add 10.0.0.2 lladdr ${NEAR} nud ${state}`]),
    ),
    proxied('a neighbour whose entry has a remote', request(), [KNOWN, `fdb add ${NEAR} dst 192.168.100.4`]),
    proxied('a neighbour whose entry points to 0.0.0.0', request(), [KNOWN, `fdb add ${NEAR} dst 0.0.0.0`]),
    proxied('a neighbour that was removed', request(), [KNOWN, 'neigh del 10.0.0.2']),
    proxied('a neighbour that was replaced', request(), [
      KNOWN,
      `neigh replace 10.0.0.2 lladdr ${FAR} nud permanent`,
    ]),
    proxied('the requester asks for itself, known', request({ targetIp: '10.0.0.1' }), [
      `neigh add 10.0.0.1 lladdr ${GUEST} nud permanent`,
    ]),
    proxied('a neighbour put there with ip neigh', request(), [
      `ip neigh add 10.0.0.2 lladdr ${NEAR} nud permanent dev vx0`,
      'sleep 100',
    ]),
    proxied('IPv4 is not consumed', V4),
  ],
};

const ROUTER = '02:00:00:00:00:fe';
const routed = (what: string, frame: Uint8Array, setup: readonly string[], link = 'rsc', more = {}) =>
  transmit(what, { link, setup: [`fdb add ${ROUTER} dst 192.168.100.3 router`, ...setup], frame, ...more });
const toRouter = (frame: Uint8Array): Uint8Array =>
  Uint8Array.of(...ethernetFrame(ROUTER, GUEST, 0, new Uint8Array()).slice(0, 12), ...frame.slice(12));
const HOST4 = `neigh add 10.0.0.2 lladdr ${NEAR} nud permanent`;
const HOST6 = `neigh add fd00::2 lladdr ${NEAR} nud permanent`;
const THERE = `fdb add ${NEAR} dst 192.168.100.4`;

export const SHORT_CIRCUIT: Group = {
  title: 'Route short-circuit',
  says: 'A packet for a MAC whose entry is marked `router`, on vx0 made with `rsc`.',
  cases: [
    routed('a known neighbour', toRouter(v4({})), [HOST4, THERE]),
    routed('a known neighbour, IPv6', toRouter(v6({})), [HOST6, THERE]),
    routed('without rsc', toRouter(v4({})), [HOST4, THERE], ''),
    routed('an unknown neighbour', toRouter(v4({})), [THERE]),
    routed('an unknown neighbour, l3miss', toRouter(v4({})), [THERE], 'rsc l3miss'),
    routed('an unknown neighbour, IPv6', toRouter(v6({})), [THERE]),
    routed('a neighbour whose MAC has no entry', toRouter(v4({})), [HOST4]),
    routed(
      'a neighbour whose MAC has no entry, a default',
      toRouter(v4({})),
      [HOST4],
      'rsc remote 192.168.100.5',
    ),
    routed('a neighbour whose entry points to 0.0.0.0', toRouter(v4({})), [
      HOST4,
      `fdb add ${NEAR} dst 0.0.0.0`,
    ]),
    routed("a neighbour with the router's MAC", toRouter(v4({})), [
      `neigh add 10.0.0.2 lladdr ${ROUTER} nud permanent`,
    ]),
    routed('a stale neighbour', toRouter(v4({})), [`neigh add 10.0.0.2 lladdr ${NEAR} nud stale`, THERE]),
    routed('TTL 1', toRouter(v4({ ttl: 1 })), [HOST4, THERE]),
    routed('TTL 0', toRouter(v4({ ttl: 0 })), [HOST4, THERE]),
    routed('in a VLAN tag', vlan(toRouter(v4({}))), [HOST4, THERE]),
    routed('cut to 10 octets of IPv4', cut(toRouter(v4({})), 24), [HOST4, THERE]),
    routed('to a MAC that is not marked', v4({}), [HOST4, THERE]),
    routed('an unknown type', toRouter(ethernetFrame(NEAR, GUEST, 0x88b5, new Uint8Array(46))), [
      HOST4,
      THERE,
    ]),
  ],
};
