/** `gateway`, `gateway-mac` and `neighsnoop`: what they say together, and what workers read of them. */
import type { DeviceSettings } from '../dataplane/device.js';
import { VtepError } from '../errors.js';
import type { LinkConfig } from './types.js';
import { addressWords, isAny, isGroup, isGroupMac, isZeroMac, macWords } from './words.js';

/** Addresses an anycast gateway may have. Workers go through them one by one. */
export const MOST_GATEWAYS = 64;
/** Entries that `neighsnoop` may allow at most. */
export const MOST_SNOOPED = 0x10_0000;

const ADDRESS_WORDS = 4;
const V4_MAPPED = 0xffff;
const LOOPBACK = 127;

type Options = Pick<LinkConfig, 'gateway' | 'gatewayMac' | 'neighsnoop' | 'vnifilter'>;

function refuse(word: string, message: string): never {
  throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word });
}

/** @throws {VtepError} ERR_VTEP_ARGUMENT: a bad value, or options that contradict one another */
export function checkNeighbourOptions({ gateway, gatewayMac, neighsnoop, vnifilter }: Options): void {
  if (!Number.isInteger(neighsnoop) || neighsnoop < 0 || neighsnoop > MOST_SNOOPED) {
    refuse(String(neighsnoop), `neighsnoop ${neighsnoop}: expected 0 to ${MOST_SNOOPED}`);
  }
  if (vnifilter && neighsnoop > 0) {
    refuse(
      'neighsnoop',
      'neighsnoop and vnifilter exclude each other: a device has one table of neighbours, and its VNIs may use an address twice',
    );
  }
  if (gateway.length === 0) {
    if (gatewayMac === undefined) return;
    refuse(
      gatewayMac,
      `gateway-mac ${gatewayMac} is the MAC of a gateway: give its addresses with gateway, too`,
    );
  }
  if (gatewayMac === undefined) {
    refuse(
      gateway[0]!,
      `gateway ${gateway.join()} needs the MAC that all VTEPs answer with: give gateway-mac, too`,
    );
  }
  checkGatewayMac(gatewayMac);
  checkGateways(gateway);
}

function checkGatewayMac(text: string): void {
  const mac = macWords(text, 'gateway-mac');
  if (isGroupMac(mac) || isZeroMac(mac)) refuse(text, `gateway-mac ${text}: expected a unicast MAC address`);
}

function checkGateways(gateways: readonly string[]): void {
  if (gateways.length > MOST_GATEWAYS) {
    refuse(
      gateways[MOST_GATEWAYS]!,
      `gateway has ${gateways.length} addresses; expected at most ${MOST_GATEWAYS}`,
    );
  }
  const seen = new Set<string>();
  for (const text of gateways) {
    const words = addressWords(text, 'gateway');
    if (isAny(words) || isGroup(words) || isLoopback(words)) {
      refuse(text, `gateway ${text}: expected a unicast address that a guest may have as its gateway`);
    }
    if (seen.has(words.join())) refuse(text, `gateway ${text} is given twice`);
    seen.add(words.join());
  }
}

function isLoopback(words: Int32Array): boolean {
  if ((words[0] | words[1]) !== 0) return false;
  return words[2] === V4_MAPPED ? words[3] >>> 24 === LOOPBACK : words[2] === 0 && words[3] === 1;
}

/** What of the settings an anycast gateway is; with none, its MAC is nobody's. */
export function gatewaySettings({
  gateway,
  gatewayMac,
}: Pick<LinkConfig, 'gateway' | 'gatewayMac'>): Pick<
  DeviceSettings,
  'gatewayHigh' | 'gatewayLow' | 'gateways'
> {
  const gateways = new Int32Array(gateway.length * ADDRESS_WORDS);
  for (const [i, text] of gateway.entries()) gateways.set(addressWords(text, 'gateway'), i * ADDRESS_WORDS);
  const mac = gatewayMac === undefined ? { high: 0, low: 0 } : macWords(gatewayMac, 'gateway-mac');
  return { gatewayHigh: mac.high, gatewayLow: mac.low, gateways };
}
