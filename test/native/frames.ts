/** Frames with TCP and UDP inside, built octet by octet. */
import { finish, pseudoHeader4, sum } from '../../lib/wire/checksum.js';

export interface FrameOptions {
  payload: Uint8Array;
  sequence?: number;
  id?: number;
  /** Leave the pseudo-header sum in the checksum field, as the stack does for NEEDS_CSUM. */
  partial?: boolean;
}

export const MAC_A = Uint8Array.of(2, 0, 0, 0, 0, 0xaa);
export const MAC_B = Uint8Array.of(2, 0, 0, 0, 0, 0xbb);

const ETHERNET = 14;
const IP = 20;

function putHeaders(bytes: Uint8Array, view: DataView, protocol: number, options: FrameOptions): void {
  bytes.set(MAC_B, 0);
  bytes.set(MAC_A, 6);
  view.setUint16(12, 0x0800);
  bytes.set([0x45, 0], ETHERNET);
  view.setUint16(ETHERNET + 2, bytes.length - ETHERNET);
  view.setUint16(ETHERNET + 4, options.id ?? 1);
  view.setUint16(ETHERNET + 6, 0x4000);
  bytes.set([64, protocol], ETHERNET + 8);
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2], ETHERNET + 12);
  view.setUint16(ETHERNET + 10, finish(sum(bytes, ETHERNET, IP)));
}

function putChecksum(
  bytes: Uint8Array,
  view: DataView,
  protocol: number,
  at: number,
  partial: boolean,
): void {
  const start = ETHERNET + IP;
  const pseudo = pseudoHeader4(bytes, ETHERNET, protocol, bytes.length - start);
  const whole = sum(bytes, start, bytes.length - start, pseudo);
  view.setUint16(start + at, partial ? ~finish(pseudo) & 0xffff : finish(whole));
}

/** A TCP segment 10.0.0.1:1000 -> 10.0.0.2:2000 with ACK set, checksum right. */
export function tcpFrame(options: FrameOptions): Uint8Array {
  const bytes = new Uint8Array(ETHERNET + IP + 20 + options.payload.length);
  const view = new DataView(bytes.buffer);
  const tcp = ETHERNET + IP;
  putHeaders(bytes, view, 6, options);
  view.setUint16(tcp, 1000);
  view.setUint16(tcp + 2, 2000);
  view.setUint32(tcp + 4, options.sequence ?? 1);
  view.setUint32(tcp + 8, 1);
  bytes.set([0x50, 0x10, 0x10, 0x00], tcp + 12);
  bytes.set(options.payload, tcp + 20);
  putChecksum(bytes, view, 6, 16, options.partial ?? false);
  return bytes;
}

/** A UDP datagram 10.0.0.1:1000 -> 10.0.0.2:2000, checksum right. */
export function udpFrame(options: FrameOptions): Uint8Array {
  const bytes = new Uint8Array(ETHERNET + IP + 8 + options.payload.length);
  const view = new DataView(bytes.buffer);
  const udp = ETHERNET + IP;
  putHeaders(bytes, view, 17, options);
  view.setUint16(udp, 1000);
  view.setUint16(udp + 2, 2000);
  view.setUint16(udp + 4, 8 + options.payload.length);
  bytes.set(options.payload, udp + 8);
  putChecksum(bytes, view, 17, 6, options.partial ?? false);
  return bytes;
}
