/**
 * How the API server is reached, and as whom: as client-go decides it for flanneld. Neither a URL nor a kubeconfig file: the
 * service account of the pod we are in.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VtepError } from '../../errors.js';

export interface Access {
  /** May have a path: a proxy's. */
  url: URL;
  /** PEM; undefined: the system's. */
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  /** The server's certificate is not checked. */
  insecure: boolean;
  /** What the server's certificate is made out to, where it is not the URL's host. */
  serverName: string | undefined;
  /** Asked for each request: a pod's token changes every hour. */
  token(): string | undefined;
}

export interface AccessOptions {
  /** `--kube-api-url`: takes the place of the file's server. */
  apiUrl?: string;
  /** `--kubeconfig-file` */
  kubeconfig?: string;
  env?: NodeJS.ProcessEnv;
  /** Where a pod finds its token and CA. */
  serviceAccount?: string;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * @throws {VtepError} ERR_VTEP_ARGUMENT: a file that cannot be read or understood, a URL that is none, or no server at all
 * @example await kubeAccess({ apiUrl: 'http://127.0.0.1:8001' }) // what `kubectl proxy` serves
 */
export async function kubeAccess(options: AccessOptions = {}): Promise<Access> {
  const { apiUrl, kubeconfig } = options;
  const url = apiUrl === undefined || apiUrl === '' ? undefined : parseUrl(apiUrl, '--kube-api-url');
  if (kubeconfig !== undefined && kubeconfig !== '') {
    const { readKubeconfig } = await import('./kubeconfig.js');
    return readKubeconfig(kubeconfig, url);
  }
  return url === undefined ? inCluster(options) : anonymous(url);
}

const anonymous = (url: URL): Access => ({
  url,
  ca: undefined,
  cert: undefined,
  key: undefined,
  insecure: false,
  serverName: undefined,
  token: () => undefined,
});

/** @throws {VtepError} ERR_VTEP_ARGUMENT */
export function parseUrl(text: string, where: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  const message = `${where} "${text}" is no URL: expected one such as https://10.0.0.1:6443`;
  throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word: text });
}

/** @throws {VtepError} ERR_VTEP_ARGUMENT with the path and what it is for */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO';
    throw new VtepError('ERR_VTEP_ARGUMENT', `cannot read ${what} ${path}: ${errno}`, {
      errno,
      word: path,
      cause,
    });
  }
}

function inCluster({ env = process.env, serviceAccount = SERVICE_ACCOUNT }: AccessOptions): Access {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) {
    const message =
      'no Kubernetes API server is known: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in a pod; ' +
      'give --kubeconfig-file or --kube-api-url';
    throw new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EDESTADDRREQ' });
  }
  const authority = host.includes(':') ? `[${host}]` : host;
  const tokenFile = join(serviceAccount, 'token');
  const token = (): string => readText(tokenFile, "the service account's token").trim();
  token();
  return {
    ...anonymous(parseUrl(`https://${authority}:${port}`, 'KUBERNETES_SERVICE_HOST')),
    ca: readText(join(serviceAccount, 'ca.crt'), "the cluster's CA"),
    token,
  };
}
