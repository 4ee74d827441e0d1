/** Options of the kernel's device that older versions of `ip` do not know: `localbypass` (6.4), `reserved_bits` (6.14). */
import { load } from '../../lib/native/load.js';
import {
  be16,
  attributes as attributeBytes,
  type AttributeValue,
  buildMessage,
  NLM_F_ACK,
  NLM_F_REQUEST,
  readAttributes,
  text,
  u32,
  viewOf,
} from '../../lib/native/netlink/message.js';
import { linkRequest, RTM_NEWLINK } from '../../lib/native/netlink/link.js';
import { ask, getLink } from '../../lib/native/netlink/request.js';
import { addressOctets, macOctets } from '../support/packets.js';

const NLM_F_CREATE_NEW = 0x600;
const IFINFO_SIZE = 16;
const IFF_UP = 1;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const INFO_KIND = 1;
const INFO_DATA = 2;
const none = new Uint8Array();

/** IFLA_VXLAN_*. */
const VXLAN = {
  id: 1,
  group: 2,
  local: 4,
  port: 15,
  group6: 16,
  local6: 17,
  gbp: 23,
  localbypass: 31,
  reservedBits: 33,
} as const;

const ipv4 = (address: string): boolean => !address.includes(':');
const octets = (address: string): Uint8Array => Uint8Array.from(addressOctets(address));

function mask(value: string): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Words of a device's options, those with a value and those without. */
const OPTIONS: Readonly<Record<string, (value: string) => AttributeValue>> = {
  id: (value) => [VXLAN.id, u32(Number(value))],
  dstport: (value) => [VXLAN.port, be16(Number(value))],
  remote: (value) => [ipv4(value) ? VXLAN.group : VXLAN.group6, octets(value)],
  local: (value) => [ipv4(value) ? VXLAN.local : VXLAN.local6, octets(value)],
  reserved_bits: (value) => [VXLAN.reservedBits, mask(value)],
};
const FLAGS: Readonly<Record<string, AttributeValue>> = {
  gbp: [VXLAN.gbp, new Uint8Array()],
  localbypass: [VXLAN.localbypass, Uint8Array.of(1)],
  nolocalbypass: [VXLAN.localbypass, Uint8Array.of(0)],
};

const UNKNOWN_TO_OLD = new Set(['reserved_bits', 'localbypass', 'nolocalbypass']);

/** True for a command on links with words that old versions of `ip` do not know. */
export const needsHand = ([object, ...words]: readonly string[]): boolean =>
  object === 'link' && words.some((word) => UNKNOWN_TO_OLD.has(word));

function optionAttributes(words: readonly string[]): AttributeValue[] {
  const made: AttributeValue[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word in FLAGS) made.push(FLAGS[word]!);
    else if (word in OPTIONS) made.push(OPTIONS[word]!(words[++i]!));
    else throw new Error(`"${word}" is not among the options that are given by hand`);
  }
  return made;
}

/**
 * `link add NAME [address MAC] [up] type vxlan …` and `link set NAME type vxlan …`.
 * @returns 0 or -errno
 */
export function linkByHand(netns: string, [, verb, name, ...rest]: readonly string[]): number {
  const at = rest.indexOf('type');
  const before = rest.slice(0, at);
  const head = new Uint8Array(IFINFO_SIZE);
  const path = `/run/netns/${netns}`;
  if (verb === 'set') viewOf(head).setInt32(4, getLink(load(), name!, path)?.ifindex ?? 0, true);
  if (before.includes('up')) [8, 12].forEach((offset) => viewOf(head).setUint32(offset, IFF_UP, true));
  const mac = before[before.indexOf('address') + 1];
  const flags = NLM_F_REQUEST | NLM_F_ACK | (verb === 'add' ? NLM_F_CREATE_NEW : 0);
  const message = buildMessage(RTM_NEWLINK, flags, head, [
    [IFLA_IFNAME, text(name!)],
    [IFLA_ADDRESS, before.includes('address') ? Uint8Array.from(macOctets(mac!)) : undefined],
    [
      IFLA_LINKINFO,
      attributeBytes([
        [INFO_KIND, text('vxlan')],
        [INFO_DATA, attributeBytes(optionAttributes(rest.slice(at + 2)))],
      ]),
    ],
  ]);
  return ask(load(), message, path).result;
}

/** What newer versions of `ip -d -j link` show of a device besides. */
export function linkMore(netns: string, name: string): Record<string, unknown> {
  const { messages } = ask(load(), linkRequest(name), `/run/netns/${netns}`);
  const info = readAttributes(
    readAttributes(messages[0]?.body ?? none, IFINFO_SIZE).get(IFLA_LINKINFO) ?? none,
  );
  const data = readAttributes(info.get(INFO_DATA) ?? none);
  const reserved = data.get(VXLAN.reservedBits);
  const bypass = data.get(VXLAN.localbypass);
  return {
    ...(bypass === undefined ? {} : { localbypass: bypass[0] === 1 }),
    ...(reserved === undefined
      ? {}
      : { reserved_bits: `0x${viewOf(reserved).getBigUint64(0).toString(16)}` }),
  };
}
