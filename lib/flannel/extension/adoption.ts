/** Peers as the tables show them, for when what was known of them is lost: a route, its neighbour, that one's FDB entry. */
import type { Client } from '../../control/client.js';
import type { FlannelDevice } from '../device.js';
import type { Host } from '../host.js';
import { ownFdb, ownNeighbours, ownRoutes } from '../own-entries.js';
import type { KnownPeer } from './state.js';

/**
 * @param subnetLength of a host's subnet
 * @param generation what the peers are marked with
 */
export async function peersInPlace(
  client: Pick<Client, 'fdb'>,
  host: Pick<Host, 'routes' | 'neighbours'>,
  device: Pick<FlannelDevice, 'name' | 'ifindex' | 'network' | 'subnet'>,
  subnetLength: number,
  generation: number,
): Promise<KnownPeer[]> {
  const tunnel = device.ifindex;
  const { network, subnet } = device;
  const around = { network, subnet, subnetLength, tunnel, underlay: undefined, gateways: new Set<string>() };
  const routes = ownRoutes(host.routes(4), around);
  const macs = ownNeighbours(host.neighbours(4, tunnel), routes, around);
  const vteps = ownFdb(await client.fdb(device.name));
  return [...routes].flatMap(([prefix, { via }]) => {
    const mac = macs.get(via);
    const publicIp = mac === undefined ? undefined : vteps.get(mac);
    return mac === undefined || publicIp === undefined ? [] : [{ subnet: prefix, publicIp, mac, generation }];
  });
}
