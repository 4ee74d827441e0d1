/** Our VTEP, the kernel's, and the bare underlay. */
import { Guest } from '../../test/support/lab/guest.js';
import type { Host } from '../../test/support/lab/host.js';
import type { Lab } from '../../test/support/lab/lab.js';
import { missingFor } from '../../test/support/lab/pairs.js';
import { guestAddress, layOutSwitch, PORT, VNI } from '../../test/support/lab/scenario/learning-switch.js';
import { layOutRemoteRoutes } from '../../test/support/lab/scenario/remote-routes.js';
import type { Adapter, Layout } from './adapter.js';

/** Microseconds a worker of 'uvtep-spin' looks for work before it sleeps: longer than a round trip takes. */
const SPIN = 100;

/** A VTEP on each host that points to the other's, with the address a guest would have. */
async function layOutPair(lab: Lab, over6: boolean, link = ''): Promise<void> {
  for (const [index, host] of lab.hosts.entries()) {
    const peer = lab.hosts[1 - index]!;
    const ends = over6 ? `local ${host.address6} remote ${peer.address6}` : `remote ${peer.address}`;
    await host.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 ${ends}${link}`);
    await host.namespace.ip(`addr add ${guestAddress(index)}/24 dev vtep0`);
    await host.namespace.ip('link set vtep0 up');
  }
}

function both(lab: Lab, end: (host: Host, index: number) => Guest): [Guest, Guest] {
  const [a, b] = lab.hosts as [Host, Host];
  return [end(a, 0), end(b, 1)];
}

/** The end of a tunnel that a host's own stack is. */
export function overlayEnd(host: Host, index: number): Guest {
  return new Guest(host.namespace, guestAddress(index), '');
}

async function layOut(lab: Lab, { ends, link }: Layout): Promise<[Guest, Guest]> {
  if (ends === 'guests') await layOutSwitch(lab);
  else if (ends === 'routed') await layOutRemoteRoutes(lab);
  else await layOutPair(lab, ends === 'hosts6', link === undefined ? '' : ` ${link}`);
  const inside = ends === 'guests' || ends === 'routed';
  return both(lab, inside ? (host) => host.guests[0]! : overlayEnd);
}

export const uvtep: Adapter = { kind: 'uvtep', missing: () => missingFor(['uvtep']), layOut };

export const uvtepSpin: Adapter = { ...uvtep, env: { VTEP_BUSY_POLL: String(SPIN) } };

export const kernel: Adapter = { kind: 'kernel', missing: () => missingFor(['kernel']), layOut };

export const bareVeth: Adapter = {
  kind: 'kernel',
  missing: ({ ends }) => (ends === 'hosts' ? '' : 'the bare underlay has no guests and one family here'),
  layOut: async (lab) => both(lab, (host) => new Guest(host.namespace, host.address, '')),
};
