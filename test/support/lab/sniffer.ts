/** vtep-sniff on an interface, and what VXLAN frames carry: for assertions about the underlay. */
import type { Background } from './background.js';
import type { Namespace } from './namespace.js';
import { tool, type SniffedFrame } from './tools.js';

export interface SniffOptions {
  ethertype?: number;
  /** Keep UDP to or from this port. */
  port?: number;
  /** Octets kept of each frame, default 256. */
  snap?: number;
  /** Write a pcap file instead of keeping the frames. */
  pcap?: string;
}

/** The outer header of a VXLAN frame over IPv4 or IPv6 and the frame inside. */
export interface VxlanFrame {
  out: boolean;
  outerSource: string;
  outerDestination: string;
  ttl: number;
  tos: number;
  /** 0 over IPv4. */
  flowLabel: number;
  dontFragment: boolean;
  sourcePort: number;
  destinationPort: number;
  udpChecksum: number;
  vni: number;
  inner: Buffer;
  /** Ethertype of the inner frame. */
  ethertype: number;
}

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const UDP = 17;

function address6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Reads a captured frame as VXLAN; undefined when it is none. */
export function readVxlan(frame: SniffedFrame): VxlanFrame | undefined {
  const bytes = frame.bytes;
  if (bytes.length < 14) return undefined;
  const type = bytes.readUInt16BE(12);
  const ip = bytes.subarray(14);
  let header: Pick<
    VxlanFrame,
    'outerSource' | 'outerDestination' | 'ttl' | 'tos' | 'flowLabel' | 'dontFragment'
  >;
  let udp: Buffer;
  if (type === ETHERTYPE_IPV4 && ip.length >= 20 && ip[9] === UDP) {
    header = {
      outerSource: ip.subarray(12, 16).join('.'),
      outerDestination: ip.subarray(16, 20).join('.'),
      ttl: ip[8]!,
      tos: ip[1]!,
      flowLabel: 0,
      dontFragment: (ip[6]! & 0x40) !== 0,
    };
    udp = ip.subarray((ip[0]! & 15) * 4);
  } else if (type === ETHERTYPE_IPV6 && ip.length >= 40 && ip[6] === UDP) {
    header = {
      outerSource: address6(ip.subarray(8, 24)),
      outerDestination: address6(ip.subarray(24, 40)),
      ttl: ip[7]!,
      tos: (ip.readUInt16BE(0) >> 4) & 0xff,
      flowLabel: ip.readUIntBE(1, 3) & 0xfffff,
      dontFragment: true,
    };
    udp = ip.subarray(40);
  } else return undefined;
  if (udp.length < 16 + 14) return undefined;
  const inner = udp.subarray(16);
  return {
    ...header,
    out: frame.out,
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    udpChecksum: udp.readUInt16BE(6),
    vni: udp.readUIntBE(12, 3),
    inner,
    ethertype: inner.readUInt16BE(12),
  };
}

export class Sniffer {
  readonly #program: Background;

  private constructor(program: Background) {
    this.#program = program;
  }

  /** Resolves once frames are being captured. */
  static async start(namespace: Namespace, dev: string, options: SniffOptions): Promise<Sniffer> {
    const words: string[] = [];
    if (options.ethertype) words.push('-e', String(options.ethertype));
    if (options.port) words.push('-u', String(options.port));
    if (options.pcap) words.push('-w', options.pcap);
    words.push('-s', String(options.snap ?? 256), dev);
    const program = namespace.start([tool('sniff'), ...words]);
    await program.line(/ready/);
    return new Sniffer(program);
  }

  /** All frames that came, in order. */
  frames(): SniffedFrame[] {
    return this.#program.lines
      .filter((line) => line.startsWith('{"out"'))
      .map((line) => JSON.parse(line) as { out: boolean; length: number; hex: string })
      .map(({ out, length, hex }) => ({ out, length, bytes: Buffer.from(hex, 'hex') }));
  }

  /** Ends the capture; all frames that came. */
  async stop(): Promise<SniffedFrame[]> {
    await this.#program.stop();
    return this.frames();
  }

  /** Ends the capture; the VXLAN frames among what came. */
  async stopVxlan(): Promise<VxlanFrame[]> {
    return (await this.stop()).map(readVxlan).filter((frame) => frame !== undefined);
  }
}
