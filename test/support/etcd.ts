/**
 * A real etcd of the test's own: Debian's etcd-server on free ports of the loopback, its data in a directory that goes with
 * it. Killed on every way out. What the test itself wants of it goes over HTTP, past the code under test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background } from './lab/background.js';
import { forget, register, type Disposable } from './lab/cleanup.js';
import { soon } from './soon.js';

/** Why tests that need etcd cannot run here; false: they can. */
export const NO_ETCD: string | false =
  spawnSync('etcd', ['--version']).status !== 0 && 'no etcd: apt-get install etcd-server';

export interface EtcdTls {
  ca: string;
  cert: string;
  key: string;
}

type Json = Record<string, unknown>;

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: unknown): string => Buffer.from(String(text), 'base64').toString();

/** Memory where there is some: etcd waits for the disk at every write. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export class Etcd implements Disposable {
  readonly endpoint: string;
  readonly #argv: string[];
  readonly #directory: string;
  readonly #health: string;
  #process: Background | undefined;
  /** Sent with each request of the test's own. */
  token = '';

  private constructor(ports: number[], tls: EtcdTls | undefined) {
    const [client, peer, metrics] = ports.map((port) => `127.0.0.1:${port}`);
    this.endpoint = `http${tls ? 's' : ''}://${client}`;
    this.#directory = mkdtempSync(join(PLACE, 'vtep-etcd-'));
    register(this);
    this.#health = `http://${metrics}/health`;
    const certificates = tls
      ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth']
      : [];
    this.#argv = [
      ...['etcd', '--data-dir', join(this.#directory, 'data'), '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint],
      ...['--listen-peer-urls', `http://${peer}`, '--initial-advertise-peer-urls', `http://${peer}`],
      ...['--initial-cluster', `default=http://${peer}`, '--listen-metrics-urls', `http://${metrics}`],
      // One member elects itself; a short time makes it ready sooner, and leases of one second possible.
      ...['--heartbeat-interval', '10', '--election-timeout', '100', ...certificates],
      // Passwords are hashed in a moment instead of a tenth of a second each.
      ...['--bcrypt-cost', '4'],
    ];
  }

  /** Starts one and waits until it answers. */
  static async start(tls?: EtcdTls): Promise<Etcd> {
    const etcd = new Etcd(await freePorts(3), tls);
    await etcd.restart();
    return etcd;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** Starts it with the data it had. */
  async restart(): Promise<void> {
    this.#process = new Background(this.#argv, { env: { ETCD_UNSUPPORTED_ARCH: process.arch } });
    const isHealthy = async (): Promise<boolean> => {
      const answer = await fetch(this.#health).catch(() => undefined);
      return answer?.status === 200;
    };
    if (!(await soon(isHealthy))) throw new Error(`etcd does not start: ${this.#process.stderr}`);
  }

  /** As a power failure does. */
  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL');
  }

  /** Sends a request as curl would. Only without TLS. */
  async post(path: string, body: Json): Promise<Json> {
    const headers = new Headers(this.token === '' ? {} : { authorization: this.token });
    const answer = await fetch(`${this.endpoint}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
    });
    const value = (await answer.json()) as Json;
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }

  /** @returns the revision */
  async put(key: string, value: string, lease?: string): Promise<number> {
    const { header } = await this.post('/v3/kv/put', { key: encode(key), value: encode(value), lease });
    return Number((header as Json).revision);
  }

  /** Many keys, as far as possible in one transaction. */
  async putAll(entries: readonly (readonly [key: string, value: string])[]): Promise<void> {
    for (let at = 0; at < entries.length; at += 128) {
      const success = entries
        .slice(at, at + 128)
        .map(([key, value]) => ({ request_put: { key: encode(key), value: encode(value) } }));
      await this.post('/v3/kv/txn', { success });
    }
  }

  async remove(key: string): Promise<void> {
    await this.post('/v3/kv/deleterange', { key: encode(key) });
  }

  /** Value and lease of a key; undefined: there is none. */
  async get(key: string): Promise<{ value: string; lease: string; version: number } | undefined> {
    const { kvs } = await this.post('/v3/kv/range', { key: encode(key) });
    const [kv] = (kvs ?? []) as Json[];
    return kv && { value: decode(kv.value), lease: String(kv.lease ?? '0'), version: Number(kv.version) };
  }

  /** Keys that begin with `prefix`. */
  async keys(prefix: string): Promise<string[]> {
    const end = encode(prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1));
    const { kvs } = await this.post('/v3/kv/range', { key: encode(prefix), range_end: end, keys_only: true });
    return ((kvs ?? []) as Json[]).map(({ key }) => decode(key));
  }

  async grant(seconds: number): Promise<string> {
    return String((await this.post('/v3/lease/grant', { TTL: String(seconds) })).ID);
  }

  /** Seconds a lease has left; -1: it is gone. */
  async timeToLive(lease: string): Promise<number> {
    return Number((await this.post('/v3/lease/timetolive', { ID: lease })).TTL ?? 0);
  }

  async leases(): Promise<number> {
    return ((await this.post('/v3/lease/leases', {})).leases as Json[] | undefined)?.length ?? 0;
  }

  async compact(): Promise<void> {
    const { header } = await this.post('/v3/kv/range', { key: encode('x') });
    await this.post('/v3/kv/compaction', { revision: (header as Json).revision, physical: true });
  }

  async dispose(): Promise<void> {
    await this.kill();
    this.disposeNow();
  }

  disposeNow(): void {
    this.#process?.disposeNow();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.dispose();
    forget(this);
  }
}

/** Ports nobody listens on; all are held until all are found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
