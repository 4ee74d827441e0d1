/**
 * VTEPs whose interface is in another network namespace (`ip link set vtep0 netns BOX`), their underlay where it was. Nobody
 * here is told of that namespace, and a socket in it would keep it in being; so their interfaces are looked at twice a second.
 */
import type { EngineApi, LinkNotice, VtepApi } from '../engine/api.js';
import type { Log } from './log.js';
import { replaceNeighbours } from './mirror-neighbours.js';

/** Milliseconds between two looks. */
const INTERVAL = 500;

export interface AwayOptions {
  engine: EngineApi;
  log: Log;
  /** Runs what may fail, and tells of it. */
  attempt: (act: () => void) => void;
  /** Called for a VTEP whose interface has come back. */
  back: (vtep: VtepApi) => void;
}

export class AwayMirror {
  readonly #options: AwayOptions;
  /** VTEPs have a name here whatever the interface is called there. */
  readonly #names = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AwayOptions) {
    this.#options = options;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** The interface of a VTEP has left. */
  add(vtep: VtepApi): void {
    const { name } = vtep;
    this.#options.log.info(
      { dev: name },
      'interface moved to another namespace; its tables are no longer mirrored',
    );
    this.#names.add(name);
    replaceNeighbours(vtep, []);
    vtep.noticed({ away: true });
    this.#timer ??= setInterval(() => this.#look(), INTERVAL).unref();
  }

  /** A VTEP was deleted. */
  delete(name: string): void {
    this.#names.delete(name);
    if (this.#names.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const name of [...this.#names]) this.#options.attempt(() => this.#lookAt(name));
  }

  #lookAt(name: string): void {
    const { engine, log, back } = this.#options;
    const vtep = engine.get(name);
    const look = vtep?.look();
    if (vtep === undefined || look === undefined) return;
    if (look === 'gone') {
      log.info({ dev: name }, 'interface deleted from outside');
      return engine.delete(name, true);
    }
    const news = differences(look, vtep);
    if (news !== undefined) vtep.noticed(news);
    if (look.away) return;
    log.info({ dev: name }, 'interface came back');
    this.delete(name);
    back(vtep);
  }
}

function differences(look: Exclude<ReturnType<VtepApi['look']>, string | undefined>, vtep: VtepApi) {
  const state = vtep.state();
  const news: LinkNotice = look.away === state.away ? {} : { away: look.away, ifindex: look.ifindex };
  if (look.up !== state.up) news.up = look.up;
  if (look.address !== state.address) news.address = look.address;
  if (look.mtu !== state.mtu) news.mtu = look.mtu;
  if (look.bridged !== state.bridged) news.bridged = look.bridged;
  return Object.keys(news).length > 0 ? news : undefined;
}
