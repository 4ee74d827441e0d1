/**
 * The namespaces that `link-netns` names, watched for what the engine wants to know of an underlay: addresses of the
 * host, and that routes or interfaces have changed. Nothing of a VTEP's interface is there.
 */
import type { EngineApi, UnderlayView } from '../engine/api.js';
import { addressDump, RTM_DELADDR, RTM_NEWADDR } from '../native/netlink/address.js';
import { listen } from '../native/netlink/listen.js';
import type { Message } from '../native/netlink/message.js';
import {
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_LINK,
} from '../native/netlink/groups.js';
import { readTable } from '../native/netlink/request.js';
import { netlinkError } from '../native/names.js';
import { AddressMirror } from './mirror-addresses.js';
import type { MirrorShim } from './mirror.js';

const GROUPS = [
  RTNLGRP_LINK,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
];

export class UnderlayMirrors {
  readonly #shim: MirrorShim;
  readonly #engine: EngineApi;
  readonly #attempt: (act: () => void) => void;
  readonly #watched = new Map<number, UnderlayMirror>();

  /** @param attempt runs what may fail, and tells of it */
  constructor(shim: MirrorShim, engine: EngineApi, attempt: (act: () => void) => void) {
    this.#shim = shim;
    this.#engine = engine;
    this.#attempt = attempt;
  }

  /** A VTEP came or went: begins to watch the namespaces that are new, and ceases to watch those no longer in use. */
  sync(): void {
    const wanted = new Map(this.#engine.underlays().map((view) => [view.number, view]));
    for (const [number, mirror] of this.#watched) {
      if (wanted.has(number)) continue;
      mirror.close();
      this.#watched.delete(number);
    }
    for (const [number, view] of wanted) {
      if (this.#watched.has(number)) continue;
      this.#attempt(() =>
        this.#watched.set(number, new UnderlayMirror(this.#shim, this.#engine, view, this.#attempt)),
      );
    }
  }

  close(): void {
    for (const mirror of this.#watched.values()) mirror.close();
    this.#watched.clear();
  }
}

/** One namespace. */
class UnderlayMirror {
  readonly #shim: MirrorShim;
  readonly #engine: EngineApi;
  readonly #path: string;
  readonly #addresses: AddressMirror;
  readonly close: () => void;

  /** Subscribes first, then reads the table: nothing falls between. @throws VtepError without a netlink socket */
  constructor(
    shim: MirrorShim,
    engine: EngineApi,
    { number, path }: UnderlayView,
    attempt: (act: () => void) => void,
  ) {
    this.#shim = shim;
    this.#engine = engine;
    this.#path = path;
    this.#addresses = new AddressMirror(engine, number);
    const listener = {
      message: (message: Message) => attempt(() => this.#apply(message)),
      lost: () => attempt(() => this.#resync()),
      failed: (result: number) => attempt(() => fail(result)),
    };
    this.close = listen(shim, GROUPS, listener, path);
    attempt(() => this.#resync());
  }

  #resync(): void {
    this.#addresses.replaceAll(readTable(this.#shim, addressDump(), this.#path));
    this.#engine.pathsChanged();
  }

  #apply(message: Message): void {
    if (message.type === RTM_NEWADDR || message.type === RTM_DELADDR) this.#addresses.apply(message);
    else this.#engine.pathsChanged();
  }
}

function fail(result: number): never {
  throw netlinkError(result);
}
