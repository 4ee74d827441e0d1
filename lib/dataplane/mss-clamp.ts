/**
 * MSS clamping (`mssclamp`, ours; the kernel device leaves it to netfilter's TCPMSS): SYNs in both directions are told of
 * a maximum segment size that fits the tunnel. It helps where path MTU discovery cannot: behind routers, where ICMP
 * is filtered, and on interfaces that are no ports of a bridge.
 */
import { type Batch, LENGTH, NEEDS_CSUM, OFFLOAD, OFFSET } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import { clampMss, FINAL, UNFINISHED, UNKNOWN } from '../wire/mss.js';
import { EVENT_MSS_CLAMPED } from './counters.js';
import type { Device } from './device.js';

/** A frame for the underlay, entry `i` of what the interface gave. */
export function clampSent(slab: Slab, rx: Batch, i: number, device: Device): void {
  const checksum = (rx.get(OFFLOAD, i) & NEEDS_CSUM) === 0 ? FINAL : UNFINISHED;
  clamp(slab, rx.get(OFFSET, i), rx.get(LENGTH, i), device, checksum);
}

/** A frame from the underlay. A kernel peer on the same host leaves checksums unfinished and does not say so. */
export function clampReceived(slab: Slab, frame: number, length: number, device: Device): void {
  clamp(slab, frame, length, device, UNKNOWN);
}

function clamp(slab: Slab, frame: number, length: number, device: Device, checksum: number): void {
  const { mss, packet } = device.settings;
  if (clampMss(slab.bytes, frame, length, mss, packet, checksum)) device.counters[EVENT_MSS_CLAMPED]++;
}
