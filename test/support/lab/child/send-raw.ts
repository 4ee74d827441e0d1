/**
 * Runs inside a namespace: sends crafted UDP (header and all) with the npm package `raw-socket`.
 *
 *   node send-raw.js ADDRESS      reads one packet a line from standard input, hex, from the UDP header on
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

interface RawSocket {
  send(
    buffer: Buffer,
    offset: number,
    length: number,
    address: string,
    after: (error: Error | null) => void,
  ): void;
  close(): void;
}

interface Raw {
  createSocket(options: { protocol: number }): RawSocket;
  Protocol: { UDP: number };
}

const raw = createRequire(import.meta.url)('raw-socket') as Raw;
const address = process.argv[2]!;
const socket = raw.createSocket({ protocol: raw.Protocol.UDP });

for await (const line of createInterface({ input: process.stdin })) {
  const packet = Buffer.from(line, 'hex');
  await new Promise<void>((resolve, reject) =>
    socket.send(packet, 0, packet.length, address, (error) => (error ? reject(error) : resolve())),
  );
}
socket.close();
