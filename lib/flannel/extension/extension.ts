/**
 * The hook of flanneld's extension backend: an unmodified flanneld keeps the leases, its commands drive our VTEP.
 *
 *   pre    before the lease: makes or adopts flannel.<VNI>; what it prints becomes the lease's BackendData
 *   post   after it: address, up; the peers of the run before stay in place
 *   add    a peer: FDB entry, neighbour, route. Told of every peer at start, and of each again when it renews its lease
 *   del    a peer that left
 *
 * A peer that leaves while flanneld is down is never told of. So each run of flanneld is a generation that `add` marks peers
 * with, and the unmarked are swept (sweep.ts).
 */
import type { Client } from '../../control/client.js';
import { VtepError } from '../../errors.js';
import { load } from '../../native/load.js';
import { deviceName, FlannelDevice } from '../device.js';
import { FamilyProgrammer } from '../family-programmer.js';
import { Host } from '../host.js';
import { vtepDataText } from '../lease.js';
import { chooseUnderlay } from '../underlay.js';
import { peersInPlace } from './adoption.js';
import { readAddress, readMac, readOwn, readPrefix, type Environment } from './input.js';
import { backendOf, isSame, lengthOf, usable, type ReadyState } from './known-peers.js';
import type { ExtensionState, KnownPeer, StateFile } from './state.js';
import { sweepDelay } from './sweep.js';

export interface ExtensionOptions {
  file: StateFile;
  /** The daemon, which is started if it does not run. */
  client(): Promise<Client>;
  host?: Host;
  /** Milliseconds of a clock that all processes share and nobody sets. */
  now?: () => number;
}

/** What `pre` is told by words or the environment. */
export type PreOptions = Pick<ExtensionState, 'vni' | 'port' | 'mtu' | 'iface' | 'settle'>;

/** Before `post` tells which network it is: no address is given or taken then. */
const UNKNOWN_NETWORK = '0.0.0.0/0';

/** CLOCK_MONOTONIC. */
const monotonic = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/**
 * @example
 * const extension = new Extension({ file: new StateFile(path), client });
 * console.log(await extension.pre({ vni: 1, port: 8472, settle: 60 })); // {"VNI":1,"VtepMAC":"1a:70:a7:a6:ee:fe"}
 */
export class Extension {
  readonly #file: StateFile;
  readonly #client: () => Promise<Client>;
  readonly #host: Host;
  readonly #now: () => number;

  constructor({ file, client, host, now = monotonic }: ExtensionOptions) {
    this.#file = file;
    this.#client = client;
    this.#host = host ?? new Host(load());
    this.#now = now;
  }

  /** Makes or adopts the device. @returns the line that peers are to be told */
  pre(options: PreOptions): Promise<string> {
    return this.#file.locked(async () => {
      const before = this.#file.read();
      const state: ExtensionState = {
        ...(before ?? { version: 1, mac: '', generation: 0, swept: 0, peers: [], lost: true }),
        mtu: undefined,
        iface: undefined,
        ...options,
      };
      const device = await this.#device(state);
      state.generation++;
      state.mac = device.mac;
      delete state.firstAdd;
      delete state.lastAdd;
      this.#file.write(state);
      return vtepDataText({ vni: state.vni, mac: state.mac });
    });
  }

  /** Gives the device its address; peers of the run before stay. @returns lines for flanneld's log */
  post(env: Environment): Promise<string[]> {
    return this.#file.locked(async () => {
      const own = readOwn(env);
      const state: ReadyState = { ...this.#state(), own };
      const device = await this.#device(state);
      if (state.lost)
        state.peers = await peersInPlace(await this.#client(), this.#host, device, lengthOf(own.subnet), 0);
      delete state.lost;
      const errors = await this.#reconcile(state, device);
      this.#file.write(state);
      return [
        `${device.name} mtu ${device.mtu}, peers kept from before: ${state.peers.length}`,
        `set "mtu": ${device.mtu} in the delegate of the CNI configuration: FLANNEL_MTU is the underlay's`,
        ...(env.IPV6SUBNET ? ['flanneld tells this backend of IPv4 peers only: no IPv6'] : []),
        ...[...errors].map(([subnet, reason]) => `${subnet}: ${reason}`),
      ];
    });
  }

  /**
   * Sets the entries of a peer, and marks it. One that is as before costs a look at the interface.
   * @param input what its `pre` printed
   * @returns whether it is the first of this run: somebody has to see to the sweep
   */
  add(env: Environment, input: string): Promise<boolean> {
    return this.#file.locked(async () => {
      const state = this.#ready();
      const { generation } = state;
      const peer: KnownPeer = {
        subnet: readPrefix('SUBNET', env.SUBNET),
        publicIp: readAddress('PUBLIC_IP', env.PUBLIC_IP),
        mac: readMac(input),
        generation,
      };
      this.#refuseUnusable(state, peer);
      const before = state.peers.find(({ subnet }) => subnet === peer.subnet);
      const isFirst = state.firstAdd === undefined;
      const isInPlace = before !== undefined && isSame(before, peer) && !before.pending && this.#isOn(state);
      if (!isInPlace) peer.pending = true;
      state.peers = [...state.peers.filter(({ subnet }) => subnet !== peer.subnet), peer];
      state.firstAdd ??= this.#now();
      state.lastAdd = this.#now();
      // Marked before anything can fail: a peer that cannot be programmed now is none that has gone.
      this.#file.write(state);
      if (!isInPlace) await this.#program(state, peer, before);
      if (sweepDelay(state, this.#now()) === 0) await this.#sweep(state);
      this.#file.write(state);
      return isFirst && state.swept !== generation;
    });
  }

  /** Removes a peer's entries; one that is not known is no error. */
  del(env: Environment): Promise<void> {
    return this.#file.locked(async () => {
      const state = this.#ready();
      const gone = readPrefix('SUBNET', env.SUBNET);
      if (!state.peers.some(({ subnet }) => subnet === gone)) return;
      state.peers = state.peers.filter(({ subnet }) => subnet !== gone);
      this.#file.write(state);
      await this.#reconcile(state, await this.#device(state));
      this.#file.write(state);
    });
  }

  /**
   * Makes device and entries anew where the interface is gone or another one, and sweeps if that is due.
   * @returns milliseconds until it is; undefined: no sweep is to come, or it was done now
   */
  sweep(): Promise<number | undefined> {
    return this.#file.locked(async () => {
      const state = this.#ready();
      if (!this.#isOn(state)) {
        await this.#reconcile(state, await this.#device(state));
        this.#file.write(state);
      }
      const due = sweepDelay(state, this.#now());
      if (due === undefined || due > 0) return due;
      await this.#sweep(state);
      this.#file.write(state);
      return undefined;
    });
  }

  /** What `pre` left. @throws {VtepError} ERR_VTEP_ARGUMENT: it was not run */
  #state(): ExtensionState {
    const state = this.#file.read();
    if (state === undefined) throw notRun('pre');
    return state;
  }

  /** What `post` left. @throws {VtepError} ERR_VTEP_ARGUMENT: it was not run */
  #ready(): ReadyState {
    const state = this.#state();
    if (state.own === undefined) throw notRun('post');
    return { ...state, own: state.own };
  }

  /** The device as `state` says, made anew where it has gone, with the MAC that peers were told of. */
  async #device(state: ExtensionState): Promise<FlannelDevice> {
    const client = await this.#client();
    const device = new FlannelDevice({
      client,
      host: this.#host,
      family: 4,
      network: state.own?.network ?? UNKNOWN_NETWORK,
      backend: backendOf(state),
      underlay: chooseUnderlay(this.#host, 4, state.iface),
      ...(state.mac === '' ? {} : { mac: state.mac }),
    });
    await device.ensure();
    if (state.mac !== '' && device.mac !== state.mac) {
      await client.setLink(device.name, { address: state.mac });
      await device.ensure();
    }
    if (state.own !== undefined) await device.configure(state.own.subnet);
    return device;
  }

  /** True when the interface is the one that entries were made on. */
  #isOn({ vni, ifindex }: ExtensionState): boolean {
    return ifindex !== undefined && this.#host.link(deviceName(4, vni))?.ifindex === ifindex;
  }

  /** @throws {VtepError} ERR_VTEP_ARGUMENT: what is wrong with what the peer says of itself */
  #refuseUnusable(state: ReadyState, peer: KnownPeer): void {
    const faults: string[] = [];
    usable(state, [peer], (reason) => faults.push(reason));
    if (faults.length === 0) return;
    const message = `${peer.subnet}: ${faults.join('; ')}`;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: peer.subnet });
  }

  /** A new peer gets its three entries; anything else is made right from what is in the tables. */
  async #program(state: ReadyState, peer: KnownPeer, before: KnownPeer | undefined): Promise<void> {
    const isOn = this.#isOn(state);
    const device = await this.#device(state);
    const isAlone = state.peers.filter(({ mac }) => mac === peer.mac).length === 1;
    const errors =
      isOn && isAlone && before === undefined
        ? await this.#apply(state, device, peer)
        : await this.#reconcile(state, device);
    const error = errors.get(peer.subnet);
    if (error !== undefined) throw new VtepError('ERR_VTEP_SYSTEM', `${peer.subnet}: ${error}`);
  }

  async #apply(
    state: ReadyState,
    device: FlannelDevice,
    peer: KnownPeer,
  ): Promise<ReadonlyMap<string, string>> {
    const programmer = await this.#programmer(state, device);
    await programmer.apply(usable(state, [peer]));
    if (!programmer.errors.has(peer.subnet)) delete peer.pending;
    return programmer.errors;
  }

  /** Makes the entries those of all known peers. */
  async #reconcile(state: ReadyState, device: FlannelDevice): Promise<ReadonlyMap<string, string>> {
    const programmer = await this.#programmer(state, device);
    await programmer.reconcile(usable(state, state.peers));
    state.ifindex = device.ifindex;
    for (const peer of state.peers) {
      if (programmer.errors.has(peer.subnet)) peer.pending = true;
      else delete peer.pending;
    }
    return programmer.errors;
  }

  async #programmer({ own }: ReadyState, device: FlannelDevice): Promise<FamilyProgrammer> {
    const client = await this.#client();
    const subnetLength = lengthOf(own.subnet);
    return new FamilyProgrammer({ client, host: this.#host, device, subnetLength, directRouting: false });
  }

  /** Removes the peers that this run of flanneld has not told of, and tries again what was refused. */
  async #sweep(state: ReadyState): Promise<void> {
    state.peers = state.peers.filter(({ generation }) => generation === state.generation);
    state.swept = state.generation;
    await this.#reconcile(state, await this.#device(state));
  }
}

function notRun(verb: 'pre' | 'post'): VtepError {
  const message = `\`vtep flannel-ext ${verb}\` has not been run for this VNI; flanneld runs it first, where its configuration says so`;
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: verb });
}
