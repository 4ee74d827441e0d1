/**
 * The data plane without engine and ports: one device, its tables, and batches that a test fills and reads. For
 * what a memory port cannot say: offload requests, coalesced datagrams, batches that fill up.
 */
import { COUNTERS, REASON0 } from '../../lib/dataplane/counters.js';
import { Decap } from '../../lib/dataplane/decap.js';
import { ANY_LENGTH, Device, type DeviceSettings, LEARNING, UP } from '../../lib/dataplane/device.js';
import { Encap } from '../../lib/dataplane/encap.js';
import { PendingLearns } from '../../lib/dataplane/pending.js';
import { REASONS } from '../../lib/dataplane/reasons.js';
import {
  Batch,
  CSUM,
  GSO_SIZE,
  HEADER,
  LENGTH,
  OFFLOAD,
  OFFSET,
  PEER0,
  STATUS,
  TOS,
} from '../../lib/memory/batch.js';
import { RecordRing } from '../../lib/memory/ring.js';
import { Slab } from '../../lib/memory/slab.js';
import { FdbTable, STATE_PERMANENT } from '../../lib/table/fdb.js';
import { MdbTable } from '../../lib/table/mdb.js';
import { NeighbourTable } from '../../lib/table/neighbour.js';
import { RemoteLists } from '../../lib/table/remote-list.js';
import { RemoteTable } from '../../lib/table/remote.js';
import { RouteTable } from '../../lib/table/route.js';
import { VniTable } from '../../lib/table/vni.js';
import { parseAddress, parseMac } from '../../lib/wire/text.js';
import { I_FLAG, RESERVED_HIGH, RESERVED_LOW } from '../../lib/wire/vxlan.js';

const SETTINGS: DeviceSettings = {
  vni: 42,
  family: 4,
  features: UP | LEARNING,
  macHigh: 0x02000000,
  macLow: 0x00aa,
  mtu: 1_450,
  longest: ANY_LENGTH,
  mss: 0,
  hold: 0,
  holdTicks: 0,
  packet: 1_450,
  ttl: 0,
  tos: 0,
  df: 0,
  flowLabel: 0,
  header: I_FLAG,
  reservedHigh: RESERVED_HIGH,
  reservedLow: RESERVED_LOW,
  reception: 0,
  underlay: 0,
  port: 4_789,
  local: [0, 0, 0, 0],
  bound: false,
  horizon: new Int32Array(0),
  tap: 7,
  gatewayHigh: 0,
  gatewayLow: 0,
  gateways: new Int32Array(0),
  router4: 0,
  router6: [0, 0, 0, 0],
};

export interface BenchOptions {
  settings?: Partial<DeviceSettings>;
  burst?: number;
  txCapacity?: number;
  ring?: number;
}

export class Bench {
  readonly slab: Slab;
  readonly ring: RecordRing;
  readonly pending = new PendingLearns();
  readonly unclaimed = new Float64Array(COUNTERS);
  readonly device: Device;
  readonly encap: Encap;
  readonly decap: Decap;
  readonly vnis: VniTable;
  readonly rx: Batch;
  readonly tx: Batch;
  readonly back: Batch;

  constructor(options: BenchOptions = {}) {
    const burst = options.burst ?? 64;
    this.slab = new Slab(burst);
    this.ring = new RecordRing(options.ring ?? 4_096);
    const tables = {
      fdb: new FdbTable({ seed: 1 }),
      remotes: new RemoteTable({ seed: 2 }),
      lists: new RemoteLists(),
      mdb: new MdbTable({ seed: 5 }),
      neighbours: new NeighbourTable({ seed: 3 }),
      routes: new RouteTable({ seed: 4 }),
    };
    const egress = {
      ports: Int32Array.from({ length: 16 }, (_, k) => 50_000 + k),
      plain: Int32Array.from({ length: 16 }, (_, k) => 100 + k),
      df: Int32Array.from({ length: 16 }, (_, k) => 200 + k),
    };
    const settings = { ...SETTINGS, ...options.settings };
    this.device = new Device(0, settings, tables, egress, new Float64Array(COUNTERS));
    this.vnis = new VniTable([[settings.vni, 0]]);
    this.encap = new Encap(this.slab, this.ring, this.pending, 1, [this.device]);
    this.decap = new Decap(this.slab, this.ring, this.pending, [this.device], this.unclaimed);
    this.rx = new Batch(burst);
    this.tx = new Batch(options.txCapacity ?? 1_024);
    this.back = new Batch(burst + 1);
  }

  /** Appends a received frame or datagram; `columns` are its other columns. */
  put(
    octets: Uint8Array,
    columns: Partial<Record<'offload' | 'gsoSize' | 'csum' | 'tos' | 'status', number>> = {},
  ): void {
    const i = this.rx.length++;
    const offset = this.slab.slotOffset(i);
    this.slab.bytes.set(octets, offset);
    this.rx.set(OFFSET, i, offset);
    this.rx.set(LENGTH, i, octets.length);
    this.rx.set(OFFLOAD, i, columns.offload ?? 0);
    this.rx.set(GSO_SIZE, i, columns.gsoSize ?? 0);
    this.rx.set(CSUM, i, columns.csum ?? 0);
    this.rx.set(TOS, i, columns.tos ?? 0);
    this.rx.set(STATUS, i, columns.status ?? 0);
    const peer = parseAddress('192.0.2.2')!;
    for (let word = 0; word < 4; word++) this.rx.set(PEER0 + word, i, peer[word]);
  }

  remote(dst: string, port = 0, vni = -1): number {
    const [a0, a1, a2, a3] = parseAddress(dst)!;
    return this.device.tables.remotes.intern(a0, a1, a2, a3, port, vni, 0);
  }

  /** Adds an FDB entry for one remote or several. */
  learn(mac: string, remotes: readonly number[], state = STATE_PERMANENT, flags = 0): number {
    const { high, low } = parseMac(mac)!;
    const { fdb, lists } = this.device.tables;
    const word = remotes.length === 1 ? remotes[0] : ~lists.create(remotes);
    return fdb.insert(high, low, this.device.settings.vni, word, state, flags, 0);
  }

  runEncap(now = 0): boolean {
    return this.encap.run(this.rx, this.device, this.tx, this.back, now);
  }

  runDecap(now = 0): boolean {
    return this.decap.run(this.rx, this.vnis, this.tx, now);
  }

  /** Header and frame of an entry of `tx`, as they would be sent. */
  datagram(j: number): Uint8Array {
    const header = this.tx.get(HEADER, j);
    const frame = this.frame(j);
    const octets = new Uint8Array(8 + frame.length);
    octets.set(this.slab.bytes.slice(header, header + 8));
    octets.set(frame, 8);
    return octets;
  }

  /** The frame of an entry of `tx`. */
  frame(j: number, batch: Batch = this.tx): Uint8Array {
    const offset = batch.get(OFFSET, j);
    return this.slab.bytes.slice(offset, offset + batch.get(LENGTH, j));
  }

  /** Reasons that were counted, of the device and of none. */
  reasons(): Record<string, number> {
    const counted = REASONS.map((reason, i): [string, number] => [
      reason.name,
      this.device.counters[REASON0 + i] + this.unclaimed[REASON0 + i],
    ]);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }
}
