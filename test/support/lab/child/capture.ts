/**
 * Runs inside a namespace: captures with the npm package `cap` (libpcap) and prints each frame as hex.
 *
 *   node capture.js INTERFACE FILTER      ends on SIGTERM
 */
import { createRequire } from 'node:module';

interface Cap {
  open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): void;
}

const { Cap } = createRequire(import.meta.url)('cap') as { Cap: new () => Cap };
const [device = 'eth0', filter = ''] = process.argv.slice(2);

const capture = new Cap();
const buffer = Buffer.alloc(65_535 + 64); // cap writes here: it must live as long as the capture
const linkType = capture.open(device, filter, 10 * 1024 * 1024, buffer);
if (linkType !== 'ETHERNET') throw new Error(`${device} is ${linkType}, not Ethernet`);
capture.on('packet', (bytes) => {
  process.stdout.write(`${buffer.toString('hex', 0, bytes)}\n`);
});
process.on('SIGTERM', () => process.exit(0));
process.stdout.write('ready\n');
