/**
 * What a link may be told: every value checked alone and against the others, in the kernel's order and where it has
 * one in its words (vxlan_config_validate, vxlan_validate), before the engine sees it.
 *
 * What the kernel adjusts without a word is adjusted here the same way:
 *   ageing 0          -> 300
 *   srcport N N       -> 0 0, the default range (MAX is exclusive, so the range is empty)
 *   dstport 0         -> 8472, with gpe 4790
 *   tos 1             -> inherit
 */
import { DEFAULT_AGEING, DEFAULT_PORT, GPE_PORT, underlayFamily, withDefaults } from '../engine/settings.js';
import { checkReservedBits } from '../engine/header-bits.js';
import { checkHold, checkVniOptions } from '../engine/option-checks.js';
import { checkNeighbourOptions } from '../engine/neighbour-options.js';
import type { LinkChange, LinkConfig } from '../engine/types.js';
import { VtepError } from '../errors.js';
import { isNetns, NETNS_FORM } from '../netns.js';
import {
  canonicalAddress,
  canonicalMac,
  familyOf,
  isAny,
  isGroupMac,
  isLinkLocal,
  isMulticast,
} from './address.js';
import type { NewLink } from './client.js';
import { checkHeaderChange, checkHeaderOptions } from './validate-headers.js';

/** IFNAMSIZ less the terminating zero. */
const NAME_MAX = 15;
const NAME_WORDS = new Set(['.', '..']);

/** The error of a value: ERR_VTEP_ARGUMENT with the offending word. */
export function argument(word: unknown, message: string, errno = 'EINVAL'): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word: String(word) });
}

/**
 * An interface name as the kernel takes it (dev_valid_name): 1 to 15 bytes, no slash, colon or white space.
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 */
export function checkName(name: string, field = 'name'): string {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > NAME_MAX) {
    throw argument(name, `${field} "${name}" has ${bytes} bytes; an interface name has 1 to ${NAME_MAX}`);
  }
  if (NAME_WORDS.has(name) || /[/:\s\0%]/.test(name)) {
    throw argument(
      name,
      `${field} "${name}" is no interface name: no slash, colon, percent sign or white space`,
    );
  }
  return name;
}

/**
 * Canonical text of an address.
 * @throws {VtepError} ERR_VTEP_ARGUMENT naming the field
 */
export function checkAddress(text: string, field: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) throw argument(text, `${field} is "${text}"; expected an IPv4 or IPv6 address`);
  return address;
}

/** Canonical text of a MAC, group addresses and zero included. */
export function checkMac(text: string, field: string): string {
  const mac = canonicalMac(text);
  if (mac === undefined)
    throw argument(text, `${field} is "${text}"; expected a MAC such as 02:00:00:00:00:01`);
  return mac;
}

function checkDeviceMac(text: string): string {
  const mac = checkMac(text, 'address');
  if (isGroupMac(mac) || mac === '00:00:00:00:00:00') {
    throw argument(
      text,
      `address ${mac} is not a unicast MAC; clear the low bit of its first octet`,
      'EADDRNOTAVAIL',
    );
  }
  return mac;
}

function checkRemote(text: string): string {
  const remote = checkAddress(text, 'remote');
  if (isMulticast(remote))
    throw argument(text, `remote ${remote} is a multicast address; write group ${remote}`);
  return remote;
}

function checkGroup(text: string): string {
  const group = checkAddress(text, 'group');
  if (isMulticast(group)) return group;
  throw argument(text, `group ${group} is not a multicast address; write remote ${group}`);
}

function checkLocal(text: string): string {
  const local = checkAddress(text, 'local');
  if (isMulticast(local))
    throw argument(text, `local ${local} is a multicast address; expected a unicast one`);
  return local;
}

function checkNetns(text: string): void {
  if (!isNetns(text)) throw argument(text, `link-netns is "${text}"; expected ${NETNS_FORM}`);
}

function adjustSourcePorts([min, max]: [number, number]): [number, number] {
  if (max < min) throw argument(`${min} ${max}`, `srcport ${min} ${max} is not a range: MIN is above MAX`);
  return min === max ? [0, 0] : [min, max];
}

type Fields = Partial<LinkConfig>;

/** Checks and canonicalises every field by itself. */
function normalise<T extends Fields>(fields: T): T {
  const out: T = { ...fields };
  if (out.name !== undefined) checkName(out.name);
  if (out.linkNetns !== undefined) checkNetns(out.linkNetns);
  if (out.dev !== undefined) checkName(out.dev, 'dev');
  if (out.remote !== undefined) out.remote = checkRemote(out.remote);
  if (out.group !== undefined) out.group = checkGroup(out.group);
  if (out.local !== undefined) out.local = checkLocal(out.local);
  if (out.address !== undefined) out.address = checkDeviceMac(out.address);
  if (out.gateway !== undefined) out.gateway = out.gateway.map((text) => checkAddress(text, 'gateway'));
  if (out.gatewayMac !== undefined) out.gatewayMac = checkMac(out.gatewayMac, 'gatewayMac');
  if (out.srcport !== undefined) out.srcport = adjustSourcePorts(out.srcport);
  if (out.dstport === 0) out.dstport = out.gpe === true ? GPE_PORT : DEFAULT_PORT;
  if (out.ageing === 0) out.ageing = DEFAULT_AGEING;
  if (out.tos === 1) out.tos = 'inherit';
  return out;
}

/** The default destination, whichever way it was named. */
function destination(fields: Fields): string | undefined {
  return fields.group ?? fields.remote;
}

/** Link-local addresses need their interface, and a link-local peer is reached from a link-local address only. */
function checkScopes(fields: Fields): void {
  const remote = destination(fields);
  const local = fields.local;
  const near = local !== undefined && isLinkLocal(local);
  const remoteMust = remote !== undefined && !isAny(remote) && !isMulticast(remote);
  if (remoteMust && isLinkLocal(remote) !== near && (near || isLinkLocal(remote))) {
    const message = `local ${local ?? 'any'} and remote ${remote} do not go together: both must be link-local, or none`;
    throw argument(remote, message);
  }
  if (near && fields.dev === undefined) {
    throw argument(local, `local ${local} is link-local; name its interface with dev`);
  }
}

/** What fields say together. `fields` is the whole configuration, changes applied. */
function checkTogether(fields: Fields): void {
  const { remote, group, local } = fields;
  if (remote !== undefined && group !== undefined && !isAny(remote)) {
    throw argument(
      group,
      `remote ${remote} and group ${group} exclude each other: both are the default destination`,
    );
  }
  const peer = destination(fields);
  if (peer !== undefined && local !== undefined && familyOf(peer) !== familyOf(local)) {
    throw argument(
      peer,
      `local ${local} and ${group ? 'group' : 'remote'} ${peer} must be of the same address family`,
    );
  }
  if (group !== undefined && fields.dev === undefined) {
    throw argument(group, `group ${group} needs the interface to send it on; name it with dev`);
  }
  checkScopes(fields);
  if (fields.flowlabel && underlayFamily(fields) === 4) {
    throw argument(
      fields.flowlabel,
      `flowlabel ${fields.flowlabel} needs an IPv6 underlay: IPv4 has no flow label`,
    );
  }
}

/**
 * A complete, canonical configuration: defaults filled in, adjusted as the kernel would.
 * Ranges of numbers are the schema's part (api/schemas.ts) and taken as checked.
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 * @example completeConfig({ name: 'vtep0', id: 1, ageing: 0 }).ageing // 300
 */
export function completeConfig(request: NewLink): LinkConfig {
  checkVniOptions(request);
  const config = withDefaults(normalise(request));
  checkTogether(config);
  checkHeaderOptions(config);
  checkHold(request, config);
  checkNeighbourOptions(config);
  return { ...config, reserved_bits: checkReservedBits(config.reserved_bits, config) };
}

const CHANGEABLE: ReadonlySet<string> = new Set<keyof LinkChange>([
  'remote',
  'group',
  'local',
  'dev',
  'ttl',
  'tos',
  'df',
  'flowlabel',
  'learning',
  'ageing',
  'gbpId',
  'localbypass',
  'allow',
  'learnLimit',
  'remoteStats',
  'splitHorizon',
  'neighsnoop',
  'gateway',
  'gatewayMac',
  'mssclamp',
  'missinterval',
  'missrate',
  'hold',
  'holdtime',
  'resolveInterval',
  'mtu',
  'address',
  'up',
]);

function refuseFixed(field: string, value: unknown, current: LinkConfig): void {
  const had = current[field as keyof LinkConfig];
  // Repeating the VNI is how `ip link set` addresses the device: no change, no error, as in the kernel.
  if ((field === 'id' || field === 'name') && had === value) return;
  const message = `${field} of ${current.name} is ${String(had ?? 'not set')} and cannot be changed; delete the link and add it anew`;
  throw new VtepError('ERR_VTEP_FIXED', message, { errno: 'EOPNOTSUPP', word: field });
}

function checkFamilyKept(change: LinkChange, current: LinkConfig): void {
  const family = underlayFamily(current);
  for (const field of ['remote', 'group', 'local'] as const) {
    const value = change[field];
    if (value === undefined || familyOf(value) === family) continue;
    const message = `${field} ${value} is IPv${familyOf(value)}, but ${current.name} is a VTEP over IPv${family}, which cannot change`;
    throw argument(value, message, 'EINVAL');
  }
}

/** A new remote takes the place of the group and the other way round; a gateway without addresses has no MAC. */
function merged(current: LinkConfig, change: LinkChange): LinkConfig {
  const all: LinkConfig = { ...current, ...change };
  if (change.gateway?.length === 0) all.gatewayMac = change.gatewayMac;
  if (change.remote !== undefined && change.group === undefined) delete all.group;
  if (change.group !== undefined && change.remote === undefined) delete all.remote;
  return all;
}

/**
 * A change, canonical, as `ip link set type vxlan` would take it (vxlan_changelink).
 * @throws {VtepError} ERR_VTEP_FIXED: a field that cannot change; ERR_VTEP_ARGUMENT: a bad value
 */
export function completeChange(request: LinkChange & Fields, current: LinkConfig): LinkChange {
  const change = normalise(request);
  for (const [field, value] of Object.entries(change)) {
    if (!CHANGEABLE.has(field)) refuseFixed(field, value, current);
  }
  if (change.ttl === 'inherit' && current.ttl !== 'inherit') refuseFixed('ttl', change.ttl, current);
  checkFamilyKept(change, current);
  checkHeaderChange(change, current);
  const next = merged(current, change);
  checkTogether(next);
  checkNeighbourOptions(next);
  checkHold(change, next);
  const { name: _name, id: _id, ...rest } = change;
  return rest;
}
