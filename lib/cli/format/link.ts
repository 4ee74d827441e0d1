/**
 * A VTEP as `ip -d link show` prints a vxlan device, same columns and same JSON keys:
 *
 *   4: vx0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UNKNOWN mode DEFAULT group default qlen 1000
 *       link/ether a2:53:73:73:3f:e5 brd ff:ff:ff:ff:ff:ff
 *       vxlan id 42 remote 192.0.2.2 dev eth0 srcport 0 0 dstport 4789 ttl auto ageing 300 udpcsum …
 *
 * Columns whose value is not known here (qdisc, promiscuity, gso sizes) are left out; ours (persist, allow, …)
 * stand on a line of their own and under "vtep" in JSON.
 */
import { isMulticast } from '../../control/address.js';
import type { NamedLinkState } from '../../control/client.js';
import type { LinkState } from '../../engine/types.js';
import type { Netdev } from '../netdev.js';
import { familyOfText } from '../values.js';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

const hex = (value: number): string => `0x${value.toString(16)}`;

/** 1 is how the kernel stores `inherit`. */
const tosNumber = (link: LinkState): number => (link.tos === 'inherit' ? 1 : link.tos);

/** [key, address] of the default destination: a multicast one is a group however it was given. */
function destination(link: LinkState): ['group' | 'remote', string] | undefined {
  const address = link.group ?? link.remote;
  if (address === undefined || address === '0.0.0.0' || address === '::') return undefined;
  return [isMulticast(address) ? 'group' : 'remote', address];
}

/** `192.0.2.1` under "remote", `2001:db8::1` under "remote6". */
const byFamily = (key: string, address: string): Record<string, string> => ({
  [familyOfText(address) === 6 ? `${key}6` : key]: address,
});

/** linkinfo.info_data. */
export function vxlanJson(link: LinkState): Record<string, unknown> {
  const to = destination(link);
  const tos = tosNumber(link);
  return {
    // Absent where off, as the flags they are.
    external: link.external || undefined,
    vnifilter: link.vnifilter || undefined,
    id: link.id,
    ...(to === undefined ? {} : byFamily(...to)),
    ...(link.local === undefined ? {} : byFamily('local', link.local)),
    link: link.dev,
    port_range: { low: link.srcport[0], high: link.srcport[1] },
    port: link.dstport,
    learning: link.learning,
    proxy: link.proxy,
    rsc: link.rsc,
    l2miss: link.l2miss,
    l3miss: link.l3miss,
    tos: tos === 0 ? undefined : hex(tos),
    // `ip` has no key for an inherited TTL.
    ...(link.ttl === 'inherit' ? { ttl_inherit: true } : { ttl: link.ttl }),
    df: link.df,
    label: link.flowlabel === 0 ? undefined : hex(link.flowlabel),
    ageing: link.ageing,
    limit: link.maxaddress === 0 ? undefined : link.maxaddress,
    reserved_bits: link.reserved_bits,
    udp_csum: link.udpcsum,
    udp_zero_csum6_tx: link.udp6zerocsumtx,
    udp_zero_csum6_rx: link.udp6zerocsumrx,
    gbp: link.gbp || undefined,
    gpe: link.gpe || undefined,
    localbypass: link.localbypass,
  };
}

const no = (on: boolean, word: string): string => (on ? word : `no${word}`);

function tosText(link: LinkState): string[] {
  const tos = tosNumber(link);
  if (tos === 0) return [];
  return [`tos ${tos === 1 ? 'inherit' : hex(tos)}`];
}

/** The `vxlan id …` line, without what stands before and after it. */
export function vxlanText(link: LinkState): string {
  const to = destination(link);
  const flags = (['proxy', 'rsc', 'l2miss', 'l3miss'] as const).filter((word) => link[word]);
  const words = [
    `vxlan ${link.external ? 'external ' : ''}${link.vnifilter ? 'vnifilter ' : ''}id ${link.id}`,
    ...(to === undefined ? [] : [to.join(' ')]),
    ...(link.local === undefined ? [] : [`local ${link.local}`]),
    ...(link.dev === undefined ? [] : [`dev ${link.dev}`]),
    `srcport ${link.srcport.join(' ')} dstport ${link.dstport}`,
    ...(link.learning ? [] : ['nolearning']),
    ...flags,
    ...tosText(link),
    `ttl ${link.ttl === 0 ? 'auto' : link.ttl}`,
    ...(link.df === 'unset' ? [] : [`df ${link.df}`]),
    ...(link.flowlabel === 0 ? [] : [`flowlabel ${hex(link.flowlabel)}`]),
    `ageing ${link.ageing}`,
    ...(link.maxaddress === 0 ? [] : [`maxaddr ${link.maxaddress}`]),
    `reserved_bits ${link.reserved_bits}`,
    no(link.udpcsum, 'udpcsum'),
    no(link.udp6zerocsumtx, 'udp6zerocsumtx'),
    no(link.udp6zerocsumrx, 'udp6zerocsumrx'),
    ...(link.gbp ? ['gbp'] : []),
    ...(link.gpe ? ['gpe'] : []),
    no(link.localbypass, 'localbypass'),
  ];
  return words.join(' ');
}

/** The first line up to the state, which `ip monitor` cuts off there. */
export function headText(link: LinkState, netdev: Netdev): string {
  const master = netdev.master === undefined ? '' : ` master ${netdev.master}`;
  const flags = `<${netdev.flags.join(',')}>`;
  return `${link.ifindex}: ${link.name}: ${flags} mtu ${link.mtu}${master} state ${netdev.operstate}`;
}

/** `ip` too puts the namespace of the underlay here, which it knows by number in JSON. */
export const addressText = (link: LinkState): string => {
  const netns = link.linkNetns === undefined ? '' : ` link-netns ${link.linkNetns}`;
  return `    link/ether ${link.address} brd ${BROADCAST}${netns}`;
};

function ownText(link: NamedLinkState): string {
  const words = [
    `tap persist ${link.persistent ? 'on' : 'off'}`,
    ...(link.away ? ['away'] : []),
    ...(link.missing.length === 0 ? [] : [`missing ${link.missing.join(' ')}`]),
    ...(link.remoteName === undefined ? [] : [`remote-name ${link.remoteName}`]),
    ...(link.resolveInterval === undefined ? [] : [`resolve-interval ${link.resolveInterval}`]),
    ...(link.gbpId === 0 ? [] : [`gbp-id ${link.gbpId}`]),
    ...(link.localbind ? ['localbind'] : []),
    ...(link.allow === 'any' ? [] : [`allow ${link.allow}`]),
    ...(link.learnLimit === 0 ? [] : [`learn-limit ${link.learnLimit}`]),
    ...(link.learnPort ? ['learn-port'] : []),
    ...(link.remoteStats ? ['remote-stats'] : []),
    ...(link.splitHorizon === 0 ? [] : [`split-horizon ${link.splitHorizon}`]),
    ...(link.mssclamp === 'off' ? [] : [`mssclamp ${link.mssclamp}`]),
    ...(link.neighsnoop === 0 ? [] : [`neighsnoop ${link.neighsnoop}`]),
    ...(link.gateway.length === 0 ? [] : [`gateway ${link.gateway.join()} gateway-mac ${link.gatewayMac}`]),
    ...(['missinterval', 'missrate'] as const).filter((key) => link[key]).map((key) => `${key} ${link[key]}`),
    ...(link.hold === 0 ? [] : [`hold ${link.hold} holdtime ${link.holdtime}`]),
  ];
  return `    ${words.join(' ')} `;
}

/** Ours in JSON: the state of the TAP, and options that `ip` does not know where they are not at their default. */
function ownJson(link: NamedLinkState): Record<string, unknown> {
  return {
    persistent: link.persistent,
    away: link.away || undefined,
    missing: link.missing,
    link_netns: link.linkNetns,
    remote_name: link.remoteName,
    resolve_interval: link.resolveInterval,
    gbp_id: link.gbpId || undefined,
    localbind: link.localbind || undefined,
    allow: link.allow === 'any' ? undefined : link.allow,
    learn_limit: link.learnLimit || undefined,
    learn_port: link.learnPort || undefined,
    remote_stats: link.remoteStats || undefined,
    split_horizon: link.splitHorizon || undefined,
    mssclamp: link.mssclamp === 'off' ? undefined : link.mssclamp,
    neighsnoop: link.neighsnoop || undefined,
    gateway: link.gateway.length === 0 ? undefined : link.gateway,
    gateway_mac: link.gatewayMac,
    missinterval: link.missinterval || undefined,
    missrate: link.missrate || undefined,
    ...(link.hold === 0 ? {} : { hold: link.hold, holdtime: link.holdtime }),
  };
}

/** Lines of one VTEP. */
export function linkLines(link: NamedLinkState, netdev: Netdev, details: boolean): string[] {
  const head = `${headText(link, netdev)} mode ${netdev.linkmode} group default qlen ${netdev.txqlen}`;
  const lines = [head, addressText(link)];
  if (!details) return lines;
  const { queues } = netdev;
  const counts = queues === undefined ? '' : `numtxqueues ${queues.tx} numrxqueues ${queues.rx} `;
  return [...lines, `    ${vxlanText(link)} ${counts}`, ownText(link)];
}

/** One VTEP as an element of `ip -j link`. */
export function linkJson(link: NamedLinkState, netdev: Netdev, details: boolean): Record<string, unknown> {
  const plain = {
    ifindex: link.ifindex,
    ifname: link.name,
    flags: netdev.flags,
    mtu: link.mtu,
    master: netdev.master,
    operstate: netdev.operstate,
    linkmode: netdev.linkmode,
    group: 'default',
    txqlen: netdev.txqlen,
    link_type: 'ether',
    address: link.address,
    broadcast: BROADCAST,
  };
  if (!details) return plain;
  return {
    ...plain,
    linkinfo: { info_kind: 'vxlan', info_data: vxlanJson(link) },
    num_tx_queues: netdev.queues?.tx,
    num_rx_queues: netdev.queues?.rx,
    vtep: ownJson(link),
  };
}
