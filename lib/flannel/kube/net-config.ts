/** The network's configuration as a pod finds it: a file that a ConfigMap is mounted as. */
import { readFileSync } from 'node:fs';
import { VtepError } from '../../errors.js';
import type { NetworkConfig } from '../types.js';

export const NET_CONFIG_PATH = '/etc/kube-flannel/net-conf.json';

/**
 * @param source path of the file, for messages
 * @returns the configuration, and what in it means nothing
 * @throws {VtepError} ERR_VTEP_ARGUMENT
 */
export type ParseConfig = (text: string, source: string) => { config: NetworkConfig; problems: string[] };

/** @throws {VtepError} ERR_VTEP_ARGUMENT: no such file, or what `parse` finds in it */
export function readNetConfig(path: string, parse: ParseConfig): ReturnType<ParseConfig> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    const message = `cannot read the network's configuration ${path}: ${errno}; mount the ConfigMap there, or name another file with --net-config-path`;
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno, word: path, cause });
  }
  return parse(text, path);
}
