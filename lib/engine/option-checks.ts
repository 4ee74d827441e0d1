/** Checks of changed options that need the host's answer; each throws and nothing has changed. */
import { VtepError } from '../errors.js';
import { checkReservedBits } from './header-bits.js';
import { checkNeighbourOptions } from './neighbour-options.js';
import { DEFAULT_MTU, hasChecksum, headroom, sendsFromListener, underlayFamily } from './settings.js';
import type { System } from './system.js';
import type { LinkChange, LinkConfig } from './types.js';
import { addressWords, familyOf, isAny, isGroupMac, isZeroMac, macWords } from './words.js';

const MIN_MTU = 68;
/** A TAP's: 65,535 less the Ethernet header (tun_net_init). */
const MAX_MTU = 65_521;

/**
 * One VNI or many: `id`, or `external vnifilter`, in iproute2's words where it has some. `external` alone needs tunnel metadata,
 * which the kernel's stack attaches to a packet and no frame on a TAP has.
 */
export function checkVniOptions({ id, external, vnifilter }: Partial<LinkConfig>): void {
  const refuse = (word: string, message: string): never => {
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word });
  };
  if (vnifilter && !external) refuse('vnifilter', "vnifilter is valid only when 'external' is set");
  if (external && !vnifilter) {
    refuse(
      'external',
      'external alone takes VNI and destination of each frame from tunnel metadata, which a TAP does not carry; give vnifilter, too, and 802.1Q tags name the VNIs',
    );
  }
  // An id of 0 is how a device with many shows itself.
  if (external && id) refuse(String(id), "both 'external' and vni cannot be specified");
  if (!external && id === undefined) refuse('id', '"id" is missing from the body');
}

/**
 * What is held is what missed, so a miss must be told, or nobody would ever answer it. A time for what is not held is refused,
 * unless `hold 0` is said with it.
 * @param given what somebody asked for
 * @param whole what comes of it
 */
export function checkHold(given: Partial<LinkConfig>, { hold, l2miss, l3miss }: LinkConfig): void {
  if (hold > 0 && !l2miss && !l3miss) {
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `hold ${hold} keeps frames until a miss is answered, and this device tells none: give l2miss or l3miss, too`,
      { errno: 'EINVAL', word: String(hold) },
    );
  }
  if (hold === 0 && given.hold === undefined && given.holdtime !== undefined) {
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `holdtime ${given.holdtime} is for how long frames are held, and none are: give hold, too`,
      { errno: 'EINVAL', word: String(given.holdtime) },
    );
  }
}

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
  checkListenerSends(config, family);
  checkNeighbourOptions(config);
  if (config.dev !== undefined) system.mtuOf(config.dev);
}

/** A socket that VTEPs share to receive can send in one way only. */
export function checkListenerSends(config: LinkConfig, family: 4 | 6): void {
  if (!sendsFromListener(config)) return;
  const refuse = (words: string, word = words): never => {
    throw new VtepError(
      'ERR_VTEP_ARGUMENT',
      `srcport ${config.srcport.join(' ')} and ${words} exclude each other: what is sent from the port it receives on has a checksum, and may be fragmented; give another srcport`,
      { errno: 'EINVAL', word },
    );
  };
  if (family === 4 && config.df !== 'unset') refuse(`df ${config.df}`, config.df);
  if (!hasChecksum(config, family)) refuse(family === 4 ? 'noudpcsum' : 'udp6zerocsumtx');
}

/**
 * What changed options say together. Addresses of the underlay keep the family the device was made with; its lower device
 * must exist.
 */
export function checkChanged(
  change: LinkChange,
  config: LinkConfig,
  name: string,
  family: 4 | 6,
  system: System,
): void {
  for (const text of [config.remote, config.group, config.local]) {
    if (text === undefined || underlayFamily({ remote: text }) === family) continue;
    throw new VtepError(
      'ERR_VTEP_FIXED',
      `${text}: the underlay of ${name} is IPv${family}, and its family cannot be changed`,
      { errno: 'EINVAL', word: text },
    );
  }
  checkListenerSends(config, family);
  checkNeighbourOptions(config);
  checkHold(change, config);
  if (config.dev !== undefined) system.mtuOf(config.dev);
}

/**
 * The MTU of a new interface: 1500, or what the lower device leaves; more than that is clamped silently, as at creation in the
 * kernel.
 */
export function mtuAtFirst(config: LinkConfig, family: 4 | 6, system: System): number {
  if (config.dev === undefined) return config.mtu ?? DEFAULT_MTU;
  const most = system.mtuOf(config.dev) - headroom(family);
  return Math.min(config.mtu ?? most, most);
}

/**
 * The MTU to give an interface that has `current`, undefined for none: the one asked for, 68 to what the lower device
 * leaves (or a TAP can have, without one); or the most that a new lower device leaves.
 */
export function mtuAfter(
  asked: number | undefined,
  current: number,
  [before, next]: readonly [LinkConfig, LinkConfig],
  family: 4 | 6,
  system: System,
): number | undefined {
  const most = next.dev === undefined ? MAX_MTU : system.mtuOf(next.dev) - headroom(family);
  if (asked === undefined) return next.dev !== before.dev && current > most ? most : undefined;
  if (asked >= MIN_MTU && asked <= most) return asked;
  throw new VtepError('ERR_VTEP_ARGUMENT', `mtu ${asked}: expected ${MIN_MTU} to ${most}`, {
    errno: 'EINVAL',
    word: String(asked),
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

/**
 * What changed options mean: `remote` and `group` are two names of one thing, so giving one takes the other's place, and
 * an any-address takes away what was there. A gateway without addresses has no MAC.
 */
export function asMeant(options: LinkChange): LinkChange {
  const { remote, group, local, gateway, gatewayMac } = options;
  return {
    ...options,
    ...(gateway?.length === 0 ? { gatewayMac } : {}),
    ...(remote !== undefined || group !== undefined ? { remote: unlessAny(remote), group } : {}),
    ...(local !== undefined ? { local: unlessAny(local) } : {}),
  };
}

function unlessAny(address: string | undefined): string | undefined {
  return address === undefined || isAny(addressWords(address, 'address')) ? undefined : address;
}
