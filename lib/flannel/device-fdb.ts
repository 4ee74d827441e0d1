/** The FDB of a VTEP, through the daemon's API: what is ours in it, many entries a call, one that is refused stops no other. */
import type { Client } from '../control/client.js';
import { VtepError, type VtepErrorCode } from '../errors.js';
import { ownFdb } from './own-entries.js';

export type FdbClient = Pick<Client, 'fdb' | 'setFdbBulk' | 'deleteFdb'>;

/** As many as the API takes in one call. */
const CALL_MAX = 10_000;
/** Requests under way at once; the client has as many connections. */
const AT_ONCE = 4;
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
    const refused = await this.#delete(
      [...entries.keys()].filter((mac) => this.#odd.has(mac)).map((mac) => ({ mac })),
    );
    const open = [...entries].filter(([mac]) => !refused.has(mac));
    while (open.length > 0) {
      const requests = open.slice(0, CALL_MAX).map(([mac, dst]) => ({ verb: 'replace' as const, mac, dst }));
      try {
        await this.#client.setFdbBulk(this.#dev, requests);
        open.splice(0, requests.length);
      } catch (error) {
        const { at, cause } = refusal(error);
        refused.set(requests[at].mac, cause);
        open.splice(0, at + 1);
      }
    }
    return refused;
  }

  /** Removes entries with the destination given; one that has gone already is removed. As set(). */
  async delete(entries: ReadonlyMap<string, string>): Promise<Map<string, VtepError>> {
    return await this.#delete([...entries].map(([mac, dst]) => ({ mac, dst })));
  }

  async #delete(requests: readonly { mac: string; dst?: string }[]): Promise<Map<string, VtepError>> {
    const refused = new Map<string, VtepError>();
    const left = requests.values();
    const one = async (): Promise<void> => {
      for (const request of left) {
        try {
          await this.#client.deleteFdb(this.#dev, request);
        } catch (error) {
          const known = vtepError(error);
          if (known.code !== 'ERR_VTEP_NO_ENTRY') refused.set(request.mac, known);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, requests.length) }, one));
    return refused;
  }
}

function vtepError(error: unknown): VtepError {
  if (error instanceof VtepError && !FATAL.has(error.code)) return error;
  throw error;
}

/** At which entry a call for many stopped: those before it are in effect. */
function refusal(error: unknown): { at: number; cause: VtepError } {
  const cause = vtepError(error);
  const [, index] = /^entries\[(\d+)\]: /.exec(cause.message) ?? [];
  if (index === undefined) throw cause;
  return { at: Number(index), cause };
}
