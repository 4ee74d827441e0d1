/** Inner frames that many cases send. */
import {
  BROADCAST,
  ethernetFrame,
  ipv6Packet,
  tagged,
  udp6Frame,
  udpDatagram,
  udpFrame,
  concat,
} from '../../support/packets.js';

export { BROADCAST };
/** A guest's MAC, and two that entries point to. */
export const GUEST = '02:00:00:00:03:01';
export const NEAR = '02:00:00:00:02:01';
export const FAR = '02:00:00:00:02:02';
export const ZERO = '00:00:00:00:00:00';
export const GROUP_MAC = '01:00:5e:01:01:01';

export const V4 = udpFrame(NEAR, GUEST, { tos: 0x2b, ttl: 17, df: true });
export const V4_PLAIN = udpFrame(NEAR, GUEST);
export const V6 = udp6Frame(NEAR, GUEST, { trafficClass: 0x49, hopLimit: 33 });
export const ARP_LIKE = ethernetFrame(BROADCAST, GUEST, 0x88b5, new Uint8Array(46));

/** UDP over IPv4 with these fields, to NEAR. */
export const v4 = (fields: Parameters<typeof udpFrame>[2]): Uint8Array => udpFrame(NEAR, GUEST, fields);
export const v6 = (fields: Parameters<typeof udp6Frame>[2]): Uint8Array => udp6Frame(NEAR, GUEST, fields);

/** A frame of so many octets of an ethertype no stack answers. */
export const raw = (length: number, dst = NEAR, src = GUEST): Uint8Array =>
  ethernetFrame(
    dst,
    src,
    0x88b5,
    Uint8Array.from({ length: length - 14 }, (_, i) => i),
  );

/** A UDP packet of so many octets of IPv4. */
export const sized = (octets: number, df = false): Uint8Array => {
  const frame = udpFrame(NEAR, GUEST, { df, totalLength: octets });
  return concat(frame, new Uint8Array(octets + 14 - frame.length));
};

export const sized6 = (octets: number): Uint8Array =>
  ethernetFrame(
    NEAR,
    GUEST,
    0x86dd,
    ipv6Packet({ src: 'fd00::1', dst: 'fd00::2' }, udpDatagram(1000, 2000, new Uint8Array(octets - 48))),
  );

export const vlan = (frame: Uint8Array, id = 5, tpid = 0x8100): Uint8Array => tagged(frame, id, tpid);

/** The frame cut to its first octets. */
export const cut = (frame: Uint8Array, length: number): Uint8Array => frame.slice(0, length);

export { concat, ethernetFrame };
