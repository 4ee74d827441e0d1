/**
 * Two namespaces joined by a veth and nothing else: what the measuring tools are tested against, and what a tunnel's
 * figures are seen beside.
 *
 *      a  192.168.90.1/24 ----- eth0 = eth0 ----- b  192.168.90.2/24
 */
import { Guest } from './guest.js';
import { Namespace, sweepAbandoned } from './namespace.js';

export interface BareVeth {
  from: Guest;
  to: Guest;
}

/** @param purpose part of the namespaces' names, to tell two at once apart */
export async function withBareVeth<T>(purpose: string, body: (veth: BareVeth) => Promise<T>): Promise<T> {
  sweepAbandoned();
  const open: Namespace[] = [];
  try {
    for (const end of ['a', 'b']) open.push(await Namespace.create(`${purpose}${end}`));
    const [a, b] = open as [Namespace, Namespace];
    await a.ip(`link add eth0 type veth peer name eth0 netns ${b.name}`);
    for (const [index, end] of [a, b].entries()) {
      await end.ip(`addr add ${address(index)}/24 dev eth0`);
      await end.ip('link set eth0 up');
    }
    const [from, to] = [a, b].map((end, index) => new Guest(end, address(index), ''));
    return await body({ from: from!, to: to! });
  } finally {
    for (const namespace of open) await namespace.close();
  }
}

function address(index: number): string {
  return `192.168.90.${index + 1}`;
}
