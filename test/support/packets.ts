/**
 * Packets made for tests, octet by octet and apart from lib/wire, so that a wrong offset there is not repeated here.
 * Every function returns a new array; addresses are text.
 *
 * @example
 * vxlanPacket(42, ethernetFrame(B, A, 0x0800, ipv4Packet({ src: '10.0.0.1', dst: '10.0.0.2' }, udpDatagram(1, 2))));
 */
import { parseAddress, parseMac } from '../../lib/wire/text.js';

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Big-endian octets of a 16-bit value. */
export function word16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255];
}

/** Big-endian octets of a 32-bit value. */
export function word32(value: number): number[] {
  return [...word16(value >>> 16), ...word16(value & 0xffff)];
}

export function macOctets(text: string): number[] {
  const mac = parseMac(text)!;
  return [...word32(mac.high), ...word16(mac.low)];
}

/** Four octets of an IPv4 address or sixteen of an IPv6 one. */
export function addressOctets(text: string): number[] {
  const words = [...parseAddress(text)!];
  return (text.includes(':') ? words : words.slice(3)).flatMap(word32);
}

export function ethernetFrame(dst: string, src: string, type: number, payload: Uint8Array): Uint8Array {
  return concat(macOctets(dst), macOctets(src), word16(type), payload);
}

/** The frame with a tag behind its addresses. */
export function tagged(frame: Uint8Array, id: number, tpid = 0x8100): Uint8Array {
  return concat(frame.slice(0, 12), word16(tpid), word16(id), frame.slice(12));
}

export interface ArpFields {
  operation?: number;
  hardware?: number;
  senderMac: string;
  senderIp: string;
  targetMac?: string;
  targetIp: string;
}

export function arpPacket(fields: ArpFields): Uint8Array {
  return concat(
    word16(fields.hardware ?? 1),
    [0x08, 0x00, 6, 4],
    word16(fields.operation ?? 1),
    macOctets(fields.senderMac),
    addressOctets(fields.senderIp),
    macOctets(fields.targetMac ?? '00:00:00:00:00:00'),
    addressOctets(fields.targetIp),
  );
}

/** One's complement checksum of an even or odd number of octets. */
export function checksumOf(octets: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i++) sum += octets[i] * (i % 2 === 0 ? 256 : 1);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

export interface Ipv4Fields {
  src: string;
  dst: string;
  protocol?: number;
  tos?: number;
  ttl?: number;
  df?: boolean;
  totalLength?: number;
}

export function ipv4Packet(fields: Ipv4Fields, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const header = concat(
    [0x45, fields.tos ?? 0],
    word16(fields.totalLength ?? 20 + payload.length),
    [0x12, 0x34, fields.df ? 0x40 : 0, 0, fields.ttl ?? 64, fields.protocol ?? 17, 0, 0],
    addressOctets(fields.src),
    addressOctets(fields.dst),
  );
  header.set(word16(checksumOf(header)), 10);
  return concat(header, payload);
}

export interface Ipv6Fields {
  src: string;
  dst: string;
  nextHeader?: number;
  trafficClass?: number;
  hopLimit?: number;
}

export function ipv6Packet(fields: Ipv6Fields, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat(
    word32((0x60000000 | ((fields.trafficClass ?? 0) << 20)) >>> 0),
    word16(payload.length),
    [fields.nextHeader ?? 17, fields.hopLimit ?? 64],
    addressOctets(fields.src),
    addressOctets(fields.dst),
    payload,
  );
}

/** A UDP datagram without a checksum. */
export function udpDatagram(src: number, dst: number, payload: Uint8Array = new Uint8Array(4)): Uint8Array {
  return concat(word16(src), word16(dst), word16(8 + payload.length), [0, 0], payload);
}

/** A VXLAN header (RFC 7348, section 5) and what it carries. */
export function vxlanPacket(vni: number, frame: Uint8Array, flags = 0x08000000, reserved = 0): Uint8Array {
  return concat(word32(flags), word32(((vni << 8) | reserved) >>> 0), frame);
}

/** A UDP packet in a frame: what most tests send. */
export function udpFrame(
  dst: string,
  src: string,
  fields: Partial<Ipv4Fields> = {},
  ports: [number, number] = [1_000, 2_000],
): Uint8Array {
  const ip = { src: '10.0.0.1', dst: '10.0.0.2', ...fields };
  return ethernetFrame(dst, src, 0x0800, ipv4Packet(ip, udpDatagram(...ports)));
}

/** The same over IPv6. */
export function udp6Frame(dst: string, src: string, fields: Partial<Ipv6Fields> = {}): Uint8Array {
  const ip = { src: 'fd00::1', dst: 'fd00::2', ...fields };
  return ethernetFrame(dst, src, 0x86dd, ipv6Packet(ip, udpDatagram(1_000, 2_000)));
}
