/**
 * What left for the underlay, so that two devices' frames can be compared: everything octet by octet but the IP
 * identification, the UDP source port and the checksums that follow from them; those are verified instead.
 */
import { checksumOf, addressOctets } from '../support/packets.js';
import { fact, type Fact } from './case.js';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const UDP = 17;
const FRAGMENT_HEADER = 44;

interface Outer {
  masked: Buffer;
  shown: string;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/** An address with its common prefix left out: `.3`, `::3`. */
function short(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.').replace(/^192\.168\.100/, '');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1).replace(/^fd00:100::/, '::');
}

/** `ok`, `zero` or `wrong` for the UDP datagram behind an IP header with these addresses. */
function udpChecksum(addresses: Buffer, udp: Buffer): string {
  if (udp.readUInt16BE(6) === 0) return 'zero';
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(UDP, 0);
  pseudo.writeUInt16BE(udp.length, 2);
  return checksumOf(Buffer.concat([addresses, pseudo, udp])) === 0 ? 'ok' : 'wrong';
}

function maskUdp(masked: Buffer, at: number): void {
  masked.fill(0, at, at + 2);
  masked.fill(0, at + 6, at + 8);
}

/** What is said of a whole UDP datagram at `at`. */
function udpText(
  frame: Buffer,
  at: number,
  end: number,
  addresses: Buffer,
  ports: readonly [number, number],
): string {
  const udp = frame.subarray(at, end);
  const source = udp.readUInt16BE(0);
  const range =
    source >= ports[0] && source < ports[1] ? '' : ` source port ${source} outside ${ports.join('-')}`;
  const checksum = udpChecksum(addresses, udp);
  const flags =
    udp.length >= 16 && udp.readUInt32BE(8) !== 0x08000000 ? ` flags ${hex(udp.readUInt32BE(8))}` : '';
  const vni = udp.length >= 16 ? ` vni ${udp.readUIntBE(12, 3)}${flags}` : '';
  return `:${udp.readUInt16BE(2)}${vni}${checksum === 'ok' ? '' : ` checksum ${checksum}`}${range}`;
}

function readIpv4(frame: Buffer, ports: readonly [number, number]): Outer {
  const [ip, masked] = [frame.subarray(14), Buffer.from(frame)];
  const [length, fragment] = [ip.readUInt16BE(2), ip.readUInt16BE(6)];
  masked.fill(0, 18, 20);
  masked.fill(0, 24, 26);
  const right = checksumOf(ip.subarray(0, 20)) === 0 ? '' : ' IP checksum wrong';
  const df = (fragment & 0x4000) === 0 ? '' : ' df';
  let rest = '';
  if ((fragment & 0x1fff) === 0) maskUdp(masked, 34);
  if ((fragment & 0x3fff) !== 0) rest = ` fragment ${(fragment & 0x1fff) * 8}${fragment & 0x2000 ? '+' : ''}`;
  else rest = udpText(frame, 34, 14 + length, ip.subarray(12, 20), ports);
  return {
    masked,
    shown: `${short(ip.subarray(16, 20))}${rest} ttl ${ip[8]} tos ${hex(ip[1]!)}${df}${right}`,
  };
}

function readIpv6(frame: Buffer, ports: readonly [number, number]): Outer {
  const [ip, masked] = [frame.subarray(14), Buffer.from(frame)];
  const [length, first] = [ip.readUInt16BE(4), ip.readUInt32BE(0)];
  let rest = '';
  if (ip[6] === FRAGMENT_HEADER) {
    const offset = ip.readUInt16BE(42);
    masked.fill(0, 58, 62);
    if (offset >> 3 === 0) maskUdp(masked, 62);
    rest = ` fragment ${offset & 0xfff8}${offset & 1 ? '+' : ''}`;
  } else {
    maskUdp(masked, 54);
    rest = udpText(frame, 54, 54 + length, ip.subarray(8, 40), ports);
  }
  const label = first & 0xfffff ? ` flowlabel ${hex(first & 0xfffff)}` : '';
  return {
    masked,
    shown: `${short(ip.subarray(24, 40))}${rest} ttl ${ip[7]} tos ${hex((first >>> 20) & 0xff)}${label}`,
  };
}

function isUdp(frame: Buffer): boolean {
  if (frame.length < 34) return false;
  const type = frame.readUInt16BE(12);
  if (type === IPV4) return frame[23] === UDP;
  return type === IPV6 && frame.length >= 54 && (frame[20] === UDP || frame[20] === FRAGMENT_HEADER);
}

/**
 * The datagrams among what came in at the wire's other end.
 * @param ports the range that source ports may come from, its end exclusive
 */
export function outerFacts(
  frames: readonly Buffer[],
  ports: readonly [number, number] = [1024, 65536],
): Fact[] {
  return frames.filter(isUdp).map((frame) => {
    const outer = frame.readUInt16BE(12) === IPV4 ? readIpv4(frame, ports) : readIpv6(frame, ports);
    return fact(`${frame.length} octets to ${outer.shown}`, outer.masked.toString('hex'));
  });
}

/** A datagram from the peer for the host, in its Ethernet frame. `cut` shortens the UDP payload after the checksum is made. */
export interface Datagram {
  from: string;
  to: string;
  tos?: number;
  sourcePort?: number;
  port?: number;
  payload: Uint8Array;
  checksum?: 'ok' | 'zero' | 'wrong';
}

export function datagram(macs: readonly [string, string], parts: Datagram): Buffer {
  const mac = (text: string): number[] => text.split(':').map((part) => Number.parseInt(part, 16));
  const [from, to] = [addressOctets(parts.from), addressOctets(parts.to)];
  const udp = Buffer.alloc(8 + parts.payload.length);
  udp.writeUInt16BE(parts.sourcePort ?? 51_000, 0);
  udp.writeUInt16BE(parts.port ?? 4789, 2);
  udp.writeUInt16BE(udp.length, 4);
  udp.set(parts.payload, 8);
  const sum = checksumOf([...from, ...to, 0, UDP, udp.length >> 8, udp.length & 255, ...udp]) || 0xffff;
  udp.writeUInt16BE({ ok: sum, zero: 0, wrong: sum ^ 0x0101 }[parts.checksum ?? 'ok'], 6);
  const isV4 = from.length === 4;
  return Buffer.concat([
    Buffer.from([...(groupMac(to) ?? mac(macs[0])), ...mac(macs[1]), ...(isV4 ? [8, 0] : [0x86, 0xdd])]),
    isV4 ? header4(from, to, udp.length, parts.tos ?? 0) : header6(from, to, udp.length, parts.tos ?? 0),
    udp,
  ]);
}

/** The MAC of a group (RFC 1112, section 6.4; RFC 2464, section 7); undefined for another address. */
function groupMac(to: readonly number[]): number[] | undefined {
  if (to.length === 4) return to[0]! >> 4 === 0xe ? [1, 0, 0x5e, to[1]! & 0x7f, ...to.slice(2)] : undefined;
  return to[0] === 0xff ? [0x33, 0x33, ...to.slice(12)] : undefined;
}

function header4(from: number[], to: number[], length: number, tos: number): Buffer {
  const header = Buffer.from([0x45, tos, 0, 0, 0x12, 0x34, 0, 0, 64, UDP, 0, 0, ...from, ...to]);
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt16BE(checksumOf(header), 10);
  return header;
}

function header6(from: number[], to: number[], length: number, tos: number): Buffer {
  const header = Buffer.from([0x60 | (tos >> 4), (tos << 4) & 0xff, 0, 0, 0, 0, UDP, 64, ...from, ...to]);
  header.writeUInt16BE(length, 4);
  return header;
}
