/** One VTEP with a table of MACs, and batches of 64 frames for it: what the data plane's benches work on. */
import { COUNTERS } from '../../../lib/dataplane/counters.js';
import {
  ANY_LENGTH,
  Device,
  DF_UNSET,
  LEARNING,
  PROXY,
  UP,
  type DeviceTables,
} from '../../../lib/dataplane/device.js';
import { Batch, LENGTH, OFFSET } from '../../../lib/memory/batch.js';
import { RecordRing } from '../../../lib/memory/ring.js';
import { Slab } from '../../../lib/memory/slab.js';
import { FdbTable, STATE_REACHABLE } from '../../../lib/table/fdb.js';
import { MdbTable } from '../../../lib/table/mdb.js';
import { NeighbourTable, NUD_PERMANENT, ORIGIN_OWN } from '../../../lib/table/neighbour.js';
import { RemoteLists } from '../../../lib/table/remote-list.js';
import { RemoteTable } from '../../../lib/table/remote.js';
import { RouteTable } from '../../../lib/table/route.js';
import { I_FLAG, RESERVED_HIGH, RESERVED_LOW } from '../../../lib/wire/vxlan.js';
import type { Bar } from '../../suite/figure.js';
import { FRAMES } from '../bench.js';

export const VNI = 42;
export const NOW = 1000;
export const V4_MAPPED = 0xffff;
/** 192.168.100.3, and 10.30.0.0 as words. */
export const REMOTE = 0xc0a86403 | 0;
export const SUBNET = 0x0a1e0000;
/** First four octets of every MAC; the last two are a number. */
export const MAC_HIGH = 0x02000a1e;
/** Octets of a UDP datagram of 64 inside an Ethernet frame. */
export const FRAME_BYTES = 106;
/** What TypeScript may cost a frame each way, ns, where no two frames of a batch are alike. */
export const PER_FRAME: Bar[] = [{ atMost: 100, stretch: 50 }];

/** Tables with `entries` MACs behind one remote, and a neighbour for the first 64. */
function tables(entries: number): DeviceTables {
  const remotes = new RemoteTable({ seed: 1 });
  const fdb = new FdbTable({ seed: 1, capacity: Math.max(64, entries) });
  const neighbours = new NeighbourTable({ seed: 1 });
  const remote = remotes.intern(0, 0, V4_MAPPED, REMOTE, 0, -1, 0);
  for (let n = 0; n < entries; n++)
    fdb.insert(MAC_HIGH + (n >>> 16), n & 0xffff, VNI, remote, STATE_REACHABLE, 0, NOW);
  for (let n = 0; n < FRAMES; n++)
    neighbours.set(0, 0, V4_MAPPED, SUBNET + n, MAC_HIGH, n, NUD_PERMANENT, ORIGIN_OWN, NOW);
  return {
    fdb,
    remotes,
    lists: new RemoteLists(),
    mdb: new MdbTable(),
    neighbours,
    routes: new RouteTable(),
  };
}

export function makeDevice(entries: number): Device {
  const egress = {
    ports: Int32Array.from({ length: 16 }, (_, k) => 49_152 + k),
    plain: Int32Array.from({ length: 16 }, (_, k) => 100 + k),
    df: Int32Array.from({ length: 16 }, (_, k) => 200 + k),
    flowLabel: 0,
  };
  const settings = {
    vni: VNI,
    family: 4 as const,
    features: UP | LEARNING | PROXY,
    macHigh: 0x02ffffff,
    macLow: 0xffff,
    mtu: 1450,
    longest: ANY_LENGTH,
    mss: 0,
    hold: 0,
    holdTicks: 0,
    packet: 1450,
    ttl: 0,
    tos: 0,
    df: DF_UNSET,
    flowLabel: 0,
    port: 4789,
    local: [0, 0, 0, 0] as [number, number, number, number],
    tap: 9,
    gatewayHigh: 0,
    gatewayLow: 0,
    gateways: new Int32Array(0),
    router4: 0,
    header: I_FLAG,
    reservedHigh: RESERVED_HIGH,
    reservedLow: RESERVED_LOW,
    reception: 0,
    underlay: 0,
    bound: false,
    horizon: new Int32Array(0),
    router6: [0, 0, 0, 0] as [number, number, number, number],
  };
  return new Device(0, settings, tables(entries), egress, new Float64Array(COUNTERS));
}

/** Slab, ring and a batch whose entry i is slot i, with room in front for outer headers. */
export function makeMemory(): { slab: Slab; ring: RecordRing; rx: Batch; tx: Batch; back: Batch } {
  const slab = new Slab(FRAMES + 1);
  const rx = new Batch(FRAMES);
  rx.length = FRAMES;
  for (let i = 0; i < FRAMES; i++) {
    rx.set(OFFSET, i, slab.slotOffset(i));
    rx.set(LENGTH, i, FRAME_BYTES);
  }
  return { slab, ring: new RecordRing(1024), rx, tx: new Batch(FRAMES), back: new Batch(FRAMES) };
}

/** Writes a UDP frame between MAC number `source` and `destination`; every frame is a flow of its own. */
export function writeUdpFrame(slab: Slab, at: number, source: number, destination: number): void {
  const { view } = slab;
  view.setUint32(at, MAC_HIGH + (destination >>> 16));
  view.setUint16(at + 4, destination & 0xffff);
  view.setUint32(at + 6, MAC_HIGH + (source >>> 16));
  view.setUint16(at + 10, source & 0xffff);
  view.setUint16(at + 12, 0x0800);
  view.setUint16(at + 14, 0x4500);
  view.setUint16(at + 16, FRAME_BYTES - 14);
  view.setUint16(at + 22, (64 << 8) | 17);
  view.setUint32(at + 26, SUBNET + source);
  view.setUint32(at + 30, SUBNET + destination);
  view.setUint16(at + 34, 40_000 + (source & 0xff));
  view.setUint16(at + 36, 5002);
  view.setUint16(at + 38, 72);
}
