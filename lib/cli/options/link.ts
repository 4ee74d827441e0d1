/** Words of `vtep link`: those of `ip link` for type vxlan. */
import * as value from '../values.js';
import { either, flag, refuse, takes, type Form, type Word } from './word.js';

/** After `type vxlan`. */
const VXLAN: readonly Word[] = [
  takes('id|vni', 'id', value.vni, 'VXLAN network identifier (RFC 7348), 0 to 16777215'),
  takes('group', 'group', value.group, 'multicast default destination; needs dev'),
  takes('remote', 'remote', value.unicastOrName, 'unicast default destination: the all-zeros FDB entry'),
  takes('local', 'local', value.unicast, 'outer source address'),
  takes('dev', 'dev', value.ifname, 'underlay interface: its MTU less 50 (70 over IPv6) is the default MTU'),
  takes('ttl|hoplimit', 'ttl', value.ttl, 'outer TTL or hop limit; auto is the system default'),
  takes('tos|dsfield', 'tos', value.tos, 'outer TOS, hexadecimal as in ip; inherit copies the inner DSCP'),
  takes('df', 'df', value.df, "don't-fragment bit of the outer IPv4 header"),
  takes('flowlabel|label', 'flowlabel', value.flowlabel, 'outer IPv6 flow label'),
  takes('ageing', 'ageing', value.seconds, 'life of a learned entry; none and 0 mean 300, as to the kernel'),
  takes('maxaddress', 'maxaddress', value.limit, 'greatest number of FDB entries'),
  takes(
    'mssclamp',
    'mssclamp',
    value.mssclamp,
    'maximum segment size TCP is told of; auto is what fits the path',
  ),
  takes(
    'srcport|port',
    'srcport',
    [value.port, value.port],
    'outer source ports, MAX excluded; 0 0 = 49152-65535',
  ),
  takes('dstport', 'dstport', value.port, 'UDP port; 0 = 8472 as in Linux, 4789 is the IANA one'),
  ...either('learning', 'learn where MACs are from received frames (default)'),
  ...either('proxy', 'answer ARP and ND from the neighbour table'),
  ...either('rsc', 'route short-circuit: route here what is sent to a MAC marked router'),
  ...either('l2miss', 'tell when a MAC has no FDB entry'),
  ...either('l3miss', 'tell when an address has no neighbour entry'),
  takes(
    'missinterval',
    'missinterval',
    value.missInterval,
    'tell a miss again only after so long; 0 = each, as Linux',
  ),
  takes('missrate', 'missrate', value.limit, 'misses told a second at most; 0 = no limit, as Linux'),
  takes(
    'hold',
    'hold',
    value.holdFrames,
    'frames kept for a destination until its miss is answered; 0 = dropped, as Linux',
  ),
  takes('holdtime', 'holdtime', value.holdTime, 'how long frames are kept, default 1000'),
  ...either('udpcsum', 'outer UDP checksum over IPv4 (default)'),
  ...either('udp6zerocsumtx', 'no outer UDP checksum over IPv6'),
  ...either('udp6zerocsumrx', 'accept zero UDP checksums over IPv6'),
  flag('gbp', 'gbp', true, 'group policy headers (draft-smith-vxlan-group-policy)'),
  takes('gbp-id', 'gbpId', value.policyId, 'group policy id to send, 0 = none'),
  flag('gpe', 'gpe', true, 'generic protocol extension, for Ethernet frames; port 4790, nolearning'),
  takes('reserved_bits', 'reserved_bits', value.mask, 'header bits that must be zero when received'),
  ...either('localbypass', 'what is for a VTEP of this host goes there directly (default)'),
  ...either('localbind', 'receive only what is sent to the local address'),
  takes(
    'allow',
    'allow',
    value.peers,
    'who may send: known = VTEPs in given FDB entries; fdb = the one of each MAC',
  ),
  takes('learn-limit', 'learnLimit', value.limit, 'greatest number of MACs learned behind one peer'),
  ...either('learn-port', 'answer peers at the UDP port they send from, behind NAT too', 'learnPort'),
  ...either('remote-stats', 'count by remote: `vtep -s remote show`', 'remoteStats'),
  takes(
    'split-horizon',
    'splitHorizon',
    value.horizon,
    'group of VTEPs on one bridge: what one has received none sends',
  ),
  takes(
    'resolve-interval',
    'resolveInterval',
    value.resolveInterval,
    'time after which DNS names of remotes are looked up again; default 30',
  ),
  takes(
    'neighsnoop',
    'neighsnoop',
    value.neighsnoop,
    'neighbours to learn from passing ARP and ND; on is 4096, off none',
  ),
  takes(
    'gateway',
    'gateway',
    value.gateways,
    'anycast gateway: answered here with gateway-mac, never sent out; or none',
  ),
  takes('gateway-mac', 'gatewayMac', value.unicastMac, 'its MAC, the same on every VTEP'),
  ...either('external', 'with vnifilter: many VNIs, told apart by 802.1Q tags; no id, nolearning'),
  ...either('vnifilter', 'receive the VNIs of `vtep vni add`'),
  ...refuse(
    'yet',
    'remcsumtx noremcsumtx remcsumrx noremcsumrx',
    'remote checksum offload pays where a NIC sums outer packets only, and a TAP leaves inner sums to us anyway',
  ),
  ...refuse(
    'yet',
    'mcroute nomcroute',
    'the multicast routing of an own packet is asked for inside the kernel, no socket option does; route the group to dev',
  ),
];

/** The VTEP itself; `dev` after `type vxlan` is its underlay. */
const device = takes('dev', 'name', value.ifname);
const onlyType = takes('type', 'type', value.vxlanType);
const type: Word = { words: ['type'], key: 'type', takes: [value.vxlanType], then: VXLAN };
const mtu = takes('mtu', 'mtu', value.mtu);
const mac = takes('address', 'address', value.unicastMac);
const linkNetns = takes(
  'link-netns',
  'linkNetns',
  value.netns,
  'network namespace of the underlay: UDP socket, routes and dev',
);

/** What `ip link` does to any interface, ours included. */
const NETDEV =
  'broadcast|brd txqueuelen|txqlen|qlen netns arp multicast allmulticast promisc trailers alias group ' +
  'master nomaster vrf dynamic carrier xdp xdpgeneric xdpdrv xdpoffload vf addrgenmode protodown ' +
  'gso_max_size gso_max_segs gro_max_size link-netnsid index numtxqueues numrxqueues parentdev';

/** What vxlan_changelink may change. */
const CHANGES = (
  'group remote local dev ttl tos df flowlabel learning ageing gbpId localbypass allow learnLimit mssclamp ' +
  'missinterval missrate neighsnoop gateway gatewayMac resolveInterval remoteStats splitHorizon hold holdtime'
).split(' ');
const settable: Word = {
  ...type,
  then: VXLAN.map((word) => (CHANGES.includes(word.key) ? word : { ...word, fixed: true })),
};

export const forms: readonly Form[] = [
  {
    verbs: ['add'],
    positional: 'name',
    needs: ['name', 'type', 'id|external|vnifilter'],
    words: [
      flag('up', 'up', true),
      flag('down', 'up', false),
      takes('name|dev', 'name', value.ifname),
      takes('link', 'link', value.ifname),
      mac,
      mtu,
      linkNetns,
      type,
      ...refuse('ip link', NETDEV),
    ],
  },
  {
    verbs: ['set', 'change'],
    positional: 'name',
    needs: ['name'],
    words: [
      device,
      flag('up', 'up', true),
      flag('down', 'up', false),
      mac,
      mtu,
      { ...linkNetns, fixed: true },
      settable,
      ...refuse('ip link', `name ${NETDEV}`),
    ],
  },
  { verbs: ['replace'], words: [], refused: 'yet' },
  {
    verbs: ['delete'],
    positional: 'name',
    needs: ['name'],
    words: [device, onlyType, ...refuse('ip link', 'group')],
  },
  {
    verbs: ['show', 'lst', 'list'],
    positional: 'name',
    words: [device, flag('up', 'up'), onlyType, ...refuse('ip link', 'group master nomaster vrf')],
  },
];
