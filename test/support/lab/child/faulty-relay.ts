/**
 * Runs inside a namespace: passes numbered datagrams on to a sink on loopback, with faults by their sequence number.
 *
 *   node faulty-relay.js PORT SINK_PORT
 *
 * Of each ten of a flow it loses the one that ends in 3, doubles the one that ends in 5, and holds the one that ends in
 * 7 back until the next has passed. On SIGTERM it prints how many it received, one line of JSON.
 */
import { createSocket } from 'node:dgram';

const [port, sinkPort] = process.argv.slice(2).map(Number);
const held = new Map<number, Buffer>();
let received = 0;

const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });

function pass(bytes: Buffer): void {
  socket.send(bytes, sinkPort!, '127.0.0.1');
}

socket.on('message', (bytes) => {
  received++;
  const flow = bytes.readUInt16LE(4);
  const digit = Number(bytes.readBigUInt64LE(8) % 10n);
  if (digit === 3) return;
  if (digit === 7) return void held.set(flow, bytes);
  pass(bytes);
  if (digit === 5) pass(bytes);
  const late = held.get(flow);
  held.delete(flow);
  if (late) pass(late);
});
socket.bind(port, () => console.log(JSON.stringify({ ready: port })));
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ received }));
  socket.close();
});
