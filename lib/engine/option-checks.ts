/** Checks of changed options that need the host's answer; each throws and nothing has changed. */
import { VtepError } from '../errors.js';
import { checkReservedBits } from './header-bits.js';
import { headroom, underlayFamily } from './settings.js';
import type { System } from './system.js';
import type { LinkChange, LinkConfig } from './types.js';
import { addressWords, familyOf, isGroupMac, isZeroMac, macWords } from './words.js';

const MIN_MTU = 68;
const MAX_MTU = 65_535;

/** What a new VTEP's options say together: nothing has been made when this throws. */
export function checkNew(config: LinkConfig, family: 4 | 6, system: System): void {
  for (const text of [config.remote, config.group, config.local]) {
    if (text === undefined || familyOf(addressWords(text, 'address')) === family) continue;
    throw new VtepError('ERR_VTEP_ARGUMENT', `${text}: expected IPv${family}, as the other addresses are`, {
      errno: 'EINVAL',
      word: text,
    });
  }
  checkAddress(config.address);
  checkReservedBits(config.reserved_bits, config);
  if (config.dev !== undefined) system.mtuOf(config.dev);
}

/** Addresses of the underlay keep the family the device was made with; its lower device must exist. */
export function checkUnderlay(config: LinkConfig, name: string, family: 4 | 6, system: System): void {
  for (const text of [config.remote, config.group, config.local]) {
    if (text === undefined || underlayFamily({ remote: text }) === family) continue;
    throw new VtepError(
      'ERR_VTEP_FIXED',
      `${text}: the underlay of ${name} is IPv${family}, and its family cannot be changed`,
      { errno: 'EINVAL', word: text },
    );
  }
  if (config.dev !== undefined) system.mtuOf(config.dev);
}

/** 68 to what the lower device leaves, or 65,535 without one. */
export function checkMtu(mtu: number | undefined, config: LinkConfig, family: 4 | 6, system: System): void {
  if (mtu === undefined) return;
  const most = config.dev === undefined ? MAX_MTU : system.mtuOf(config.dev) - headroom(family);
  if (mtu >= MIN_MTU && mtu <= most) return;
  throw new VtepError('ERR_VTEP_ARGUMENT', `mtu ${mtu}: expected ${MIN_MTU} to ${most}`, {
    errno: 'EINVAL',
    word: String(mtu),
  });
}

/** A unicast MAC address. */
export function checkAddress(address: string | undefined): void {
  if (address === undefined) return;
  const mac = macWords(address, 'address');
  if (!isGroupMac(mac) && !isZeroMac(mac)) return;
  throw new VtepError('ERR_VTEP_ARGUMENT', `address "${address}": expected a unicast MAC address`, {
    errno: 'EADDRNOTAVAIL',
    word: address,
  });
}

/** `remote` and `group` are two names of one thing: giving one takes the other's place. */
export function withoutOldDefault(options: LinkChange): LinkChange {
  if (options.remote !== undefined) return { ...options, group: undefined };
  return options.group !== undefined ? { ...options, remote: undefined } : options;
}
