/** Stands between a registry and etcd: does something before a request gets there, or loses its answer. */
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Relay {
  endpoint: string;
  /** Breaks all connections and takes no new ones. */
  close(): void;
  /** Takes connections again. */
  reopen(): Promise<void>;
}

/**
 * @param before is waited for
 * @param loses true: the connection breaks when etcd has answered
 */
export async function startRelay(
  etcd: string,
  before: (path: string) => Promise<void> = async () => {},
  loses: (path: string) => boolean = () => false,
): Promise<Relay> {
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url!;
    void before(path).then(() => {
      const { method, headers } = incoming;
      const onward = httpRequest(`${etcd}${path}`, { method, headers }, (answer) => {
        if (loses(path)) return void answer.resume().on('end', () => outgoing.destroy());
        answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers));
      });
      onward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onward.destroy());
      incoming.pipe(onward);
    });
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
    reopen: () => listen(port),
  };
}
