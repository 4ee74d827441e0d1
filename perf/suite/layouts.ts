/** The layouts benches lie on, with the words for them. */
import type { Layout } from './adapter.js';

/** Between the hosts' own stacks, nothing is segmented on the way: the kernel's best case. */
export const DEFAULT_LAYOUT: Layout = { segmentation: 'veth', ends: 'hosts' };
/** As on most NICs of small hosts. */
export const NO_TUNNEL: Layout = { segmentation: 'no-tunnel', ends: 'hosts' };
/** A NIC that segments neither tunnels nor UDP. It coalesces what it receives. */
export const PLAIN: Layout = { segmentation: 'plain', ends: 'hosts' };
export const BRIDGED: Layout = { segmentation: 'veth', ends: 'guests' };
export const ROUTED: Layout = { segmentation: 'veth', ends: 'routed' };
export const OVER_IPV6: Layout = { segmentation: 'veth', ends: 'hosts6' };
/** The route short-circuit on, as the route and neighbour tables need to be read. */
export const SHORT_CIRCUIT: Layout = { ...DEFAULT_LAYOUT, link: 'rsc' };
