/**
 * Runs inside a namespace: an address and port translator for one UDP peer behind it, as a home router is.
 *
 *   node translator.js PORT OUTSIDE_PORT HUB HUB_PORT
 *
 *   peer :p --> :PORT [translator] :OUTSIDE_PORT --> HUB :HUB_PORT       and back, to the port the peer sent from
 *
 * What comes to OUTSIDE_PORT from elsewhere, or before the peer has sent, is dropped. Prints a line when it is ready.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';

const [port, outsidePort] = process.argv.slice(2, 4).map(Number);
const hub = process.argv[4]!;
const hubPort = Number(process.argv[5]);
let peer: RemoteInfo | undefined;

const inside = createSocket('udp4');
const outside = createSocket('udp4');
inside.on('message', (bytes, from) => {
  if (from.address === hub) return;
  peer = from;
  outside.send(bytes, hubPort, hub);
});
outside.on('message', (bytes, from) => {
  if (peer !== undefined && from.address === hub && from.port !== 0)
    inside.send(bytes, peer.port, peer.address);
});
inside.bind(port, () => outside.bind(outsidePort, () => console.log('ready')));
