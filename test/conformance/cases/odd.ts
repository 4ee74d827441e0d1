/** Frames that are too short to be read, too big for the underlay, or otherwise odd. */
import type { Case, Group } from '../case.js';
import { transmit } from '../kinds.js';
import { arpPacket } from '../../support/packets.js';
import {
  BROADCAST,
  concat,
  cut,
  ethernetFrame,
  GUEST,
  NEAR,
  raw,
  sized,
  sized6,
  V4,
  v4,
  V6,
  vlan,
  ZERO,
} from './inner.js';

const R4 = 'remote 192.168.100.3';
const R6 = 'remote fd00:100::3';

const short4 = (octets: number): Uint8Array => cut(V4, 14 + octets);

/** Too big for an underlay of 1500 octets when beyond 1450 over IPv4 and 1430 over IPv6. */
const bigger = (octets: number): Case[] =>
  [R4, R6].flatMap((remote) => {
    const setup = ['link set vx0 mtu 9000'];
    const more = {
      link: remote,
      setup,
    };
    return [
      transmit(`${octets} octets of IPv4, ${remote}`, { ...more, frame: sized(octets) }),
      transmit(`${octets} octets of IPv6, ${remote}`, { ...more, frame: sized6(octets) }),
    ];
  });

export const ODD: Group = {
  title: 'Short, long and odd frames',
  says: 'What is too short to be read is dropped; what is too big for the underlay is fragmented, or dropped with DF.',
  cases: [
    transmit('14 octets of an unknown type', {
      link: R4,
      frame: raw(14),
      deviation:
        'a frame without payload is counted as sent; the kernel sends it and counts it as dropped (iptunnel_xmit_stats takes 0 octets for that)',
    }),
    ...[15, 20, 33, 60, 61, 1000].map((length) =>
      transmit(`${length} octets of an unknown type`, { link: R4, frame: raw(length) }),
    ),
    ...[0, 1, 19, 20].map((octets) =>
      transmit(`IPv4 cut to ${octets} octets`, { link: R4, frame: short4(octets) }),
    ),
    ...[0, 1, 39, 40].map((octets) =>
      transmit(`IPv6 cut to ${octets} octets`, { link: R4, frame: cut(V6, 14 + octets) }),
    ),
    ...[16, 18, 37, 38].map((octets) =>
      transmit(`tagged IPv4 cut to ${octets} octets of frame`, { link: R4, frame: cut(vlan(V4), octets) }),
    ),
    transmit('IPv4 with a version of 5', { link: R4, frame: concat(cut(V4, 14), [0x55], V4.slice(15)) }),
    transmit('IPv4 with a header length of 4 words', {
      link: `${R4} tos inherit ttl inherit`,
      frame: concat(cut(V4, 14), [0x44], V4.slice(15)),
    }),
    transmit('IPv4 that claims more than there is', { link: R4, frame: v4({ totalLength: 1000 }) }),
    transmit('IPv6 with a version of 4', {
      link: `${R4} tos inherit`,
      frame: concat(cut(V6, 14), [0x40], V6.slice(15)),
    }),
    transmit('an 802.3 length instead of a type', {
      link: R4,
      frame: ethernetFrame(NEAR, GUEST, 46, new Uint8Array(46)),
    }),
    transmit('ARP without proxy', {
      link: R4,
      frame: ethernetFrame(
        BROADCAST,
        GUEST,
        0x0806,
        arpPacket({ senderMac: GUEST, senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
      ),
    }),
    ...bigger(1430),
    ...bigger(1450),
    ...bigger(1451),
    ...bigger(2000),
    ...bigger(4000),
    ...['set', 'inherit'].flatMap((df) => [
      transmit(`df ${df}, 1450 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1450, true),
      }),
      transmit(`df ${df}, 1451 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1451, true),
      }),
      transmit(`df ${df}, 1451 octets without DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized(1451),
      }),
      transmit(`df ${df}, 1451 octets of IPv6`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: sized6(1451),
      }),
      transmit(`df ${df}, tagged, 1447 octets with DF`, {
        link: `${R4} df ${df}`,
        setup: ['link set vx0 mtu 9000'],
        frame: vlan(sized(1447, true)),
      }),
    ]),
    transmit('two fragmented replicas', {
      setup: [
        'link set vx0 mtu 9000',
        `fdb append ${ZERO} dst 192.168.100.3`,
        `fdb append ${ZERO} dst 192.168.100.4`,
      ],
      frame: sized(2000),
    }),
  ],
};
