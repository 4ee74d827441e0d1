/** VXLAN datagrams made by hand, right and wrong: outer UDP header, VXLAN header, inner frame. */
import type { Host } from './host.js';

/** Ethertype for local experiments (IEEE 802): no stack answers it. */
export const EXPERIMENT = 0x88b5;

export interface VxlanParts {
  sourcePort?: number;
  port: number;
  vni: number;
  /** First octet of the VXLAN header; default 0x08, the I flag. */
  flags?: number;
  /** The last octet of the header, reserved. */
  reserved?: number;
  inner: Buffer;
  /** Cuts the UDP payload to this length. */
  cut?: number;
  checksum?: 'right' | 'zero' | 'wrong';
}

/** An Ethernet frame. */
export function frame(destination: string, source: string, ethertype: number, payload: Buffer): Buffer {
  const mac = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex');
  const type = Buffer.alloc(2);
  type.writeUInt16BE(ethertype);
  return Buffer.concat([mac(destination), mac(source), type, payload]);
}

/** RFC 768 checksum of `udp` (header and payload) between two IPv4 addresses. */
function udpChecksum(from: string, to: string, udp: Buffer): number {
  const pseudo = Buffer.from([
    ...`${from}.${to}`.split('.').map(Number),
    0,
    17,
    udp.length >> 8,
    udp.length & 0xff,
  ]);
  const all = Buffer.concat([pseudo, udp, Buffer.alloc(udp.length % 2)]);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += all.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}

/** A whole datagram from the UDP header on. */
export function vxlan(from: Host, to: Host, parts: VxlanParts): Buffer {
  const header = Buffer.alloc(8);
  header[0] = parts.flags ?? 0x08;
  header.writeUIntBE(parts.vni, 4, 3);
  header[7] = parts.reserved ?? 0;
  const payload = Buffer.concat([header, parts.inner]).subarray(0, parts.cut);
  const udp = Buffer.alloc(8 + payload.length);
  udp.writeUInt16BE(parts.sourcePort ?? 51_000, 0);
  udp.writeUInt16BE(parts.port, 2);
  udp.writeUInt16BE(udp.length, 4);
  payload.copy(udp, 8);
  const right = udpChecksum(from.address, to.address, udp);
  const checksum = { right, zero: 0, wrong: right ^ 0x0101 }[parts.checksum ?? 'right'];
  udp.writeUInt16BE(checksum, 6);
  return udp;
}
