import t from 'tap';
import type { FdbEntry } from '../../lib/engine/types.js';
import type { Route } from '../../lib/flannel/entries.js';
import { ownFdb, ownNeighbours, ownRoutes, type Surroundings } from '../../lib/flannel/own-entries.js';
import { parsePrefix } from '../../lib/flannel/prefix.js';
import {
  NTF_EXT_LEARNED,
  NTF_ROUTER,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_REACHABLE,
} from '../../lib/native/netlink/neighbour.js';
import { routeInfo } from './fakes.js';

const MAC = 'b2:56:42:b5:e6:fc';
const AROUND: Surroundings = {
  network: parsePrefix('10.5.0.0/16'),
  subnet: parsePrefix('10.5.74.0/24'),
  subnetLength: 24,
  tunnel: 4,
  underlay: undefined,
  gateways: new Set(),
};

t.test('FDB entries', (t) => {
  const entry = (change: Partial<FdbEntry> = {}): FdbEntry => ({
    ...{ mac: MAC, remotes: [{ dst: '10.99.0.12' }], state: 'permanent' },
    ...{ router: false, externLearn: false, learned: false, used: 0, updated: 0 },
    ...change,
  });
  t.same([...ownFdb([entry()])], [[MAC, '10.99.0.12']]);
  const foreign: Record<string, Partial<FdbEntry>> = {
    static: { state: 'static' },
    dynamic: { state: 'reachable' },
    'that of unknown destinations': { mac: '00:00:00:00:00:00' },
    'a group': { mac: '01:00:5e:00:00:01' },
    'externally learned': { externLearn: true },
    learned: { learned: true },
    'a router': { router: true },
    'of several destinations': { remotes: [{ dst: '10.99.0.12' }, { dst: '10.99.0.13' }] },
    'with a port': { remotes: [{ dst: '10.99.0.12', port: 4789 }] },
    'with a VNI': { remotes: [{ dst: '10.99.0.12', vni: 7 }] },
    'with an interface': { remotes: [{ dst: '10.99.0.12', via: 'eth1' }] },
    'of a nexthop group': { remotes: [], nhid: 3 },
    'of a source VNI': { srcVni: 7 },
  };
  for (const [what, change] of Object.entries(foreign))
    t.equal(ownFdb([entry(change)]).size, 0, `foreign: ${what}`);
  t.end();
});

t.test('routes over the VTEP', (t) => {
  const own = routeInfo('10.5.3.0/24', '10.5.3.0', { onlink: true });
  t.same([...ownRoutes([own], AROUND)], [['10.5.3.0/24', { via: '10.5.3.0', ifindex: 4, onlink: true }]]);
  const foreign: Record<string, ReturnType<typeof routeInfo>> = {
    'not onlink': routeInfo('10.5.3.0/24', '10.5.3.0'),
    'via another address': routeInfo('10.5.3.0/24', '10.5.3.9', { onlink: true }),
    'outside the network': routeInfo('10.6.3.0/24', '10.6.3.0', { onlink: true }),
    'the whole network': routeInfo('10.5.0.0/16', '10.5.0.0', { onlink: true }),
    'of another protocol': { ...own, protocol: 4 },
    'of another table': { ...own, table: 100 },
    'of another metric': { ...own, priority: 5 },
    'of a TOS': { ...own, tos: 8 },
    'a blackhole': { ...own, type: 6 },
    'of two hops': { ...own, nextHops: [...own.nextHops, ...own.nextHops] },
    'on another interface': routeInfo('10.5.3.0/24', '10.5.3.0', { onlink: true, ifindex: 7 }),
    'without gateway': routeInfo('10.5.3.0/24', undefined),
  };
  for (const [what, route] of Object.entries(foreign))
    t.equal(ownRoutes([route], AROUND).size, 0, `foreign: ${what}`);
  t.end();
});

t.test('routes past the VTEP', (t) => {
  const direct = routeInfo('10.5.12.0/24', '10.99.0.12', { ifindex: 2 });
  t.equal(ownRoutes([direct], AROUND).size, 0, 'foreign without DirectRouting');
  const target: Route = { via: '10.99.0.12', ifindex: 2, onlink: false };
  t.same([...ownRoutes([direct], { ...AROUND, underlay: 2 })], [['10.5.12.0/24', target]]);
  const gateways = new Set(['10.99.0.12']);
  t.equal(ownRoutes([direct], { ...AROUND, gateways }).size, 1, 'of a peer of this run, wherever it led');
  const around = { ...AROUND, underlay: 2, gateways };
  const foreign: Record<string, ReturnType<typeof routeInfo>> = {
    'of the own subnet': routeInfo('10.5.74.128/25', '10.99.0.12', { ifindex: 2 }),
    onlink: routeInfo('10.5.12.0/24', '10.99.0.12', { ifindex: 2, onlink: true }),
    'by another interface': routeInfo('10.5.12.0/24', '10.98.0.7', { ifindex: 3 }),
    'outside the network': routeInfo('10.6.12.0/24', '10.99.0.12', { ifindex: 2 }),
    static: { ...direct, protocol: 4 },
  };
  for (const [what, route] of Object.entries(foreign))
    t.equal(ownRoutes([route], around).size, 0, `foreign: ${what}`);
  t.end();
});

t.test('IPv6 routes have a metric of 1024', (t) => {
  const around = { ...AROUND, network: parsePrefix('fd05::/56'), subnet: undefined, subnetLength: 64 };
  const own = routeInfo('fd05:0:0:58::/64', 'fd05:0:0:58::', { onlink: true });
  t.same([...ownRoutes([own], around).keys()], ['fd05:0:0:58::/64']);
  t.equal(ownRoutes([{ ...own, priority: 256 }], around).size, 0);
  t.end();
});

t.test('neighbours', (t) => {
  const neighbour = { address: '10.5.3.0', mac: MAC, state: NUD_PERMANENT, flags: 0 };
  const none = new Map<string, Route>();
  t.same([...ownNeighbours([neighbour], none, AROUND)], [['10.5.3.0', MAC]]);
  const foreign: Record<
    string,
    Partial<{ address: string; mac: undefined; state: number; flags: number }>
  > = {
    'of a container': { address: '10.5.3.7' },
    'outside the network': { address: '10.6.3.0' },
    reachable: { state: NUD_REACHABLE },
    noarp: { state: NUD_NOARP },
    'without MAC': { mac: undefined },
    'externally learned': { flags: NTF_EXT_LEARNED },
    'a router': { flags: NTF_ROUTER },
  };
  for (const [what, change] of Object.entries(foreign)) {
    t.equal(ownNeighbours([{ ...neighbour, ...change }], none, AROUND).size, 0, `foreign: ${what}`);
  }
  const routes = new Map([['10.5.3.128/25', { via: '10.5.3.128', ifindex: 4, onlink: true }]]);
  const half = { ...neighbour, address: '10.5.3.128' };
  t.equal(ownNeighbours([half], none, AROUND).size, 0, 'no first address of a /24');
  t.equal(ownNeighbours([half], routes, AROUND).size, 1, 'but of a route of ours');
  t.end();
});
