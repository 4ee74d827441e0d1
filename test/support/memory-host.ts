/**
 * One VTEP on a host in memory, with a clock that a test moves by hand:
 *
 *   guest -- send() --> vtep0 -- taken by send() --> underlay
 *   guest <-- taken by arrive() -- vtep0 <-- arrive() -- underlay
 */
import type { Clock } from '../../lib/engine/clock.js';
import { Engine } from '../../lib/engine/engine.js';
import { MemorySystem } from '../../lib/engine/memory-system.js';
import type { FdbEntry, LinkConfig, VtepEvent } from '../../lib/engine/types.js';
import type { Vtep } from '../../lib/engine/vtep.js';
import type { Datagram } from '../../lib/port/memory-port.js';
import { formatAddress, parseAddress } from '../../lib/wire/text.js';
import { vxlanPacket } from './packets.js';

export const ZERO_MAC = '00:00:00:00:00:00';
/** A guest of the host under test, and one of a peer. */
export const NEAR = '02:00:00:00:01:01';
export const FAR = '02:00:00:00:02:02';
/** Two peers. */
export const PEER = '192.0.2.2';
export const OTHER = '192.0.2.3';

export class ManualClock implements Clock {
  ticks = 0;

  now(): number {
    return this.ticks;
  }

  pass(seconds: number): void {
    this.ticks = (this.ticks + Math.round(seconds * 10)) | 0;
  }
}

export interface Arrival {
  from?: string;
  /** Outer source port. */
  port?: number;
  tos?: number;
  ifindex?: number;
}

export class MemoryHost {
  readonly clock = new ManualClock();
  readonly system: MemorySystem;
  readonly engine: Engine;
  readonly vtep: Vtep;
  readonly #events: VtepEvent[] = [];

  /** VNI 42 on port 4789, up unless `up` is false. */
  constructor(config: Partial<LinkConfig> = {}, up = true) {
    this.system = new MemorySystem({ eth0: 1_500, eth1: 9_000 });
    this.engine = new Engine(this.system, { seed: 1, clock: this.clock });
    this.engine.subscribe((event) => this.#events.push(event));
    this.vtep = this.add({ name: 'vtep0', ...config }, up);
    this.events();
  }

  add(config: Partial<LinkConfig> & { name: string }, up = true): Vtep {
    const vtep = this.engine.add({ id: 42, dstport: 4_789, ...config });
    if (up) vtep.set({ up: true });
    return vtep;
  }

  /** Frames from the guests; what left for the underlay. */
  send(...frames: Uint8Array[]): Datagram[] {
    for (const frame of frames) this.system.frames(this.vtep.name).send(frame);
    this.engine.poll();
    return this.system.underlay.take();
  }

  /** A datagram from the underlay; what the guests got. */
  arriveRaw(payload: Uint8Array, arrival: Arrival = {}): Uint8Array[] {
    const peer = parseAddress(arrival.from ?? PEER)!;
    this.system.underlay.send({ port: 55_555, ...arrival, payload, peer });
    this.engine.poll();
    return this.replies();
  }

  /** A frame in VXLAN from a peer. */
  arrive(frame: Uint8Array, arrival: Arrival & { vni?: number } = {}): Uint8Array[] {
    return this.arriveRaw(vxlanPacket(arrival.vni ?? 42, frame), arrival);
  }

  /** What the VTEP handed to the guests. */
  replies(): Uint8Array[] {
    return this.system.frames(this.vtep.name).take();
  }

  /** Events since the last call. */
  events(): VtepEvent[] {
    return this.#events.splice(0);
  }

  /** FDB events since the last call, as "new 02:… 192.0.2.2 permanent". */
  fdbEvents(): string[] {
    return this.events().flatMap((event) =>
      event.type === 'fdb'
        ? [
            `${event.action} ${event.entry.mac} ${event.remote?.dst ?? `nhid ${event.entry.nhid}`} ${event.entry.state}`,
          ]
        : [],
    );
  }

  /** Misses since the last call, as "miss 10.0.0.2" or "miss 02:…". */
  misses(): string[] {
    return this.events().flatMap((event) =>
      event.type === 'miss' ? [`miss ${event.layer === 2 ? event.lladdr : event.dst}`] : [],
    );
  }

  /** Reasons counted so far, of the device and of no device. */
  reasons(): Record<string, number> {
    const own = Object.entries(this.vtep.statistics().reasons).filter(([, count]) => count > 0);
    return { ...this.engine.unclaimed(), ...Object.fromEntries(own) };
  }

  /** Standard counters that are not zero. */
  counters(): Record<string, number> {
    const { reasons: _reasons, events: _events, last: _last, ...standard } = this.vtep.statistics();
    return Object.fromEntries(Object.entries(standard).filter(([, count]) => count > 0));
  }

  /** An FDB entry as "192.0.2.2,192.0.2.3 permanent", undefined without one. */
  entry(mac: string): string | undefined {
    const entry = this.vtep.fdb.get(mac);
    return entry && shown(entry);
  }
}

function shown(entry: FdbEntry): string {
  return `${entry.remotes.map((remote) => remote.dst).join()} ${entry.state}`;
}

/** Destinations of datagrams, in order. */
export function peers(datagrams: readonly Datagram[]): string[] {
  return datagrams.map((datagram) => formatAddress(datagram.peer));
}

/** What lies behind the VXLAN header. */
export function inner(datagram: Datagram): Uint8Array {
  return datagram.payload.subarray(8);
}
