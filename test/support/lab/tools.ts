/**
 * The measuring tools of native-shim/tools: found where the build put them, built with `cc` where it has not,
 * and their results as types.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ToolName = 'ping' | 'stream' | 'datagrams' | 'sniff' | 'features' | 'tag' | 'frames';

/** Root of the checkout; this file runs from dist/test/support/lab. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const SOURCES = join(ROOT, 'native-shim/tools');
const BUILT = join(ROOT, 'native-shim/build');

const found = new Map<ToolName, string>();

function newestSource(name: ToolName): number {
  const headers = readdirSync(SOURCES).filter((file) => file.endsWith('.h'));
  return Math.max(...[`${name}.c`, ...headers].map((file) => statSync(join(SOURCES, file)).mtimeMs));
}

/**
 * Path of a tool's binary. Built under another name and renamed, so that tests running side by side never start half a file.
 * @throws when cc is missing or refuses the source
 */
export function tool(name: ToolName): string {
  let path = found.get(name);
  if (path !== undefined) return path;
  path = join(BUILT, `vtep-${name}`);
  if (!existsSync(path) || statSync(path).mtimeMs < newestSource(name)) {
    mkdirSync(BUILT, { recursive: true });
    const half = `${path}.${process.pid}`;
    execFileSync('cc', ['-O2', '-pthread', '-o', half, join(SOURCES, `${name}.c`)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    renameSync(half, path);
  }
  found.set(name, path);
  return path;
}

/** Result of vtep-ping. */
export interface PingResult {
  sent: number;
  received: number;
  duplicates: number;
  /** TTL or hop limit of the last reply, 0 without one. */
  ttl: number;
  rtt_us: { min: number; avg: number; p50: number; p90: number; p99: number; p999: number; max: number };
  /** Pairs of a bucket's lower end in us and how many round trips fell into it, if asked for; a bucket is 6 % wide at most. */
  histogram?: [number, number][];
  /** ICMP errors about our requests, at most 16. */
  errors: { type: number; code: number; mtu: number; from: string }[];
}

/** Result of vtep-stream. `ok`: everything sent was received and, in mode check, was right to the octet. */
export interface StreamResult {
  ok: boolean;
  sent: number;
  bytes: number;
  seconds: number;
  gbps: number;
  retransmits: number;
  rtt_us: number;
  mode: 'discard' | 'copy' | 'check';
  checksum: string;
  error: string;
}

/** Seconds of CPU a program used. */
export interface CpuSeconds {
  user: number;
  system: number;
}

/** Result of vtep-datagrams' source; times are CLOCK_MONOTONIC, one clock for all namespaces. */
export interface SourceResult extends CpuSeconds {
  sent: number;
  /** Datagrams the kernel would not take: its queue was full, or nobody listened. */
  refused: number;
  seconds: number;
  kpps: number;
  first_ns: number;
  last_ns: number;
  /** With a rate: how often it slept and woke. */
  wakings: number;
  /** With a rate: the most that left before the source slept again; more than the schedule's where it was held up. */
  longest_burst: number;
  via: 'io_uring' | 'sendmmsg';
}

/** Result of vtep-datagrams' sink. `lost` are gaps in the numbers; what was lost after the last that came it cannot know. */
export interface SinkResult extends CpuSeconds {
  delivered: number;
  lost: number;
  reordered: number;
  duplicated: number;
  /** Of another run or another program. */
  foreign: number;
  /** Dropped at the sink's own socket. */
  overflowed: number;
  flows: number;
  bytes: number;
  seconds: number;
  kpps: number;
  first_ns: number;
  last_ns: number;
}

/** What the source and the sink of vtep-datagrams say together. */
export interface DatagramResult {
  sent: number;
  /** Rate the source reached, thousands a second. */
  offeredKpps: number;
  delivered: number;
  /** Rate between the sink's first and last datagram. */
  deliveredKpps: number;
  /** sent - delivered, wherever they went. */
  lost: number;
  reordered: number;
  duplicated: number;
  /** Of those lost: dropped at the sink's own socket, so not the network's fault. */
  overflowed: number;
  /** How many flows the sink saw. */
  flows: number;
  /** The most that the source sent at once to keep its schedule. */
  longestBurst: number;
  sourceCpu: CpuSeconds;
  sinkCpu: CpuSeconds;
}

/** One line of vtep-sniff. */
export interface SniffedFrame {
  out: boolean;
  length: number;
  bytes: Buffer;
}
