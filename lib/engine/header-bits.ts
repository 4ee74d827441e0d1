/**
 * The bits of the VXLAN header by a VTEP's options: what it sends in the first word, and what must be zero when it
 * receives (kernel: vxlan_nl2conf, used_bits and reserved_bits).
 *
 * A mask is text here, as `ip -d -j link` shows it ("0xf7ffffff000000ff"): 64 bits are more than a JSON number holds.
 */
import { VtepError } from '../errors.js';
import { formatMask, parseMask } from '../wire/text.js';
import { I_FLAG } from '../wire/vxlan.js';
import { GBP_USED, GPE_ETHERNET_WORD, GPE_USED, gbpWord } from '../wire/vxlan-extensions.js';
import type { LinkConfig } from './types.js';

type HeaderOptions = Pick<LinkConfig, 'gbp' | 'gpe' | 'gbpId'>;

const ALL = 0xffff_ffff_ffff_ffffn;
/** The VNI, in the second word. */
const VNI_BITS = 0xffff_ff00n;

/** As the kernel writes one in its errors: all sixteen digits. */
function wideText(mask: bigint): string {
  return `0x${mask.toString(16).padStart(16, '0')}`;
}

/** Bits that the options give a meaning, of both words. */
function usedBits({ gbp, gpe }: Pick<LinkConfig, 'gbp' | 'gpe'>): bigint {
  const high = I_FLAG | (gbp ? GBP_USED : 0) | (gpe ? GPE_USED : 0);
  return (BigInt(high >>> 0) << 32n) | VNI_BITS;
}

/** Every bit without a meaning: the mask of a device that is not told another. */
export function defaultReservedBits(options: Pick<LinkConfig, 'gbp' | 'gpe'>): string {
  return formatMask(~usedBits(options) & ALL);
}

/**
 * Canonical text of a mask that reserves no bit in use.
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 */
export function checkReservedBits(text: string, options: Pick<LinkConfig, 'gbp' | 'gpe'>): string {
  const mask = parseMask(text);
  const refuse = (message: string): VtepError =>
    new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: text });
  if (mask === undefined) {
    throw refuse(
      `reserved_bits is "${text}"; expected a 64-bit mask such as ${defaultReservedBits(options)}`,
    );
  }
  const used = usedBits(options);
  if ((mask & used) === 0n) return formatMask(mask);
  throw refuse(
    `Used bits ${wideText(used)} cannot overlap reserved bits ${wideText(mask)}; reserve at most ${defaultReservedBits(options)}`,
  );
}

/** The mask as two words, of the first and the second word of the header. */
export function reservedWords(text: string): [high: number, low: number] {
  const mask = parseMask(text) ?? 0n;
  return [Number(mask >> 32n) | 0, Number(mask & 0xffff_ffffn) | 0];
}

/** The first word of every header that is sent. */
export function headerWord({ gbp, gpe, gbpId }: HeaderOptions): number {
  if (gpe) return GPE_ETHERNET_WORD;
  return gbp ? gbpWord(gbpId) : I_FLAG;
}
