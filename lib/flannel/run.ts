/** `vtep flannel` from its flags to its end. */
import { Client } from '../control/client.js';
import { openLog } from '../control/log.js';
import { makeRunDirectory } from '../control/run-files.js';
import { daemonPaths } from '../control/socket-path.js';
import { ensureDaemon } from '../control/start.js';
import { load } from '../native/load.js';
import { enterNamespace } from '../native/namespace.js';
import { packageVersion } from '../version.js';
import { Host } from './host.js';
import { readOptions } from './options.js';
import { openRegistry } from './registries.js';
import { FlannelService } from './service.js';
import { serveStatus, statusSocket } from './status.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** Milliseconds an orderly stop may take before the process just ends: nothing depends on it. */
const STOP_LIMIT = 3_000;

export interface RunOptions {
  /** Name or path of a network namespace that the calling thread moves into; default the caller's. */
  netns?: string;
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Takes part in a Flannel network until SIGTERM, SIGINT or SIGHUP. Devices, entries and the lease stay: a restart takes them
 * up again, and meanwhile known peers are reached as before.
 * @param args flags, see options.ts
 * @throws {VtepError} what a person has to change; nothing was changed then, except where a device was made already
 * @example await runFlannel(['--etcd-endpoints=http://10.0.0.5:2379', '--iface=eth1']);
 */
export async function runFlannel(
  args: readonly string[],
  { netns, env = process.env }: RunOptions = {},
): Promise<void> {
  const options = readOptions(args, env);
  const shim = load();
  if (netns !== undefined) enterNamespace(shim, netns);
  const paths = daemonPaths();
  makeRunDirectory(paths.directory);
  const log = openLog();
  const service = new FlannelService({
    options,
    registry: await openRegistry(options, log),
    client: new Client(paths.socket),
    host: new Host(shim),
    shim,
    log,
    ensureDaemon: () => ensureDaemon(),
    version: packageVersion(),
  });
  const stopServing = await serveStatus(statusSocket(), () => service.status());
  process.once('exit', stopServing);
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      setTimeout(() => process.exit(0), STOP_LIMIT).unref();
      service.close().then(resolve, reject);
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
    service.start().then(
      () => log.info('vtep flannel has joined the network'),
      (error: unknown) => {
        service.close().finally(() => reject(error as Error));
      },
    );
  });
  log.info('vtep flannel stopped; what it installed stays');
}
