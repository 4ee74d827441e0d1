/**
 * Split horizon (as of RFC 4762, section 4.4, and of bridge ports with a split-horizon group): what came in at a device of a
 * group leaves through none of the group, so that hosts in a full mesh may bridge their VTEPs without a loop.
 *
 * A frame in a TAP does not say where the bridge has it from, but its source MAC does: the group remembers which
 * sources its devices heard of a moment ago. A moment is what a bridge needs to hand a frame on, with plenty to spare,
 * and no more, so that a guest which moves here is not mistaken for an echo of itself for long.
 *
 * An anycast gateway's MAC is on every host, ours too: of what comes from it source and destination are remembered together,
 * or no frame of the own gateway would leave while another's come in.
 *
 * The table is shared memory, one a group. Two workers that write one slot at a time may lose a source, never more.
 */
import * as ethernet from '../wire/ethernet.js';
import { type DeviceSettings, GATEWAY } from './device.js';
import { isGatewayMac } from './gateway.js';

const { DESTINATION, SOURCE } = ethernet;

/** Ticks of 100 ms, of which the first may be short: 200 to 300 ms. */
const MOMENT = 2;
const SETS = 4_096;
const WAYS = 4;
/** MAC (32 and 16 bits with a valid bit), or two of them, tick. */
const STRIDE = 3;
const VALID = 0x10000;
/** Of a source and destination: tells them from a MAC. */
const PAIR = 0x20000;

/** Words of a group's table. */
export const HORIZON_WORDS = SETS * WAYS * STRIDE;

function setOf(high: number, low: number): number {
  const mixed = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  return (mixed >>> 20) * (WAYS * STRIDE);
}

/** A frame from `high`, `low` came in. Of those in its place the one not heard of for the longest time gives way. */
export function hear(words: Int32Array, high: number, low: number, now: number): void {
  const begin = setOf(high, low);
  let oldest = begin;
  let age = -1;
  for (let at = begin; at < begin + WAYS * STRIDE; at += STRIDE) {
    const old = words[at + 1] === 0 ? 0x7fffffff : (now - words[at + 2]) | 0;
    if (words[at + 1] === (low | VALID) && words[at] === high) {
      if (old !== 0) words[at + 2] = now;
      return;
    }
    if (old <= age) continue;
    age = old;
    oldest = at;
  }
  words[oldest + 1] = 0;
  words[oldest] = high;
  words[oldest + 2] = now;
  words[oldest + 1] = low | VALID;
}

/** Whether a frame from `high`, `low` has just come in. */
export function isHeard(words: Int32Array, high: number, low: number, now: number): boolean {
  const begin = setOf(high, low);
  for (let at = begin; at < begin + WAYS * STRIDE; at += STRIDE) {
    if (words[at + 1] === (low | VALID) && words[at] === high) return ((now - words[at + 2]) | 0) <= MOMENT;
  }
  return false;
}

/** The frame at `frame` came in at a device with SPLIT_HORIZON. */
export function hearFrame(view: DataView, settings: DeviceSettings, frame: number, now: number): void {
  hear(settings.horizon, keyHigh(view, settings, frame), keyLow(view, settings, frame), now);
}

/** Whether the frame at `frame`, of a device with SPLIT_HORIZON, may be one that has just come in. */
export function isEcho(view: DataView, settings: DeviceSettings, frame: number, now: number): boolean {
  return isHeard(settings.horizon, keyHigh(view, settings, frame), keyLow(view, settings, frame), now);
}

function keyHigh(view: DataView, settings: DeviceSettings, frame: number): number {
  const high = view.getInt32(frame + SOURCE);
  return isAnycast(view, settings, frame) ? high ^ view.getInt32(frame + DESTINATION) : high;
}

function keyLow(view: DataView, settings: DeviceSettings, frame: number): number {
  const low = view.getUint16(frame + SOURCE + 4);
  if (!isAnycast(view, settings, frame)) return low;
  return (low ^ view.getUint16(frame + DESTINATION + 4)) | PAIR;
}

function isAnycast(view: DataView, settings: DeviceSettings, frame: number): boolean {
  if ((settings.features & GATEWAY) === 0) return false;
  return isGatewayMac(settings, view.getInt32(frame + SOURCE), view.getUint16(frame + SOURCE + 4));
}
