/** A guest: a namespace with one interface, `eth0`, plugged into a host's bridge. It pings, sends and receives. */
import type { Background } from './background.js';
import { CommandError } from './command.js';
import type { Namespace } from './namespace.js';
import {
  tool,
  type DatagramResult,
  type PingResult,
  type SinkResult,
  type SourceResult,
  type StreamResult,
} from './tools.js';

export interface PingOptions {
  count?: number;
  /** Microseconds between requests; default 100,000. */
  interval?: number;
  flood?: boolean;
  /** Octets of payload, default 56. */
  size?: number;
  /** Milliseconds to wait for the last reply, default 1000. */
  timeout?: number;
  ttl?: number;
  tos?: number;
  dontFragment?: boolean;
  /** CPU it is kept on. */
  cpu?: number;
  /** Also return all round trips, in buckets. */
  histogram?: boolean;
}

export interface StreamOptions {
  /** Seconds, default 5, or `megabytes`. */
  seconds?: number;
  megabytes?: number;
  streams?: number;
  mode?: StreamResult['mode'];
  congestion?: string;
  port?: number;
  /** CPU the source is kept on, with all its streams. */
  cpu?: number;
  sinkCpu?: number;
}

export interface DatagramOptions {
  seconds?: number;
  /** UDP payload octets, default 64. */
  size?: number;
  /** Paced rate; absent: as fast as the sender can. */
  kpps?: number;
  /** They take turns; each has a source port of its own. Default 1. */
  flows?: number;
  /** The flows go in turn to as many addresses, the peer's and those after it; default 1. */
  addresses?: number;
  /** From one of these addresses to the next, default 1. */
  distance?: number;
  /** Datagrams of one flow before the next one's turn, default 1. */
  burst?: number;
  count?: number;
  port?: number;
  /** CPU the source is kept on. */
  cpu?: number;
  sinkCpu?: number;
  /** Datagrams handed to the kernel as one (UDP_SEGMENT): bulk UDP, another workload than single datagrams. */
  segments?: number;
  /** Microseconds between two wakings of a paced source, default 100. */
  wake?: number;
}

/** Told apart in a sink: a straggler of the run before is none of this one's. */
let runs = 0;

/** `-x value` for each option that was given. */
function flags(options: Record<string, string | number | boolean | undefined>): string[] {
  return Object.entries(options).flatMap(([flag, value]) =>
    value === undefined || value === false ? [] : value === true ? [flag] : [flag, String(value)],
  );
}

export interface Interface {
  mac?: string;
  /** With prefix length, such as 10.20.1.4/24. */
  address?: string;
  mtu?: number;
  gateway?: string;
}

export class Guest {
  readonly namespace: Namespace;
  /** Without prefix length. */
  readonly address: string;
  readonly mac: string;

  constructor(namespace: Namespace, address: string, mac: string) {
    this.namespace = namespace;
    this.address = address;
    this.mac = mac;
  }

  /** Pings and returns the figures; a ping without reply is a result too. */
  async ping(address: string, options: PingOptions = {}): Promise<PingResult> {
    return (await this.#measure([tool('ping'), '-j', ...this.#pingWords(address, options)])) as PingResult;
  }

  /** Pings in the background, one line a reply. */
  startPing(address: string, options: PingOptions, onLine?: (line: string) => void): Background {
    return this.namespace.start([tool('ping'), ...this.#pingWords(address, options)], { onLine });
  }

  #pingWords(address: string, options: PingOptions): string[] {
    return [
      ...flags({
        '-c': options.count ?? 3,
        '-i': options.flood ? undefined : (options.interval ?? 100_000),
        '-f': options.flood,
        '-s': options.size,
        '-w': options.timeout,
        '-t': options.ttl,
        '-q': options.tos,
        '-d': options.dontFragment,
        '-A': options.cpu,
        '-H': options.histogram,
      }),
      address,
    ];
  }

  /** What a tool says in one line of JSON; a measurement that failed (exit 1) says how, a tool that could not start rejects. */
  async #measure(argv: readonly string[]): Promise<unknown> {
    const outcome = await this.namespace.exec(argv, { quiet: true, allowFailure: true, timeout: 120_000 });
    if (outcome.code > 1 || outcome.stdout === '') throw new CommandError(argv, outcome);
    return JSON.parse(outcome.stdout);
  }

  /** TCP from this guest to another. */
  async streamTo(peer: Guest, options: StreamOptions = {}, address = peer.address): Promise<StreamResult> {
    const port = options.port ?? 5001;
    const streams = options.streams ?? 1;
    const sink = peer.namespace.start([
      tool('stream'),
      'sink',
      ...flags({ '-p': port, '-n': streams, '-A': options.sinkCpu }),
    ]);
    try {
      await sink.line(/ready/);
      const words = flags({
        '-p': port,
        '-t': options.seconds,
        '-b': options.megabytes,
        '-P': streams,
        '-C': options.congestion,
        '-m': options.mode,
        '-A': options.cpu,
      });
      return (await this.#measure([tool('stream'), 'source', ...words, address])) as StreamResult;
    } finally {
      await sink.close();
    }
  }

  /** Numbered UDP from this guest to another. Takes some 0.1 s more than the source sends. */
  async datagramsTo(
    peer: Guest,
    options: DatagramOptions = {},
    address = peer.address,
  ): Promise<DatagramResult> {
    const both = { '-p': options.port ?? 5002, '-I': (runs = (runs + 1) % 65536) };
    // It ends when it is told that the source has ended; a machine that stalls must not end it before.
    const sink = peer.namespace.start([
      tool('datagrams'),
      'sink',
      ...flags({ ...both, '-A': options.sinkCpu, '-i': 60_000 }),
    ]);
    try {
      await sink.line(/ready/);
      const words = flags({ ...both, ...sourceFlags(options) });
      const sent = (await this.#measure([tool('datagrams'), 'source', ...words, address])) as SourceResult;
      await sink.stop();
      return together(sent, JSON.parse(await sink.line(/delivered/)) as SinkResult);
    } finally {
      await sink.close();
    }
  }
}

function sourceFlags(options: DatagramOptions): Record<string, number | undefined> {
  return {
    '-A': options.cpu,
    '-t': options.seconds,
    '-c': options.count,
    '-s': options.size,
    '-r': options.kpps,
    '-w': options.wake,
    '-n': options.flows,
    '-a': options.addresses,
    '-d': options.distance,
    '-b': options.burst,
    '-g': options.segments,
  };
}

function together(source: SourceResult, sink: SinkResult): DatagramResult {
  return {
    sent: source.sent,
    offeredKpps: source.kpps,
    delivered: sink.delivered,
    deliveredKpps: sink.kpps,
    lost: source.sent - sink.delivered,
    reordered: sink.reordered,
    duplicated: sink.duplicated,
    overflowed: sink.overflowed,
    flows: sink.flows,
    longestBurst: source.longest_burst,
    sourceCpu: { user: source.user, system: source.system },
    sinkCpu: { user: sink.user, system: sink.system },
  };
}
