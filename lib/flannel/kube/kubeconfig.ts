/**
 * A kubeconfig file: its current context, with tokens and client certificates. Programs that fetch credentials (`exec`,
 * `auth-provider`) are for people at a keyboard and refused.
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { VtepError } from '../../errors.js';
import { parseUrl, readText, type Access } from './access.js';

type Fields = Record<string, unknown>;

const UNSUPPORTED: Readonly<Record<string, string>> = {
  exec: 'give a token, tokenFile or client certificate',
  'auth-provider': 'give a token, tokenFile or client certificate',
  username: 'API servers take no passwords since 1.19; give a token or client certificate',
  'proxy-url': 'name the proxy as --kube-api-url',
};

class File {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  refuse(what: string): VtepError {
    return new VtepError('ERR_VTEP_ARGUMENT', `${this.#path}: ${what}`, {
      errno: 'EINVAL',
      word: this.#path,
    });
  }

  fields(): Fields {
    const text = readText(this.#path, 'the kubeconfig file');
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      throw this.refuse(`is no YAML: ${(error as Error).message.split('\n')[0]}`);
    }
    if (typeof value === 'object' && value !== null) return value as Fields;
    throw this.refuse('is no kubeconfig file: expected current-context, contexts, clusters, users');
  }

  /** The entry called `name` in one of the lists. */
  named(fields: Fields, list: 'contexts' | 'clusters' | 'users', name: unknown): Fields {
    const entries = Array.isArray(fields[list]) ? (fields[list] as Fields[]) : [];
    const found = entries.find((entry) => entry?.['name'] === name)?.[list.slice(0, -1)];
    if (typeof found === 'object' && found !== null) return found as Fields;
    throw this.refuse(`there is no "${String(name)}" among its ${list}`);
  }

  refuseUnsupported(fields: Fields): void {
    for (const [key, remedy] of Object.entries(UNSUPPORTED))
      if (fields[key] !== undefined) throw this.refuse(`"${key}" is not supported: ${remedy}`);
  }

  text(fields: Fields, key: string): string | undefined {
    const value = fields[key];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw this.refuse(`"${key}" is ${JSON.stringify(value)}: expected a text`);
  }

  /** A path, from the file's own directory. */
  path(fields: Fields, key: string): string | undefined {
    const value = this.text(fields, key);
    return value && resolve(dirname(this.#path), value);
  }

  /** What `<key>-data` holds in base64, or the file that `<key>` names. */
  content(fields: Fields, key: string): string | undefined {
    const data = this.text(fields, `${key}-data`);
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    const path = this.path(fields, key);
    return path === undefined ? undefined : readText(path, key);
  }
}

/**
 * @param url takes the place of the file's server
 * @throws {VtepError} ERR_VTEP_ARGUMENT: path, key, and what was expected
 */
export function readKubeconfig(path: string, url?: URL): Access {
  const file = new File(path);
  const fields = file.fields();
  const context = file.named(fields, 'contexts', fields['current-context']);
  const cluster = file.named(fields, 'clusters', context['cluster']);
  const user = context['user'] ? file.named(fields, 'users', context['user']) : {};
  file.refuseUnsupported(cluster);
  file.refuseUnsupported(user);
  const server = file.text(cluster, 'server');
  if (server === undefined && url === undefined) throw file.refuse('its cluster has no "server"');
  const token = file.text(user, 'token');
  const tokenFile = file.path(user, 'tokenFile');
  return {
    url: url ?? parseUrl(server ?? '', `${path}: server`),
    ca: file.content(cluster, 'certificate-authority'),
    cert: file.content(user, 'client-certificate'),
    key: file.content(user, 'client-key'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    serverName: file.text(cluster, 'tls-server-name'),
    // client-go: the file wins, since it may change.
    token: () => (tokenFile === undefined ? token : readText(tokenFile, 'the token').trim()),
  };
}
