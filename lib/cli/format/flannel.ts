/** `vtep flannel status` as text: what this host is, whom it asks, and a line for each family of a peer. */
import type { DeviceStatus, FlannelStatus, PeerFamilyStatus, PeerStatus } from '../../flannel/status.js';

const present = (...words: (string | undefined)[]): string =>
  words.filter((word) => word !== undefined).join(' ');
const named = (name: string, value: string | number | undefined): string | undefined =>
  value === undefined ? undefined : `${name} ${value}`;

const deviceLine = ({ name, mac, mtu, underlay, local }: DeviceStatus): string =>
  `${name} lladdr ${mac} mtu ${mtu} dev ${underlay} local ${local}`;

function entry(name: string, state: boolean | undefined): string | undefined {
  return state === undefined ? undefined : `${name} ${state ? 'ok' : 'missing'}`;
}

const familyLine = ({ subnet, publicIp, mac, ...state }: PeerFamilyStatus): string =>
  present(
    `${subnet} dst ${publicIp} lladdr ${mac}`,
    entry('fdb', state.fdb),
    entry('neigh', state.neighbour),
    entry('route', state.route),
  );

function peerLines({ key, ipv4, ipv6, error }: PeerStatus): string[] {
  const lines = [ipv4, ipv6].filter((family) => family !== undefined).map(familyLine);
  return error === undefined ? lines : [...lines, `    ${key}: ${error}`];
}

export function flannelLines(status: FlannelStatus): string[] {
  const { lease, registry, peers, problems, misses } = status;
  return [
    present(
      `pid ${status.pid} version ${status.version} started ${status.started} mode ${status.mode}`,
      named('network', status.network),
      named('network', status.ipv6Network),
      named('vni', status.vni),
      named('port', status.port),
    ),
    lease === undefined
      ? 'lease none yet'
      : present('lease', lease.subnet, lease.subnet6, `expires ${lease.expires ?? 'never'}`),
    present(
      `registry ${registry.name} last_contact ${registry.lastContact ?? 'none yet'}`,
      named('revision', registry.revision),
      named('error', registry.error),
    ),
    ...(misses === undefined ? [] : [`misses ${Object.entries(misses).flat().join(' ')}`]),
    ...status.devices.map(deviceLine),
    `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'}`,
    ...peers.flatMap(peerLines),
    ...problems.map(({ key, reason }) => `problem ${key}: ${reason}`),
  ];
}
