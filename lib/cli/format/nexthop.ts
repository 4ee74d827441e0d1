/**
 * Nexthops as `ip nexthop` prints them:
 *
 *   id 61 via 192.0.2.2 scope link fdb
 *   id 101 group 61/62,5 fdb
 */
import type { NexthopEntry, NexthopMember } from '../../engine/types.js';
import { protocolName } from '../values.js';

const memberText = ({ id, weight = 1 }: NexthopMember): string =>
  weight === 1 ? `${id}` : `${id},${weight}`;

/** @param details -d: the scope of a group, and who gave it even where nobody says */
export function nexthopLine({ id, via, group, protocol }: NexthopEntry, details: boolean): string {
  const words = [`id ${id}`];
  if (group !== undefined) words.push(`group ${group.map(memberText).join('/')}`);
  if (via !== undefined && !isAny(via)) words.push(`via ${via}`);
  if (group === undefined || details) words.push(`scope ${group === undefined ? 'link' : 'global'}`);
  if (protocol !== 0 || details) words.push(`proto ${protocolName(protocol)}`);
  return [...words, 'fdb'].join(' ');
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** With the keys of `ip -j nexthop`. */
export function nexthopJson(
  { id, via, group, protocol }: NexthopEntry,
  details: boolean,
): Record<string, unknown> {
  return {
    id,
    group: group?.map(({ id, weight = 1 }) => (weight === 1 ? { id } : { id, weight })),
    gateway: via,
    scope: group === undefined ? 'link' : details ? 'global' : undefined,
    protocol: protocol !== 0 || details ? protocolName(protocol) : undefined,
    flags: [],
    fdb: null,
  };
}
