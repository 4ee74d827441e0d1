/** What every command is given: the options, the way to the daemon, the way out. */
import type { Client } from '../control/client.js';
import { isNoDaemon } from '../errors.js';
import { noDevice } from './failure.js';
import { jsonText } from './format/json.js';

/** Options given before or among the words. */
export interface Options {
  details: boolean;
  /** How often -s was given. */
  statistics: number;
  json: boolean;
  pretty: boolean;
  oneline: boolean;
  family?: 4 | 6;
  netns?: string;
  timestamp?: 'long' | 'short';
  version: boolean;
  help: boolean;
  foreground: boolean;
}

/** Where text goes: the process's streams, or a test's arrays. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

export const noOptions = (): Options => ({
  details: false,
  statistics: 0,
  json: false,
  pretty: false,
  oneline: false,
  version: false,
  help: false,
  foreground: false,
});

/** One command's surroundings. */
export class Session {
  readonly options: Options;
  readonly streams: Streams;
  /** The device the command is about, for errors that do not name it. */
  dev: string | undefined;
  #client: Client | undefined;

  constructor(options: Options, streams: Streams) {
    this.options = options;
    this.streams = streams;
  }

  /** The daemon of the namespace. Loads node:http, so only commands that ask it pay for it. */
  async client(): Promise<Client> {
    const { connect } = await import('../control/client.js');
    return (this.#client ??= connect({ netns: this.options.netns }));
  }

  /** A client whose daemon runs: started in the background if need be. */
  async startedClient(): Promise<Client> {
    const { ensureDaemon } = await import('../control/start.js');
    await ensureDaemon({ netns: this.options.netns });
    return this.client();
  }

  /**
   * Asks the daemon about `dev`. Where no daemon runs there is no VTEP either: `Cannot find device`.
   */
  async about<T>(dev: string, ask: (client: Client) => Promise<T>): Promise<T> {
    this.dev = dev;
    try {
      return await ask(await this.client());
    } catch (error) {
      throw isNoDaemon(error) ? noDevice(dev) : error;
    }
  }

  /** Names of the VTEPs to show: the one given, or all; none where no daemon runs. */
  async devices(dev: string | undefined): Promise<string[]> {
    if (dev !== undefined) return [dev];
    try {
      return (await (await this.client()).links()).map((link) => link.name);
    } catch (error) {
      if (isNoDaemon(error)) return [];
      throw error;
    }
  }

  /** Writes records as lines, or as one JSON array with -j. */
  show(lines: readonly string[], records: readonly unknown[]): void {
    const { json, pretty } = this.options;
    if (json) this.streams.out(`${jsonText(records, pretty)}\n`);
    else if (lines.length > 0) this.streams.out(`${lines.join('\n')}\n`);
  }
}
