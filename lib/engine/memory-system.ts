/**
 * A host in memory: interfaces and sockets are queues (port/memory-port.ts). For tests, experiments, and programs that
 * want a VTEP without a TAP; needs no privilege and no native shim.
 *
 * @example
 * const system = new MemorySystem();
 * const engine = new Engine(system);
 * engine.add({ name: 'vtep0', id: 42, remote: '192.0.2.2', dstport: 4789 }).set({ up: true });
 * system.frames('vtep0').send(frame);
 * engine.poll();
 * system.underlay.take(); // [{ peer: 192.0.2.2, port: 4789, payload: header + frame, … }]
 */
import { VtepError } from '../errors.js';
import { MemoryDatagrams, MemoryFrames, MemoryFrameWriter } from '../port/memory-port.js';
import type { ReceivePort, TransmitPort } from '../port/port.js';
import { formatAddress, formatMac } from '../wire/text.js';
import type { InterfaceWish, PortFactory, SocketRequest, System, Tap, TapRequest } from './system.js';

const DEFAULT_PATH = 1_500;

let systems = 0;

interface MemoryInterface {
  tap: Tap;
  frames: MemoryFrames;
}

export class MemorySystem implements System {
  /** What every VTEP of the host sends, and what arrives for any of them on the port it listens on. */
  readonly underlay = new MemoryDatagrams();
  readonly netns = `memory ${++systems}`;
  readonly ports: PortFactory;
  /** Path MTUs by address; others have 1500. */
  readonly paths = new Map<string, number>();
  readonly #interfaces = new Map<number, MemoryInterface>();
  readonly #sockets = new Map<number, SocketRequest>();
  /** Interfaces besides the VTEPs', for `dev` and `via`: name to MTU. */
  readonly #lower: Map<string, number>;
  #next = 1;

  /** @param lower names and MTUs of underlay interfaces */
  constructor(lower: Record<string, number> = { eth0: 1_500 }) {
    this.#lower = new Map(Object.entries(lower));
    this.ports = new MemoryPorts(this.#interfaces, this.underlay);
  }

  /** The guests' side of a VTEP's interface. */
  frames(name: string): MemoryFrames {
    const found = [...this.#interfaces.values()].find(({ tap }) => tap.name === name);
    if (found === undefined) throw noDevice(name);
    return found.frames;
  }

  indexOf(name: string): number {
    const lower = [...this.#lower.keys()].indexOf(name);
    return lower < 0 ? (this.#tapNamed(name)?.ifindex ?? 0) : lower + 1;
  }

  #tapNamed(name: string): Tap | undefined {
    return [...this.#interfaces.values()].find(({ tap }) => tap.name === name)?.tap;
  }

  standsOn(upper: number, lower: number, more: ReadonlyMap<number, number>): boolean {
    for (let at: number | undefined = upper; at !== undefined; at = more.get(at))
      if (at === lower) return true;
    return false;
  }

  nameOf(ifindex: number): string {
    const tap = [...this.#interfaces.values()].find((each) => each.tap.ifindex === ifindex)?.tap;
    return tap?.name ?? [...this.#lower.keys()][ifindex - 1] ?? `if${ifindex}`;
  }

  mtuOf(name: string): number {
    const mtu = this.#lower.get(name) ?? this.#tapNamed(name)?.mtu;
    if (mtu === undefined) throw noDevice(name);
    return mtu;
  }

  pathMtu(address: Int32Array): number {
    return this.paths.get(formatAddress(address)) ?? DEFAULT_PATH;
  }

  openTap(request: TapRequest): Tap {
    const fd = this.#next++;
    const tap: Tap = {
      name: request.name,
      ifindex: this.#lower.size + fd,
      fds: [fd],
      created: true,
      address: request.address ?? formatMac(0x02000000, fd),
      mtu: request.mtu,
      up: false,
      bridged: false,
      away: false,
      offloads: 0,
      missing: [],
    };
    this.#interfaces.set(fd, { tap, frames: new MemoryFrames() });
    return tap;
  }

  removeTap(tap: Tap): void {
    for (const fd of tap.fds) this.#interfaces.delete(fd);
  }

  changeInterface({ name }: Tap, change: InterfaceWish): void {
    const found = [...this.#interfaces.values()].find(({ tap }) => tap.name === name);
    if (found === undefined) throw noDevice(name);
    found.tap.up = change.up ?? found.tap.up;
  }

  openSocket(request: SocketRequest): number {
    const taken = [...this.#sockets.values()].some(
      (socket) =>
        socket.port === request.port &&
        socket.family === request.family &&
        (socket.address ?? request.address) === (request.address ?? socket.address) &&
        !(socket.shared && request.shared),
    );
    if (taken) {
      throw new VtepError('ERR_VTEP_PORT_IN_USE', `Address already in use: UDP port ${request.port}`, {
        errno: 'EADDRINUSE',
        word: String(request.port),
      });
    }
    const fd = this.#next++;
    this.#sockets.set(fd, request);
    return fd;
  }

  close(fd: number): void {
    this.#sockets.delete(fd);
  }

  join(): void {}

  leave(): void {}
}

class MemoryPorts implements PortFactory {
  readonly #interfaces: Map<number, MemoryInterface>;
  readonly #underlay: MemoryDatagrams;

  constructor(interfaces: Map<number, MemoryInterface>, underlay: MemoryDatagrams) {
    this.#interfaces = interfaces;
    this.#underlay = underlay;
  }

  frames(fd: number): ReceivePort {
    return this.#interfaces.get(fd)!.frames;
  }

  datagrams(): ReceivePort {
    return this.#underlay;
  }

  frameWriter(): TransmitPort {
    return new MemoryFrameWriter((fd) => this.#interfaces.get(fd)?.frames);
  }

  datagramWriter(): TransmitPort {
    return this.#underlay;
  }

  carry(): void {}
}

function noDevice(name: string): VtepError {
  return new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${name}"`, { errno: 'ENODEV', word: name });
}
