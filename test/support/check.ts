/**
 * Says what a frame should be, layer by layer, and fails on the first field that differs:
 *
 *   check(frame, ethernet({ dst: 'ff:ff:ff:ff:ff:ff' }), ipv4({ ttl: 64 }), udp({ dst: 4789 }), vxlan({ vni: 42 }))
 *
 * Only the named fields are compared. Each layer also checks what makes it well-formed (version, lengths, header
 * checksum) and that the layer before announced it. Written apart from lib/wire on purpose, over a DataView: a
 * wrong offset there is not repeated here.
 */
import assert from 'node:assert/strict';
import { formatAddress, formatMac } from '../../lib/wire/text.js';

interface Cursor {
  readonly view: DataView;
  /** First octet of the next layer. */
  at: number;
  /** One past the last octet that counts; Ethernet padding is cut off by the IP length. */
  end: number;
  /** EtherType or IP protocol the layer before announced; undefined where it announces nothing. */
  next: string | undefined;
  /** Sum of the pseudo-header's addresses. */
  pseudo: number;
}

/** One layer's expectation; moves the cursor behind its header. */
export type Layer = (cursor: Cursor) => void;

type Fields = Record<string, string | number | boolean | undefined>;

/** Compares a frame with the layers, outermost first. */
export function check(frame: Uint8Array, ...layers: Layer[]): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const cursor: Cursor = { view, at: 0, end: frame.length, next: undefined, pseudo: 0 };
  for (const layer of layers) layer(cursor);
}

export function ethernet(expected: { dst?: string; src?: string; type?: number } = {}): Layer {
  return (cursor) => {
    const at = take(cursor, 'ethernet', undefined, 14);
    const type = cursor.view.getUint16(at + 12);
    compare('ethernet', expected, { dst: mac(cursor, at), src: mac(cursor, at + 6), type });
    cursor.next = etherType(type);
  };
}

/** An 802.1Q or 802.1ad tag. */
export function vlan(expected: { id?: number; priority?: number } = {}): Layer {
  return (cursor) => {
    // The EtherType that announced the tag is its TPID and already consumed.
    const at = take(cursor, 'vlan', 'vlan', 4);
    const tci = cursor.view.getUint16(at);
    compare('vlan', expected, { id: tci & 0xfff, priority: tci >>> 13 });
    cursor.next = etherType(cursor.view.getUint16(at + 2));
  };
}

interface ArpFields extends Fields {
  operation?: number;
  senderMac?: string;
  senderIp?: string;
  targetMac?: string;
  targetIp?: string;
}

export function arp(expected: ArpFields = {}): Layer {
  return (cursor) => {
    const at = take(cursor, 'arp', 'arp', 28);
    assert.equal(cursor.view.getUint32(at), 0x00010800, 'arp: Ethernet and IPv4');
    assert.equal(cursor.view.getUint16(at + 4), 0x0604, 'arp: address lengths');
    compare('arp', expected, {
      operation: cursor.view.getUint16(at + 6),
      senderMac: mac(cursor, at + 8),
      senderIp: address4(cursor, at + 14),
      targetMac: mac(cursor, at + 18),
      targetIp: address4(cursor, at + 24),
    });
    cursor.next = undefined;
  };
}

interface Ipv4Fields extends Fields {
  src?: string;
  dst?: string;
  ttl?: number;
  tos?: number;
  df?: boolean;
  protocol?: number;
  identification?: number;
  totalLength?: number;
}

export function ipv4(expected: Ipv4Fields = {}): Layer {
  return (cursor) => {
    const header = (cursor.view.getUint8(cursor.at) & 15) * 4;
    const at = take(cursor, 'ipv4', 'ipv4', header);
    const { view } = cursor;
    assert.equal(view.getUint8(at) >>> 4, 4, 'ipv4.version');
    assert.equal(onesComplement(view, at, header), 0xffff, 'ipv4.checksum');
    const totalLength = view.getUint16(at + 2);
    const protocol = view.getUint8(at + 9);
    compare('ipv4', expected, {
      src: address4(cursor, at + 12),
      dst: address4(cursor, at + 16),
      ttl: view.getUint8(at + 8),
      tos: view.getUint8(at + 1),
      df: (view.getUint8(at + 6) & 0x40) !== 0,
      protocol,
      identification: view.getUint16(at + 4),
      totalLength,
    });
    cut(cursor, 'ipv4', at + totalLength);
    cursor.pseudo = onesComplement(view, at + 12, 8) + protocol;
    cursor.next = ipProtocol(protocol);
  };
}

interface Ipv6Fields extends Fields {
  src?: string;
  dst?: string;
  hopLimit?: number;
  trafficClass?: number;
  flowLabel?: number;
  nextHeader?: number;
  payloadLength?: number;
}

export function ipv6(expected: Ipv6Fields = {}): Layer {
  return (cursor) => {
    const at = take(cursor, 'ipv6', 'ipv6', 40);
    const { view } = cursor;
    const first = view.getUint32(at);
    assert.equal(first >>> 28, 6, 'ipv6.version');
    const payloadLength = view.getUint16(at + 4);
    const nextHeader = view.getUint8(at + 6);
    compare('ipv6', expected, {
      src: address6(cursor, at + 8),
      dst: address6(cursor, at + 24),
      hopLimit: view.getUint8(at + 7),
      trafficClass: (first >>> 20) & 255,
      flowLabel: first & 0xfffff,
      nextHeader,
      payloadLength,
    });
    cut(cursor, 'ipv6', at + 40 + payloadLength);
    cursor.pseudo = onesComplement(view, at + 8, 32) + nextHeader;
    cursor.next = ipProtocol(nextHeader);
  };
}

/** `checksum`: 'valid' (verified against the pseudo-header) or 'zero'; by default not looked at. */
export function udp(
  expected: { src?: number; dst?: number; length?: number; checksum?: 'valid' | 'zero' } = {},
): Layer {
  return (cursor) => {
    const at = take(cursor, 'udp', 'udp', 8);
    const { checksum, ...fields } = expected;
    const length = cursor.view.getUint16(at + 4);
    compare('udp', fields, { src: cursor.view.getUint16(at), dst: cursor.view.getUint16(at + 2), length });
    cut(cursor, 'udp', at + length);
    if (checksum === 'zero') assert.equal(cursor.view.getUint16(at + 6), 0, 'udp.checksum');
    if (checksum === 'valid') verify(cursor, 'udp', at);
    cursor.next = undefined;
  };
}

interface TcpFields extends Fields {
  src?: number;
  dst?: number;
  sequence?: number;
  flags?: number;
}

/** Verifies the checksum unless `checksum` is false. */
export function tcp(expected: TcpFields & { checksum?: boolean } = {}): Layer {
  return (cursor) => {
    const header = (cursor.view.getUint8(cursor.at + 12) >>> 4) * 4;
    const at = take(cursor, 'tcp', 'tcp', header);
    const { checksum, ...fields } = expected;
    compare('tcp', fields, {
      src: cursor.view.getUint16(at),
      dst: cursor.view.getUint16(at + 2),
      sequence: cursor.view.getUint32(at + 4),
      flags: cursor.view.getUint8(at + 13),
    });
    if (checksum !== false) verify(cursor, 'tcp', at);
    cursor.next = undefined;
  };
}

/** ICMP or ICMPv6; the checksum is verified. `rest` is the header's second word, unsigned. */
export function icmp(expected: { type?: number; code?: number; rest?: number } = {}): Layer {
  return (cursor) => {
    const isV6 = cursor.next === 'icmpv6';
    const at = take(cursor, 'icmp', isV6 ? 'icmpv6' : 'icmp', 8);
    const { view } = cursor;
    compare('icmp', expected, {
      type: view.getUint8(at),
      code: view.getUint8(at + 1),
      rest: view.getUint32(at + 4),
    });
    if (isV6) verify(cursor, 'icmpv6', at);
    else assert.equal(onesComplement(view, at, cursor.end - at), 0xffff, 'icmp.checksum');
    cursor.next = undefined;
  };
}

export function vxlan(expected: { vni?: number; flags?: number } = {}): Layer {
  return (cursor) => {
    const at = take(cursor, 'vxlan', undefined, 8);
    const flags = cursor.view.getUint32(at);
    assert.equal((flags & 0x08000000) >>> 0, 0x08000000, 'vxlan: I flag');
    assert.equal(cursor.view.getUint8(at + 7), 0, 'vxlan: reserved octet');
    compare('vxlan', { flags: 0x08000000, ...expected }, { vni: cursor.view.getUint32(at + 4) >>> 8, flags });
  };
}

/** The octets that remain: all of them, or how many. */
export function payload(expected: Uint8Array | number): Layer {
  return (cursor) => {
    const { buffer, byteOffset } = cursor.view;
    const rest = new Uint8Array(buffer, byteOffset + cursor.at, cursor.end - cursor.at);
    if (typeof expected === 'number') assert.equal(rest.length, expected, 'payload length');
    else assert.deepEqual(Buffer.from(rest), Buffer.from(expected), 'payload');
    cursor.at = cursor.end;
  };
}

function take(cursor: Cursor, layer: string, announced: string | undefined, bytes: number): number {
  if (announced !== undefined && cursor.next !== undefined)
    assert.equal(cursor.next, announced, `${layer} announced`);
  assert.ok(
    cursor.at + bytes <= cursor.end,
    `${layer}: ${cursor.end - cursor.at} octets left, needs ${bytes}`,
  );
  const at = cursor.at;
  cursor.at += bytes;
  return at;
}

function cut(cursor: Cursor, layer: string, end: number): void {
  assert.ok(end >= cursor.at && end <= cursor.end, `${layer}: length ends at ${end}, frame at ${cursor.end}`);
  cursor.end = end;
}

function verify(cursor: Cursor, layer: string, at: number): void {
  const length = cursor.end - at;
  const sum = onesComplement(cursor.view, at, length) + cursor.pseudo + length;
  assert.equal((sum & 0xffff) + (sum >>> 16), 0xffff, `${layer}.checksum`);
}

function compare(layer: string, expected: Fields, actual: Fields): void {
  for (const [field, value] of Object.entries(expected)) {
    if (value !== undefined) assert.equal(actual[field], value, `${layer}.${field}`);
  }
}

/** Folded one's complement sum, not complemented. */
function onesComplement(view: DataView, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += view.getUint8(at + i) * (i % 2 === 0 ? 256 : 1);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

function mac(cursor: Cursor, at: number): string {
  return formatMac(cursor.view.getInt32(at), cursor.view.getUint16(at + 4));
}

function address4(cursor: Cursor, at: number): string {
  return formatAddress([0, 0, 0xffff, cursor.view.getInt32(at)]);
}

function address6(cursor: Cursor, at: number): string {
  return formatAddress([0, 4, 8, 12].map((word) => cursor.view.getInt32(at + word)));
}

function etherType(type: number): string {
  const names: Record<number, string> = {
    0x0800: 'ipv4',
    0x0806: 'arp',
    0x86dd: 'ipv6',
    0x8100: 'vlan',
    0x88a8: 'vlan',
  };
  return names[type] ?? `type 0x${type.toString(16)}`;
}

function ipProtocol(protocol: number): string {
  const names: Record<number, string> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };
  return names[protocol] ?? `protocol ${protocol}`;
}
