/**
 * The addresses of this host, told to the engine: a remote that is one of them needs no underlay (`localbypass`).
 * Read once, then kept up to date by what the kernel announces; an address counts while it is on an interface, up or down.
 */
import type { EngineApi } from '../engine/api.js';
import { readAddress, RTM_NEWADDR } from '../native/netlink/address.js';
import type { Message } from '../native/netlink/message.js';
import { addressText } from './address.js';

export class AddressMirror {
  readonly #engine: EngineApi;
  readonly #underlay: number | undefined;
  /** "interface address" -> both. */
  readonly #known = new Map<string, { address: string; ifindex: number }>();

  /** @param underlay number of another namespace, default the daemon's */
  constructor(engine: EngineApi, underlay?: number) {
    this.#engine = engine;
    this.#underlay = underlay;
  }

  /** Takes the answer to addressDump() for all there is. */
  replaceAll(messages: readonly Message[]): void {
    this.#known.clear();
    for (const message of messages) this.#apply(message);
    this.#tell();
  }

  /** Acts on RTM_NEWADDR or RTM_DELADDR. One that changes nothing (a lifetime renewed) tells nobody. */
  apply(message: Message): void {
    if (this.#apply(message)) this.#tell();
  }

  #apply({ type, body }: Message): boolean {
    const info = readAddress(body);
    if (info === undefined) return false;
    const address = addressText(info.address);
    const key = `${info.ifindex} ${address}`;
    if (type !== RTM_NEWADDR) return this.#known.delete(key);
    if (this.#known.has(key)) return false;
    this.#known.set(key, { address, ifindex: info.ifindex });
    return true;
  }

  #tell(): void {
    this.#engine.setLocalAddresses([...this.#known.values()], this.#underlay);
  }
}
