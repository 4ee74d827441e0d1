/** Stays beside the data-plane daemon: hears what happens to devices, and starts the daemon again when it has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, EventType, MonitorEvent, MonitorStream } from '../control/client.js';
import type { Log } from '../control/log.js';

/** Milliseconds between two attempts, the first and the longest. */
const PAUSE = { first: 50, longest: 2_000 } as const;
const TYPES: readonly EventType[] = ['link'];

export interface FollowOptions {
  client: Pick<Client, 'monitor'>;
  ensureDaemon: () => Promise<unknown>;
  heard: (event: MonitorEvent) => void;
  /** The daemon is another one: devices and entries have to be made anew. */
  anew: () => void;
  log: Log;
}

export class DaemonFollower {
  readonly #options: FollowOptions;
  #stream: MonitorStream | undefined;
  #isClosed = false;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Resolves when the daemon's events are heard. @throws {VtepError} when it does not answer */
  async start(): Promise<void> {
    this.#stream = await this.#open();
    void this.#follow(this.#stream);
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.close();
  }

  #open(): Promise<MonitorStream> {
    return this.#options.client.monitor(TYPES, this.#options.heard);
  }

  async #follow(first: MonitorStream): Promise<void> {
    for (let stream = first; ;) {
      await stream.closed.catch(() => {});
      if (this.#isClosed) return;
      this.#options.log.warn('the data-plane daemon ended; starting it again');
      const next = await this.#again();
      if (!next) return;
      stream = this.#stream = next;
      this.#options.anew();
    }
  }

  async #again(): Promise<MonitorStream | undefined> {
    const { ensureDaemon, log } = this.#options;
    for (let pause: number = PAUSE.first; !this.#isClosed; pause = Math.min(2 * pause, PAUSE.longest)) {
      try {
        await ensureDaemon();
        return await this.#open();
      } catch (error) {
        log.error({ err: error }, (error as Error).message);
        await sleep(pause);
      }
    }
    return undefined;
  }
}
