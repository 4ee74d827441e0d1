/** What is known of peers, as what can be programmed. */
import { PeerTable } from '../peers.js';
import { parseSubnet } from '../subnet.js';
import type { Lease, NetworkConfig, PeerFamily, VxlanBackend } from '../types.js';
import type { ExtensionState, KnownPeer, Own } from './state.js';

/** After `post`. */
export type ReadyState = ExtensionState & { own: Own };

/** Prefix length. */
export const lengthOf = (subnet: string): number => parseSubnet(subnet)!.length;

export const isSame = (a: KnownPeer, b: KnownPeer): boolean => a.publicIp === b.publicIp && a.mac === b.mac;

export const backendOf = ({
  vni,
  port,
  mtu,
}: Pick<ExtensionState, 'vni' | 'port' | 'mtu'>): VxlanBackend => ({
  vni,
  port,
  mtu,
  gbp: false,
  learning: false,
  directRouting: false,
});

/**
 * Peers that can be programmed, by subnet: checked as those of a registry are. Of two that exclude each other the one told
 * last is taken: the other may have left while nobody told us.
 */
export function usable(
  state: ReadyState,
  peers: readonly KnownPeer[],
  problem: (reason: string) => void = () => {},
): Map<string, PeerFamily> {
  const { own, vni, mac } = state;
  const lease = (subnet: string, publicIp: string, of: string): Lease => ({
    key: subnet,
    subnet,
    subnet6: undefined,
    attributes: {
      publicIp,
      publicIpv6: undefined,
      backendType: 'vxlan',
      ipv4: { vni, mac: of },
      ipv6: undefined,
    },
    expires: undefined,
  });
  const network = { network: own.network, subnetLength: lengthOf(own.subnet), subnetMin: '', subnetMax: '' };
  const config: NetworkConfig = { ipv4: network, ipv6: undefined, backend: backendOf(state) };
  const table = new PeerTable(config, (_key, reason) => problem(reason));
  table.own(lease(own.subnet, own.publicIp, mac));
  table.snapshot([...peers].reverse().map((peer) => lease(peer.subnet, peer.publicIp, peer.mac)));
  return new Map(table.all().flatMap(({ key, ipv4 }) => (ipv4 ? [[key, ipv4] as const] : [])));
}
