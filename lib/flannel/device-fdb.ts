/** The FDB of a VTEP, through the daemon's API: what is ours in it, many entries a call, one that is refused stops no other. */
import type { Client } from '../control/client.js';
import { VtepError, type VtepErrorCode } from '../errors.js';
import { ownFdb } from './own-entries.js';

export type FdbClient = Pick<Client, 'fdb' | 'setFdbBulk' | 'deleteFdbBulk'>;

/** As many as the API takes in one call. */
const CALL_MAX = 10_000;
/** Not about one entry: the daemon, or the device, is not there. */
const FATAL: ReadonlySet<VtepErrorCode> = new Set([
  'ERR_VTEP_DAEMON',
  'ERR_VTEP_NO_DEVICE',
  'ERR_VTEP_PERMISSION',
]);

export class DeviceFdb {
  readonly #client: FdbClient;
  readonly #dev: string;
  /** MACs whose entry has no or several destinations, or a nexthop group: not to be replaced, but removed first. */
  #odd = new Set<string>();

  constructor(client: FdbClient, dev: string) {
    this.#client = client;
    this.#dev = dev;
  }

  /** Our entries: MAC -> address of the VTEP. @throws {VtepError} the daemon's */
  async read(): Promise<Map<string, string>> {
    const entries = await this.#client.fdb(this.#dev);
    this.#odd = new Set(entries.filter(({ remotes }) => remotes.length !== 1).map(({ mac }) => mac));
    return ownFdb(entries);
  }

  /**
   * Sets permanent entries, in the place of what there is for a MAC.
   * @returns MAC -> why it was refused
   * @throws {VtepError} when the daemon or the device is not there
   */
  async set(entries: ReadonlyMap<string, string>): Promise<Map<string, VtepError>> {
    const odd = [...entries.keys()].filter((mac) => this.#odd.has(mac));
    const refused = await this.#delete(odd.map((mac) => ({ mac })));
    const requests = [...entries]
      .filter(([mac]) => !refused.has(mac))
      .map(([mac, dst]) => ({ verb: 'replace' as const, mac, dst }));
    const more = await throughout(requests, (part) => this.#client.setFdbBulk(this.#dev, part));
    return new Map([...refused, ...more]);
  }

  /** Removes entries with the destination given; one that has gone already is removed. As set(). */
  async delete(entries: ReadonlyMap<string, string>): Promise<Map<string, VtepError>> {
    return await this.#delete([...entries].map(([mac, dst]) => ({ mac, dst })));
  }

  async #delete(requests: readonly { mac: string; dst?: string }[]): Promise<Map<string, VtepError>> {
    const refused = await throughout(requests, (part) => this.#client.deleteFdbBulk(this.#dev, part));
    return new Map([...refused].filter(([, { code }]) => code !== 'ERR_VTEP_NO_ENTRY'));
  }
}

/** Has the daemon do something to all, going on behind each that it refuses. @returns MAC -> why it was refused */
async function throughout<T extends { mac: string }>(
  requests: readonly T[],
  call: (part: readonly T[]) => Promise<unknown>,
): Promise<Map<string, VtepError>> {
  const refused = new Map<string, VtepError>();
  for (let from = 0; from < requests.length;) {
    const part = requests.slice(from, from + CALL_MAX);
    try {
      await call(part);
      from += part.length;
    } catch (error) {
      const { at, cause } = refusal(error);
      refused.set(part[at].mac, cause);
      from += at + 1;
    }
  }
  return refused;
}

/** At which entry a call for many stopped: those before it are in effect. */
function refusal(error: unknown): { at: number; cause: VtepError } {
  if (!(error instanceof VtepError) || FATAL.has(error.code)) throw error;
  const [, index] = /^entries\[(\d+)\]: /.exec(error.message) ?? [];
  if (index === undefined) throw error;
  return { at: Number(index), cause: error };
}
