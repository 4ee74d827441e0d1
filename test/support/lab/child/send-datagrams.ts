/**
 * Runs inside a namespace: sends UDP payloads as they are.
 *
 *   node send-datagrams.js ADDRESS PORT      reads one payload a line from standard input, hex
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [address = '', port = ''] = process.argv.slice(2);
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');

for await (const line of createInterface({ input: process.stdin })) {
  await new Promise<void>((resolve, reject) =>
    socket.send(Buffer.from(line, 'hex'), Number(port), address, (error) =>
      error ? reject(error) : resolve(),
    ),
  );
}
socket.close();
