/**
 * Test beds side by side: the same two hosts once with our VTEPs and once with the kernel's, kept open together so that
 * every figure is taken A B A B. Each lies in namespaces of its own; only one carries traffic at a time.
 */
import type { Kind } from '../../test/support/lab/dialect.js';
import { Guest } from '../../test/support/lab/guest.js';
import { Lab, type Segmentation } from '../../test/support/lab/lab.js';
import { missingFor } from '../../test/support/lab/pairs.js';
import { guestAddress, layOutSwitch, PORT, VNI } from '../../test/support/lab/scenario/learning-switch.js';

/** Who talks: the hosts' own stacks, with an address on the VTEP, or guests behind a bridge. */
export type Ends = 'hosts' | 'guests';

export interface Bed {
  kind: Kind;
  lab: Lab;
  from: Guest;
  to: Guest;
}

/** Beds of the kinds this machine has, and why it lacks the others. */
export interface Beds {
  beds: Bed[];
  missing: Partial<Record<Kind, string>>;
}

/** A VTEP on each host that points to the other's, with the address a guest would have. */
async function layOutPair(lab: Lab): Promise<Guest[]> {
  const ends: Guest[] = [];
  for (const [index, host] of lab.hosts.entries()) {
    const peer = lab.hosts[1 - index]!;
    await host.vtep(`link add vtep0 type vxlan id ${VNI} dstport ${PORT} dev eth0 remote ${peer.address}`);
    await host.namespace.ip(`addr add ${guestAddress(index)}/24 dev vtep0`);
    await host.namespace.ip('link set vtep0 up');
    ends.push(new Guest(host.namespace, guestAddress(index), ''));
  }
  return ends;
}

async function layOutGuests(lab: Lab): Promise<Guest[]> {
  await layOutSwitch(lab);
  return lab.hosts.map((host) => host.guests[0]!);
}

/** @param prepare done before any VTEP is made, such as starting daemons in another way */
export async function openBed(
  kind: Kind,
  segmentation: Segmentation,
  ends: Ends,
  prepare?: (lab: Lab) => Promise<void>,
): Promise<Bed> {
  const lab = await Lab.open({ hosts: [kind, kind], segmentation });
  try {
    await prepare?.(lab);
    const [from, to] = await (ends === 'guests' ? layOutGuests(lab) : layOutPair(lab));
    const ping = await from!.ping(guestAddress(1), { count: 3, interval: 50_000 });
    if (ping.received === 0) throw new Error(`no ping through the ${kind} overlay`);
    return { kind, lab, from: from!, to: to! };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Opens the beds, hands them to `body`, closes them whatever happens. */
export async function withBeds<T>(
  segmentation: Segmentation,
  ends: Ends,
  body: (beds: Beds) => Promise<T>,
): Promise<T> {
  const open: Beds = { beds: [], missing: {} };
  try {
    for (const kind of ['uvtep', 'kernel'] as const) {
      const why = missingFor([kind]);
      if (why) open.missing[kind] = why;
      else open.beds.push(await openBed(kind, segmentation, ends));
    }
    return await body(open);
  } finally {
    for (const bed of open.beds) await bed.lab.close();
  }
}
