/**
 * Who has which address, asked and answered by the guests: step a of encap.ts. In this order:
 *
 *   snooping   what the frame tells of its sender is learned, once, however long it waits (neigh-snoop.ts)
 *   gateway    ARP and ND for or from the anycast gateway end here (gateway.ts)
 *   proxy      requests are answered from the neighbour table, or wait for it, or are consumed (arp-proxy.ts, nd-proxy.ts)
 *   gateway    whatever else is for its MAC ends here, too
 *
 * A VLAN-tagged request is not seen here, as in the kernel.
 */
import { type Batch, NEEDS_CSUM, OFFLOAD } from '../memory/batch.js';
import type { RecordRing } from '../memory/ring.js';
import type { Slab } from '../memory/slab.js';
import { SNOOPED_HERE } from '../table/neighbour.js';
import * as ethernet from '../wire/ethernet.js';
import { answerArp } from './arp-proxy.js';
import { type Device, GATEWAY, NEIGHSNOOP, PROXY } from './device.js';
import type { HoldStep } from './hold-step.js';
import {
  answerForGateway,
  FOR_GATEWAY,
  FROM_GATEWAY,
  gatewayRole,
  isGatewayMac,
  isRoutedHere,
} from './gateway.js';
import { answerSolicitation } from './nd-proxy.js';
import { snoopNeighbour } from './neigh-snoop.js';
import { drop } from './output.js';
import { ENDED, PASSED, WAITS } from './proxied-neighbour.js';
import * as reasons from './reasons.js';

/**
 * Treats a frame, of at least 14 octets, from a guest of a device with any of RESOLUTION.
 * @param hold where it waits for who it asks for, and whether it has waited before
 * @param i its number in `rx`
 * @param type its EtherType
 * @param back what is answered is appended
 * @param now tick
 * @returns PASSED: it goes on; ENDED; WAITS
 */
export function resolve(
  slab: Slab,
  ring: RecordRing,
  hold: HoldStep,
  rx: Batch,
  i: number,
  type: number,
  offset: number,
  length: number,
  device: Device,
  back: Batch,
  now: number,
): number {
  const { features } = device.settings;
  if (type === ethernet.TYPE_ARP || type === ethernet.TYPE_IPV6) {
    const role =
      (features & GATEWAY) === 0 ? 0 : gatewayRole(slab.bytes, device.settings, offset, length, type);
    if ((features & NEIGHSNOOP) !== 0 && (role & FROM_GATEWAY) === 0 && !hold.isRelease) {
      const hasChecksum = (rx.get(OFFLOAD, i) & NEEDS_CSUM) === 0;
      snoopNeighbour(slab, ring, device, offset, length, SNOOPED_HERE, hasChecksum, now);
    }
    if (role === FOR_GATEWAY) {
      answerForGateway(slab, device, offset, length, type, back);
      return ENDED;
    }
    // What the gateway asks for its guests a proxy may answer; what it says of itself is nobody's affair elsewhere.
    if ((role & FOR_GATEWAY) === 0 && (features & PROXY) !== 0) {
      const isArp = type === ethernet.TYPE_ARP;
      const verdict = isArp
        ? answerArp(slab, ring, device, offset, length, back, now)
        : answerSolicitation(slab, ring, device, offset, length, back, now);
      if (verdict === WAITS) {
        if (isArp) hold.forArp(rx, i, offset, device, now);
        else hold.forSolicitation(rx, i, offset, device, now);
      }
      if (verdict !== PASSED) return verdict;
    }
    if (role !== 0) {
      drop(device, reasons.TX_GATEWAY_OWN);
      return ENDED;
    }
  }
  return (features & GATEWAY) !== 0 && staysHere(slab, device, offset) ? ENDED : PASSED;
}

/** True when the frame is for the anycast MAC, and counted. */
function staysHere({ view }: Slab, device: Device, offset: number): boolean {
  const high = view.getInt32(offset);
  const low = view.getUint16(offset + 4);
  if (!isGatewayMac(device.settings, high, low) || isRoutedHere(device, high, low)) return false;
  drop(device, reasons.TX_GATEWAY_MAC);
  return true;
}
