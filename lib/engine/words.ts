/** Addresses on their way from text, as the API speaks, to words, as tables and data plane hold them. */
import { VtepError } from '../errors.js';
import { isIpv4, type Mac, parseAddress, parseMac } from '../wire/text.js';

/** Four words of an address given as text; ERR_VTEP_ARGUMENT names `what` when it is none. */
export function addressWords(text: string, what: string): Int32Array {
  const words = parseAddress(text);
  if (words === undefined) {
    throw new VtepError('ERR_VTEP_ARGUMENT', `${what} "${text}": expected an IPv4 or IPv6 address`, {
      errno: 'EINVAL',
      word: text,
    });
  }
  return words;
}

/** The two numbers of a MAC address given as text. */
export function macWords(text: string, what: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined) {
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `${what} "${text}": expected a MAC address such as 02:00:00:00:00:01`,
      {
        errno: 'EINVAL',
        word: text,
      },
    );
  }
  return mac;
}

/** 4 or 6. */
export function familyOf(words: Int32Array): 4 | 6 {
  return isIpv4(words) ? 4 : 6;
}

/** True for 0.0.0.0 and ::. */
export function isAny(words: Int32Array): boolean {
  return words[3] === 0 && words[0] === 0 && words[1] === 0 && (words[2] === 0 || words[2] === 0xffff);
}

/** True for a group address of either family. */
export function isGroup(words: Int32Array): boolean {
  return isIpv4(words) ? words[3] >>> 28 === 0xe : words[0] >>> 24 === 0xff;
}

/** True for the all-zeros MAC, the default destination's key. */
export function isZeroMac(mac: Mac): boolean {
  return (mac.high | mac.low) === 0;
}

/** True for a group MAC. */
export function isGroupMac(mac: Mac): boolean {
  return ((mac.high >>> 24) & 1) !== 0;
}
