/**
 * The state of one worker: the devices it knows, the ports it serves, and the loop that runs bursts. It has no thread
 * of its own: worker.ts drives it from a worker thread, InlineDataplane (dataplane.ts) from the caller's.
 */
import { Device, HOLD, RECEIVES_FILTERED, UP } from '../dataplane/device.js';
import * as reasons from '../dataplane/reasons.js';
import { RemoteCounters } from '../dataplane/remote-counters.js';
import { noMembers, removeMember } from '../dataplane/trunk.js';
import type { RecordRing } from '../memory/ring.js';
import type { ReceivePort } from '../port/port.js';
import { FdbTable } from '../table/fdb.js';
import { MdbTable } from '../table/mdb.js';
import { NeighbourTable } from '../table/neighbour.js';
import { RemoteLists } from '../table/remote-list.js';
import { RemoteTable } from '../table/remote.js';
import { RouteTable } from '../table/route.js';
import { VniTable } from '../table/vni.js';
import type { Clock } from './clock.js';
import { Loop } from './loop.js';
import type { TableShares, WorkerMessage } from './messages.js';
import { Moderation } from './moderation.js';
import type { PortFactory } from './system.js';

/** Something bursts come from. */
export interface Source {
  readonly fd: number;
  readonly port: ReceivePort;
  /** A device's TAP queue … */
  readonly device?: Device;
  /** … or a socket's devices. */
  readonly served?: Served;
  /** For who waits on descriptors. */
  readonly moderation: Moderation;
}

/** Devices by VNI on one socket. The table is made anew before the next burst, once for all that came and went. */
interface Served {
  readonly devices: Map<number, number>;
  vnis: VniTable;
  stale: boolean;
}

export interface WorkerCoreOptions {
  ports: PortFactory;
  ring: RecordRing;
  clock: Clock;
  seed: number;
  unclaimed: Float64Array;
  /** Called when a source comes or goes, for who waits on descriptors. */
  sourceChanged?: (source: Source, present: boolean) => void;
}

export class WorkerCore {
  /** By descriptor. */
  readonly sources = new Map<number, Source>();
  readonly loop: Loop;
  readonly #devices: (Device | undefined)[] = [];
  readonly #options: WorkerCoreOptions;
  #changes = 0;

  constructor(options: WorkerCoreOptions) {
    this.#options = options;
    this.loop = new Loop({
      devices: this.#devices,
      ring: options.ring,
      frames: options.ports.frameWriter(),
      datagrams: options.ports.datagramWriter(),
      seed: options.seed,
      unclaimed: options.unclaimed,
    });
  }

  /** One burst from a source; returns how many frames or datagrams, or -errno. */
  burst(source: Source): number {
    const now = this.#options.clock.now();
    if (source.device !== undefined) return this.loop.frames(source.port, source.device, now);
    return this.loop.datagrams(source.port, vnisOf(source.served!), now);
  }

  /**
   * Sends the held frames that need wait no more.
   * @param changes of the tables so far
   * @returns how many were sent
   */
  release(changes: number): number {
    const { hold } = this.loop;
    if (hold.length === 0) return 0;
    if (changes !== this.#changes) hold.stale = true;
    this.#changes = changes;
    return this.loop.release(this.#options.clock.now());
  }

  /** Acts on a message of control's, between two bursts. 'stop' is the driver's affair. */
  handle(message: WorkerMessage): void {
    // It may be the buffers that an entry is in.
    this.loop.hold.stale = true;
    switch (message.kind) {
      case 'device':
        if ((message.settings.features & HOLD) !== 0) this.loop.prepareHold();
        this.#options.ports.carry(message.offloads);
        this.#devices[message.index] = new Device(
          message.index,
          message.settings,
          attach(message.tables),
          message.egress,
          new Float64Array(message.counters),
        );
        if ((message.settings.reception & RECEIVES_FILTERED) !== 0) {
          this.#devices[message.index]!.members = noMembers();
        }
        this.#count(this.#devices[message.index]!, message.remoteCounters);
        break;
      case 'member':
        this.#enrol(message);
        break;
      case 'settings': {
        const device = this.#devices[message.index];
        if (device === undefined) break;
        if ((message.settings.features & HOLD) !== 0) this.loop.prepareHold();
        device.settings = message.settings;
        device.egress = message.egress;
        this.#count(device, message.remoteCounters);
        this.#endHold(device);
        for (const number of device.members ?? []) this.#follow(this.#devices[number], device);
        break;
      }
      case 'forget':
        this.#forget(message.index);
        break;
      case 'share':
        this.#adopt(message);
        break;
      case 'frames':
        this.#frames(message.index, message.fd, message.on);
        break;
      case 'listen':
        this.#listen(message.fd, message.vni, message.index);
        break;
      case 'unlisten':
        this.#unlisten(message.fd, message.vni);
        break;
      case 'unlearn':
        this.loop.pending.clear();
        break;
      case 'stop':
        break;
    }
  }

  /** Makes the device of a VNI, or makes it anew for another VLAN. */
  #enrol({ index, of, vni, vlan, counters }: WorkerMessage & { kind: 'member' }): void {
    const trunk = this.#devices[of];
    if (trunk?.members === undefined) return;
    this.#forget(index);
    const settings = { ...trunk.settings, vni };
    const member = new Device(index, settings, trunk.tables, trunk.egress, new Float64Array(counters));
    member.vlan = vlan;
    member.remoteCounters = trunk.remoteCounters;
    trunk.members[vlan] = index;
    this.#devices[index] = member;
    this.loop.tags ||= vlan !== 0;
  }

  /** Counts by remote in this memory, or not at all. */
  #count(device: Device, share: SharedArrayBuffer | undefined): void {
    device.remoteCounters = share && new RemoteCounters(share);
    if (share !== undefined) this.loop.countsRemotes = true;
    else if (this.loop.countsRemotes) this.#recount();
  }

  #recount(): void {
    this.loop.countsRemotes = this.#devices.some((device) => device?.remoteCounters !== undefined);
  }

  /** A VNI has its trunk's options. */
  #follow(member: Device | undefined, trunk: Device): void {
    if (member === undefined) return;
    member.settings = { ...trunk.settings, vni: member.settings.vni };
    member.egress = trunk.egress;
    member.remoteCounters = trunk.remoteCounters;
    this.#endHold(member);
  }

  /** Frames wait for nothing where the device is down, or `hold` is off. */
  #endHold(device: Device): void {
    const { features } = device.settings;
    if ((features & UP) === 0) this.loop.hold.empty(device, reasons.TX_DEVICE_DOWN);
    else if ((features & HOLD) === 0) this.loop.hold.empty(device, reasons.TX_NO_TARGET);
  }

  #forget(index: number): void {
    const device = this.#devices[index];
    if (device === undefined) return;
    this.loop.hold.empty(device, reasons.TX_DEVICE_DOWN);
    this.#devices[index] = undefined;
    if (this.loop.countsRemotes) this.#recount();
    for (const device of this.#devices) if (device?.members) removeMember(device.members, index);
    this.loop.pending.clear();
  }

  #adopt(message: WorkerMessage & { kind: 'share' }): void {
    const tables = this.#devices[message.index]?.tables;
    if (tables === undefined) return;
    // The union pairs each table with its own kind of share.
    if (message.table === 'routes') tables.routes.adopt(message.share);
    else if (message.table === 'lists') tables.lists.adopt(message.share);
    else tables[message.table].adopt(message.share);
  }

  #frames(index: number, fd: number, on: boolean): void {
    this.#remove(fd);
    const device = this.#devices[index];
    if (on && device !== undefined)
      this.#add({ fd, port: this.#options.ports.frames(fd), device, moderation: new Moderation() });
  }

  #listen(fd: number, vni: number, index: number): void {
    const served = this.sources.get(fd)?.served ?? { devices: new Map(), vnis: new VniTable(), stale: true };
    served.devices.set(vni, index);
    served.stale = true;
    if (this.sources.has(fd)) return;
    this.#add({ fd, port: this.#options.ports.datagrams(fd), served, moderation: new Moderation() });
  }

  #unlisten(fd: number, vni: number): void {
    const served = this.sources.get(fd)?.served;
    if (served === undefined) return;
    served.devices.delete(vni);
    served.stale = true;
    if (served.devices.size === 0) this.#remove(fd);
  }

  #add(source: Source): void {
    this.sources.set(source.fd, source);
    this.#options.sourceChanged?.(source, true);
  }

  #remove(fd: number): void {
    const source = this.sources.get(fd);
    if (source === undefined) return;
    this.sources.delete(fd);
    this.#options.sourceChanged?.(source, false);
  }
}

function vnisOf(served: Served): VniTable {
  if (served.stale) {
    served.vnis = new VniTable(served.devices);
    served.stale = false;
  }
  return served.vnis;
}

function attach(shares: TableShares) {
  return {
    fdb: FdbTable.attach(shares.fdb),
    remotes: RemoteTable.attach(shares.remotes),
    lists: RemoteLists.attach(shares.lists),
    mdb: MdbTable.attach(shares.mdb),
    neighbours: NeighbourTable.attach(shares.neighbours),
    routes: RouteTable.attach(shares.routes),
  };
}
