/** A guest: a namespace with one interface, `eth0`, plugged into a host's bridge. It pings, sends and receives. */
import type { Background } from './background.js';
import type { Namespace } from './namespace.js';
import { tool, type DatagramResult, type PingResult, type StreamResult } from './tools.js';

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
}

export interface StreamOptions {
  /** Seconds, default 5, or `megabytes`. */
  seconds?: number;
  megabytes?: number;
  streams?: number;
  mode?: StreamResult['mode'];
  congestion?: string;
  port?: number;
}

export interface DatagramOptions {
  seconds?: number;
  /** UDP payload octets, default 64. */
  size?: number;
  /** Paced rate; absent: as fast as the sender can. */
  kpps?: number;
  flows?: number;
  burst?: number;
  count?: number;
  port?: number;
}

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
    const { stdout } = await this.namespace.exec([tool('ping'), '-j', ...this.#pingWords(address, options)], {
      quiet: true,
      allowFailure: true,
      timeout: 120_000,
    });
    return JSON.parse(stdout) as PingResult;
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
      }),
      address,
    ];
  }

  /** TCP from this guest to another. */
  async streamTo(peer: Guest, options: StreamOptions = {}, address = peer.address): Promise<StreamResult> {
    const port = options.port ?? 5001;
    const streams = options.streams ?? 1;
    const sink = peer.namespace.start([tool('stream'), 'sink', '-p', String(port), '-n', String(streams)]);
    try {
      await sink.line(/ready/);
      const words = flags({
        '-p': port,
        '-t': options.seconds,
        '-b': options.megabytes,
        '-P': streams,
        '-C': options.congestion,
        '-m': options.mode,
      });
      const { stdout } = await this.namespace.exec([tool('stream'), 'source', ...words, address], {
        quiet: true,
        allowFailure: true,
        timeout: 120_000,
      });
      return JSON.parse(stdout) as StreamResult;
    } finally {
      await sink.close();
    }
  }

  /** Numbered UDP from this guest to another. */
  async datagramsTo(
    peer: Guest,
    options: DatagramOptions = {},
    address = peer.address,
  ): Promise<DatagramResult> {
    const port = options.port ?? 5002;
    const sink = peer.namespace.start([tool('datagrams'), 'sink', '-p', String(port)]);
    try {
      await sink.line(/ready/);
      const words = flags({
        '-p': port,
        '-t': options.seconds,
        '-c': options.count,
        '-s': options.size,
        '-r': options.kpps,
        '-n': options.flows,
        '-b': options.burst,
      });
      const { stdout } = await this.namespace.exec([tool('datagrams'), 'source', ...words, address], {
        quiet: true,
        timeout: 120_000,
      });
      const source = JSON.parse(stdout) as { sent: number; kpps: number };
      const silent = setTimeout(() => void sink.stop(), 2000); // nothing arrived at all
      const got = JSON.parse(await sink.line(/delivered/, 5000)) as Record<string, number>;
      clearTimeout(silent);
      return {
        sent: source.sent,
        offeredKpps: source.kpps,
        delivered: got['delivered']!,
        deliveredKpps: got['kpps']!,
        lost: source.sent - got['delivered']!,
        reordered: got['reordered']!,
        duplicated: got['duplicated']!,
        overflowed: got['overflowed']!,
      };
    } finally {
      await sink.close();
    }
  }
}
