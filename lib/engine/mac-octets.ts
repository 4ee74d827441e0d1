/** MAC addresses as the kernel takes and gives them: six octets. */
import { formatMac, parseMac } from '../wire/text.js';

/** @param address a MAC in canonical text */
export function macOctets(address: string): Uint8Array {
  const mac = parseMac(address)!;
  const bytes = new Uint8Array(6);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, mac.high);
  view.setUint16(4, mac.low);
  return bytes;
}

export function macText(mac: Uint8Array): string {
  const view = new DataView(mac.buffer, mac.byteOffset, mac.byteLength);
  return formatMac(view.getInt32(0), view.getUint16(4));
}
