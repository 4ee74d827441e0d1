/**
 * What may stand after a word of a command: each kind reads one argument and gives its canonical value, or
 * undefined. Numbers are C's (10, 0xa, 012), as iproute2 reads them; addresses are strict (inet_pton), because
 * `1.2.3` meaning 1.2.3.0 has never been what anybody wanted.
 */
import {
  canonicalAddress,
  canonicalMac,
  canonicalPrefix,
  familyOf,
  isAny,
  isGroupMac,
  isHostName,
  isMulticast,
} from '../control/address.js';
import { isNetns, NETNS_FORM } from '../control/socket-path.js';
import { formatMask, parseMask } from '../wire/text.js';

export interface Value {
  /** Its name in help texts. */
  readonly meta: string;
  /** Ends the sentence `"id" expects …`. */
  readonly expects: string;
  /** The value, or undefined when the text is none. */
  read(text: string): unknown;
}

/** A number as strtoul(3) with base 0 reads it; undefined when the text is none. */
export function readNumber(text: string): number | undefined {
  if (/^(0x[0-9a-f]+|[1-9][0-9]*|0)$/i.test(text)) return Number(text);
  return /^0[0-7]+$/.test(text) ? parseInt(text, 8) : undefined;
}

const within = (value: number | undefined, min: number, max: number): number | undefined =>
  value !== undefined && value >= min && value <= max ? value : undefined;

export function number(meta: string, min: number, max: number): Value {
  return {
    meta,
    expects: `a number from ${min} to ${max}`,
    read: (text) => within(readNumber(text), min, max),
  };
}

/** One of a few words; each may be cut short where iproute2 allows it. */
function choice(meta: string, words: Readonly<Record<string, unknown>>): Value {
  const names = Object.keys(words);
  return {
    meta,
    expects: `one of ${names.join(', ')}`,
    read: (text) => (Object.hasOwn(words, text) ? words[text] : undefined),
  };
}

/** A number with words of its own for some values, such as `unlimited`. */
function numberOr(meta: string, words: Readonly<Record<string, unknown>>, plain: Value): Value {
  const expects = `${plain.expects}, or ${Object.keys(words).join(' or ')}`;
  return { meta, expects, read: (text) => (Object.hasOwn(words, text) ? words[text] : plain.read(text)) };
}

/** A list such as `100-199,300`, as [first, last] each; a number may stand alone. */
function ranges(meta: string, min: number, max: number): Value {
  const read = (text: string): [number, number][] | undefined => {
    const list = text.split(',').map((part) => part.split('-').map(readNumber));
    const isGood = list.every(
      (ends) =>
        ends.length <= 2 &&
        ends.every((end) => within(end, min, max) !== undefined) &&
        ends[0]! <= ends.at(-1)!,
    );
    return isGood ? list.map((ends) => [ends[0]!, ends.at(-1)!]) : undefined;
  };
  return { meta, expects: `numbers from ${min} to ${max} and ranges of them such as 100-199,300`, read };
}

const UINT32 = 0xffff_ffff;

export const vni = number('VNI', 0, 0xff_ffff);
export const port = number('PORT', 0, 0xffff);
export const vnis = ranges('VNIS', 1, 0xff_ffff);
export const vlans = ranges('VLANS', 0, 4_094);
export const mtu = number('MTU', 68, 0xffff);
export const flowlabel = number('LABEL', 0, 0xf_ffff);
export const workers = number('NUMBER', 1, 64);
export const microseconds = number('USECS', 0, 1_000_000);
export const ttl = numberOr('TTL', { auto: 0, inherit: 'inherit' }, number('TTL', 0, 255));
export const seconds = numberOr('SECONDS', { none: 0 }, number('SECONDS', 0, UINT32));
export const resolveInterval = number('SECONDS', 1, 86_400);
export const missInterval = number('SECONDS', 0, 86_400);
export const holdFrames = number('FRAMES', 0, 1024);
export const holdTime = number('MSECS', 100, 60_000);
export const limit = numberOr('NUMBER', { unlimited: 0 }, number('NUMBER', 0, UINT32));
export const horizon = numberOr('GROUP', { off: 0 }, number('GROUP', 0, 255));
export const policyId = number('ID', 0, 0xffff);
export const peers = choice('PEERS', { any: 'any', known: 'known', fdb: 'fdb' });

export const mask: Value = {
  meta: 'MASK',
  expects: 'a 64-bit mask such as 0xf7ffffff000000ff',
  read: (text) => {
    const bits = parseMask(text);
    return bits === undefined ? undefined : formatMask(bits);
  },
};
export const mssclamp = numberOr('MSS', { off: 'off', auto: 'auto' }, number('MSS', 88, 65_495));
/** `on` is as many as the kernel keeps for all of its interfaces, four times over (gc_thresh3). */
export const neighsnoop = numberOr('NUMBER', { off: 0, on: 4_096 }, number('NUMBER', 1, 1_048_576));
export const df = choice('DF', { unset: 'unset', set: 'set', inherit: 'inherit' });

/** Differentiated services (RFC 2474, 2597, 3246) as iproute2's rt_dsfield names them. */
const DSFIELD: Readonly<Record<string, number>> = {
  default: 0,
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7].map((c) => [`CS${c}`, c << 5])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((c) => [1, 2, 3].map((d) => [`AF${c}${d}`, (c << 5) | (d << 3)])),
  ),
  EF: 0xb8,
};

function readTos(text: string): number | 'inherit' | undefined {
  if (text === 'inherit') return 'inherit';
  if (Object.hasOwn(DSFIELD, text)) return DSFIELD[text];
  // Hexadecimal with or without 0x: `tos 10` is 16 to `ip`, and so it is here.
  return /^(0x)?[0-9a-f]{1,8}$/i.test(text) ? within(parseInt(text, 16), 0, 255) : undefined;
}
export const tos: Value = {
  meta: 'TOS',
  expects: 'two hexadecimal digits, a DSCP name or inherit',
  read: readTos,
};

/** dev_valid_name: 1 to 15 bytes, no slash, colon or white space. */
function readIfname(text: string): string | undefined {
  const bytes = Buffer.byteLength(text);
  const taken = text === '.' || text === '..' || /[/:\s]/.test(text);
  return bytes < 1 || bytes > 15 || taken ? undefined : text;
}
export const netns: Value = {
  meta: 'NAME',
  expects: NETNS_FORM,
  read: (text) => (isNetns(text) ? text : undefined),
};

export const ifname: Value = {
  meta: 'DEV',
  expects: 'an interface name: 1 to 15 bytes without "/", ":" or white space',
  read: readIfname,
};

export const lladdr: Value = {
  meta: 'LLADDR',
  expects: 'a MAC such as 02:00:00:00:00:01',
  read: canonicalMac,
};
export const unicastMac: Value = {
  meta: 'LLADDR',
  expects: 'a unicast MAC such as 02:00:00:00:00:01',
  read: (text) => {
    const mac = canonicalMac(text);
    return mac === undefined || isGroupMac(mac) || mac === '00:00:00:00:00:00' ? undefined : mac;
  },
};

function addressWhere(meta: string, expects: string, holds: (address: string) => boolean): Value {
  const read = (text: string): string | undefined => {
    const address = canonicalAddress(text);
    return address !== undefined && holds(address) ? address : undefined;
  };
  return { meta, expects, read };
}
export const address = addressWhere('IP', 'an IPv4 or IPv6 address', () => true);
export const unicast = addressWhere('IP', 'a unicast IPv4 or IPv6 address', (ip) => !isMulticast(ip));
const orName = ({ meta, expects, read }: Value): Value => ({
  meta: `${meta}|NAME`,
  expects: `${expects}, or a DNS name`,
  read: (text) => read(text) ?? (isHostName(text) ? text : undefined),
});
export const addressOrName = orName(address);
export const unicastOrName = orName(unicast);
export const group = addressWhere('IP', 'a multicast IPv4 or IPv6 address', isMulticast);
export const group0 = addressWhere(
  'GROUP',
  'a multicast IPv4 or IPv6 address, or 0.0.0.0 or ::',
  (ip) => isMulticast(ip) || isAny(ip),
);
export const gateways: Value = {
  meta: 'IP,…',
  expects: 'up to 64 unicast IPv4 or IPv6 addresses separated by commas, or none',
  read: (text) => {
    if (text === 'none') return [];
    const all = text.split(',').map((part) => unicast.read(part));
    return all.includes(undefined) || all.length > 64 ? undefined : all;
  },
};
export const addresses: Value = {
  meta: 'IP,…',
  expects: 'IPv4 or IPv6 addresses separated by commas',
  read: (text) => {
    const all = text.split(',').map(canonicalAddress);
    return all.includes(undefined) ? undefined : all;
  },
};
export const filterMode = choice('MODE', { include: 'include', exclude: 'exclude' });

/** Who gives an entry, as /etc/iproute2/rt_protos names them; what lies below `static` is the kernel's own. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  static: 4,
  gated: 8,
  ra: 9,
  mrt: 10,
  zebra: 11,
  bird: 12,
  dnrouted: 13,
  xorp: 14,
  ntk: 15,
  dhcp: 16,
  keepalived: 18,
  babel: 42,
  openr: 99,
  bgp: 186,
  isis: 187,
  ospf: 188,
  rip: 189,
  eigrp: 192,
};
export const protocol = numberOr('PROTO', PROTOCOLS, number('PROTO', 4, 255));

/** As `protocol`, the kernel's own numbers too. */
const KERNEL_PROTOCOLS: Readonly<Record<string, number>> = { unspec: 0, redirect: 1, kernel: 2, boot: 3 };
export const anyProtocol = numberOr('PROTO', { ...KERNEL_PROTOCOLS, ...PROTOCOLS }, number('PROTO', 0, 255));

export const nexthopId = number('ID', 1, UINT32);

/** `61/62,5`: ids, each with a weight behind a comma where it is not 1. */
function readGroup(text: string): { id: number; weight?: number }[] | undefined {
  const members = text.split('/').map((part) => {
    const [id, weight, ...rest] = part.split(',').map(readNumber);
    const known = id !== undefined && id >= 1 && id <= UINT32 && rest.length === 0;
    if (!known || (part.includes(',') && within(weight, 1, 256) === undefined)) return undefined;
    return weight === undefined || weight === 1 ? { id } : { id, weight };
  });
  return members.every((member) => member !== undefined) ? members : undefined;
}
export const nexthopGroup: Value = {
  meta: 'GROUP',
  expects: 'ids with weights from 1 to 256, such as 61/62,5',
  read: readGroup,
};

export function protocolName(value: number): string {
  const known = Object.entries({ ...KERNEL_PROTOCOLS, ...PROTOCOLS }).find(([, number]) => number === value);
  return known === undefined ? String(value) : known[0];
}

/** A prefix with no host bits; `default` stays the word, its family is the command's. */
export const prefix: Value = {
  meta: 'PREFIX',
  expects: 'a prefix such as 10.20.2.0/24 with no bits set after its length, an address or default',
  read: (text) => {
    if (text === 'default' || text === 'any' || text === 'all') return 'default';
    const result = canonicalPrefix(text);
    return 'prefix' in result ? result.prefix : undefined;
  },
};

/** States of a neighbour, `nud permanent`; may be cut short, first match wins. */
const NUD = ['permanent', 'reachable', 'noarp', 'none', 'stale', 'incomplete', 'delay', 'probe', 'failed'];
export const nud: Value = {
  meta: 'STATE',
  expects: `one of ${NUD.filter((state) => state !== 'none').join(', ')}`,
  read: (text) => {
    const state = text === '' ? undefined : NUD.find((name) => name.startsWith(text));
    return state === 'none' ? undefined : state;
  },
};
export const nudOrAll: Value = {
  meta: 'STATE',
  expects: `${nud.expects} or all`,
  read: (text) => (text === 'all' ? 'all' : nud.read(text)),
};

export const fdbState = choice('STATE', {
  permanent: 'permanent',
  static: 'static',
  temp: 'static',
  dynamic: 'reachable',
  reachable: 'reachable',
  stale: 'stale',
  all: 'all',
});

export const vxlanType = choice('TYPE', { vxlan: 'vxlan' });

/** 4 or 6 of a canonical address or prefix. */
export const familyOfText = (text: string): 4 | 6 => (familyOf(text.split('/')[0] ?? '') === 6 ? 6 : 4);
