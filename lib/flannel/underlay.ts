/** Which interface and address of this host its peers reach it by, one family at a time. */
import { canonicalAddress, familyOf, isLinkLocal } from '../control/address.js';
import { VtepError } from '../errors.js';
import {
  IFA_F_DADFAILED,
  IFA_F_DEPRECATED,
  IFA_F_SECONDARY,
  IFA_F_TENTATIVE,
  RT_SCOPE_UNIVERSE,
} from '../native/netlink/address.js';
import type { LinkInfo } from '../native/netlink/link.js';
import { RT_TABLE_MAIN, RTN_UNICAST } from '../native/netlink/route.js';
import type { Family, Host, HostAddress } from './host.js';

export interface Underlay {
  /** Interface. */
  name: string;
  ifindex: number;
  /** Octets. */
  mtu: number;
  /** Outer source, and what peers are told unless another public address was given. */
  address: string;
}

export type UnderlayHost = Pick<Host, 'link' | 'addresses' | 'routes'>;

/**
 * The underlay of one family.
 * @param iface name or address of an interface; default the interface of the default route
 * @throws {VtepError} ERR_VTEP_NO_DEVICE: no such interface; ERR_VTEP_ARGUMENT: no default route, or no address on it
 *
 * @example
 * chooseUnderlay(host, 4); // { name: 'eth0', ifindex: 2, mtu: 1500, address: '10.99.0.11' }
 */
export function chooseUnderlay(host: UnderlayHost, family: Family, iface?: string): Underlay {
  const addresses = host.addresses();
  const link = iface === undefined ? ofDefaultRoute(host, family) : named(host, iface, addresses);
  const wanted = iface === undefined ? undefined : canonicalAddress(iface);
  const address =
    wanted !== undefined && familyOf(wanted) === family ? wanted : best(addresses, link, family);
  if (address === undefined) {
    throw fault(
      `${link.name} has no IPv${family} address that others can reach; give it one, or name another interface with --iface`,
      link.name,
    );
  }
  return { name: link.name, ifindex: link.ifindex, mtu: link.mtu, address };
}

function named(host: UnderlayHost, iface: string, addresses: readonly HostAddress[]): LinkInfo {
  const address = canonicalAddress(iface);
  const index = address && addresses.find((entry) => entry.address === address)?.ifindex;
  if (address !== undefined && index === undefined) {
    throw fault(`no interface of this host has the address ${address}; see \`ip address\``, iface);
  }
  const link = host.link(index ?? iface);
  if (link) return link;
  throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${iface}"; see \`ip link\``, {
    errno: 'ENODEV',
    word: iface,
  });
}

function ofDefaultRoute(host: UnderlayHost, family: Family): LinkInfo {
  const routes = host
    .routes(family)
    .filter(({ length, table, type }) => length === 0 && table === RT_TABLE_MAIN && type === RTN_UNICAST)
    .sort((a, b) => a.priority - b.priority);
  for (const { nextHops } of routes) {
    const link = nextHops.map(({ ifindex }) => host.link(ifindex)).find((found) => found !== undefined);
    if (link) return link;
  }
  throw fault(`there is no IPv${family} default route to tell the interface by; name one with --iface`);
}

/** Global before link-local (which IPv6 cannot use: it needs an interface), lasting before temporary. */
function best(addresses: readonly HostAddress[], { ifindex }: LinkInfo, family: Family): string | undefined {
  const usable = addresses.filter(
    ({ ifindex: on, address, flags }) =>
      on === ifindex &&
      familyOf(address) === family &&
      !isLinkLocal(address) &&
      (flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED)) === 0,
  );
  return usable.sort((a, b) => rank(a) - rank(b))[0]?.address;
}

function rank({ scope, flags }: HostAddress): number {
  return (
    (scope === RT_SCOPE_UNIVERSE ? 0 : 4) +
    ((flags & IFA_F_SECONDARY) === 0 ? 0 : 2) +
    ((flags & IFA_F_TENTATIVE) === 0 ? 0 : 1)
  );
}

function fault(message: string, word?: string): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word });
}
