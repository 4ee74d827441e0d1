/** What a worker's miss record says, in the words of the API. */
import { RECORD_ADDRESS0, RECORD_MAC_HIGH, RECORD_MAC_LOW } from '../dataplane/records.js';
import { formatAddress, formatMac } from '../wire/text.js';
import type { VtepEvent } from './types.js';

export type MissEvent = Extract<VtepEvent, { type: 'miss' }>;

/** The record at `at` of `words`: layer 2, a MAC without a VTEP; layer 3, an address without a MAC. */
export function missEvent(layer: 2 | 3, dev: string, words: Int32Array, at: number): MissEvent {
  if (layer === 3) return { type: 'miss', layer, dev, dst: formatAddress(words, at + RECORD_ADDRESS0) };
  const lladdr = formatMac(words[at + RECORD_MAC_HIGH], words[at + RECORD_MAC_LOW]);
  return { type: 'miss', layer, dev, lladdr };
}
