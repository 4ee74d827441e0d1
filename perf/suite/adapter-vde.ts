/**
 * VDE (vdeplug, its distributed switch vxvde): a TAP and a VXLAN socket in one process a host, which find each other by
 * multicast. Through its plain vxlan plug, laid out alike, no ping came (vdeplug 4.0.1, Debian 12).
 */
import { Guest } from '../../test/support/lab/guest.js';
import type { Host } from '../../test/support/lab/host.js';
import { guestAddress } from '../../test/support/lab/scenario/learning-switch.js';
import type { Adapter } from './adapter.js';
import { peerMissing } from './peer.js';

const GROUP = '239.0.0.1';
/** As the other tunnels have it on an underlay of 1500. */
const MTU = 1450;

async function layOutHost({ namespace }: Host, index: number): Promise<Guest> {
  await namespace.ip(`route add ${GROUP}/32 dev eth0`);
  await namespace.ip('tuntap add vtep0 mode tap');
  await namespace.ip(`link set vtep0 mtu ${MTU} up`);
  await namespace.ip(`addr add ${guestAddress(index)}/24 dev vtep0`);
  namespace.start(['vde_plug', 'tap://vtep0', `vxvde://${GROUP}/if=eth0`]);
  return new Guest(namespace, guestAddress(index), '');
}

export const vde: Adapter = {
  kind: 'kernel',
  missing: (layout) => peerMissing(['vde_plug'], 'vde2', layout),
  async layOut({ hosts }) {
    const [a, b] = hosts as [Host, Host];
    return [await layOutHost(a, 0), await layOutHost(b, 1)];
  },
};
