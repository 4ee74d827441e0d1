/** UDP payloads made by hand: a VXLAN header of any two words, and what lies behind it. */
import { join } from 'node:path';
import { EXPERIMENT, frame } from './crafted.js';
import type { Host } from './host.js';
import { ROOT, tool } from './tools.js';

const SENDER = join(ROOT, 'dist/test/support/lab/child/send-datagrams.js');

/** An Ethernet frame that no stack answers, from `source`. */
export const innerFrame = (source: string): Buffer =>
  frame('02:77:00:00:00:02', source, EXPERIMENT, Buffer.alloc(46));

/** Header words and frame. */
export function payload(first: number, second: number, inner: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(first >>> 0, 0);
  header.writeUInt32BE(second >>> 0, 4);
  return Buffer.concat([header, inner]);
}

/** Sends payloads from a host, in order. */
export async function sendPayloads(
  from: Host,
  address: string,
  port: number,
  payloads: readonly Buffer[],
): Promise<void> {
  await from.namespace.exec([process.execPath, SENDER, address, String(port)], {
    quiet: true,
    input: payloads.map((each) => `${each.toString('hex')}\n`).join(''),
  });
}

/** Pings from the host itself; that nobody answers is no failure. */
export async function pingFrom(host: Host, address: string, count = 5): Promise<void> {
  const argv = [tool('ping'), '-c', String(count), '-i', '20000', '-w', '100', address];
  await host.namespace.exec(argv, { allowFailure: true, quiet: true });
}

export interface Received {
  packets: number;
  errors: number;
}

/** What a host's interface says it received: `ip -s link`. */
export async function received(host: Host, dev: string): Promise<Received> {
  const [link] = await host.vtepJson<{ stats64: { rx: Received } }[]>(`link show ${dev}`, '-s');
  const { packets, errors } = link!.stats64.rx;
  return { packets, errors };
}
