/**
 * What a Flannel daemon says of itself, over a unix socket beside the data-plane daemon's:
 *
 *   /run/vtep/flannel-<inode>.sock   one a network namespace, mode 0600
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { daemonPaths } from '../control/socket-path.js';
import { openTransport } from '../control/transport.js';
import { isNoDaemon, VtepError } from '../errors.js';
import type { Mode } from './options.js';
import type { EntryState, PeerState } from './programmer.js';
import type { RegistryStatus } from './registry.js';
import type { Peer, PeerFamily } from './types.js';

/** Milliseconds; more than a Flannel daemon waits for the data plane's, of which its own answer says more. */
const LONGEST_SILENCE = 45_000;

export interface DeviceStatus {
  name: string;
  mac: string;
  mtu: number;
  /** The underlay's interface and address. */
  underlay: string;
  local: string;
}

/** One family of a peer: what the registry says, and whether its entries are in place. */
export interface PeerFamilyStatus extends EntryState {
  subnet: string;
  publicIp: string;
  mac: string;
}

export interface PeerStatus {
  key: string;
  ipv4: PeerFamilyStatus | undefined;
  ipv6: PeerFamilyStatus | undefined;
  error: string | undefined;
}

export interface FlannelStatus {
  pid: number;
  version: string;
  /** ISO 8601. */
  started: string;
  mode: Mode;
  network: string | undefined;
  ipv6Network: string | undefined;
  vni: number | undefined;
  port: number | undefined;
  devices: DeviceStatus[];
  /** Undefined until the registry has given one. */
  lease:
    | {
        key: string;
        subnet: string | undefined;
        subnet6: string | undefined;
        /** ISO 8601; undefined: it does not expire. */
        expires: string | undefined;
      }
    | undefined;
  registry: Omit<RegistryStatus, 'lastContact'> & {
    /** ISO 8601. */
    lastContact: string | undefined;
  };
  peers: PeerStatus[];
  /** What is wrong with keys of the registry. */
  problems: { key: string; reason: string }[];
  /** Misses by what became of them; undefined in mode static. */
  misses: Record<string, number> | undefined;
}

/** ISO 8601 of milliseconds since 1970. */
export const isoTime = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

export function peerStatus({ key, ipv4, ipv6 }: Peer, state: PeerState | undefined): PeerStatus {
  return {
    key,
    ipv4: ipv4 && familyStatus(ipv4, state?.ipv4),
    ipv6: ipv6 && familyStatus(ipv6, state?.ipv6),
    error: state?.error,
  };
}

const familyStatus = (family: PeerFamily, state: EntryState | undefined): PeerFamilyStatus => ({
  ...family,
  fdb: state?.fdb,
  neighbour: state?.neighbour,
  route: state?.route,
});

/** @throws {VtepError} as daemonPaths */
export function statusSocket(netns?: string): string {
  const { directory, netns: inode } = daemonPaths(netns);
  return join(directory, `flannel-${inode}.sock`);
}

/**
 * Asks the Flannel daemon of a namespace.
 * @throws {VtepError} ERR_VTEP_DAEMON: none runs, or it does not answer; its own error where it cannot tell its state
 */
export async function askStatus(path: string): Promise<FlannelStatus> {
  const transport = openTransport(path, LONGEST_SILENCE);
  try {
    return (await transport.call('GET', '/v1/status')) as FlannelStatus;
  } catch (error) {
    if (!(error instanceof VtepError) || !isNoDaemon(error)) throw error;
    throw new VtepError('ERR_VTEP_DAEMON', `no vtep flannel runs in this network namespace (${path})`, {
      errno: error.errno,
      cause: error,
    });
  } finally {
    transport.close();
  }
}

/**
 * Answers on the socket from now on. At most one daemon a namespace: two would undo each other's entries.
 * @returns the function that ends it and removes the socket
 * @throws {VtepError} ERR_VTEP_DAEMON: another one runs, also one that does not answer; what else that one says of itself
 */
export async function serveStatus(path: string, status: () => Promise<FlannelStatus>): Promise<() => void> {
  const running = await askStatus(path).catch((error: unknown) => {
    if (isNoDaemon(error)) return undefined;
    throw error;
  });
  if (running)
    throw new VtepError('ERR_VTEP_DAEMON', `vtep flannel already runs as pid ${running.pid} (${path})`, {
      errno: 'EEXIST',
    });
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    const answer = (code: number, body: unknown): void => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (request.method !== 'GET' || request.url !== '/v1/status') {
      answer(404, {
        code: 'ERR_VTEP_ARGUMENT',
        message: `${request.method} ${request.url}: expected GET /v1/status`,
      });
      return;
    }
    status().then(
      (body) => answer(200, body),
      (error: Error) => answer(500, { code: 'ERR_VTEP_SYSTEM', message: error.message }),
    );
  });
  await listen(server, path);
  chmodSync(path, 0o600);
  return () => {
    server.close();
    server.closeAllConnections();
    rmSync(path, { force: true });
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const errno = cause.code ?? 'EIO';
      reject(new VtepError('ERR_VTEP_SYSTEM', `cannot listen on ${path}: ${errno}`, { errno, cause }));
    });
    server.listen(path, resolve);
  });
}
