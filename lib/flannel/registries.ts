/** The registry that the flags ask for; the other one is not loaded. */
import type { Log } from '../control/log.js';
import { parseNetworkConfig } from './config.js';
import type { FlannelOptions } from './options.js';
import type { Registry } from './registry.js';

/**
 * @throws {VtepError} ERR_VTEP_ARGUMENT: a file that cannot be read, a URL that is none, no node name
 */
export async function openRegistry(options: FlannelOptions, log: Log): Promise<Registry> {
  return options.kubeSubnetMgr ? await kubernetes(options, log) : await etcd(options);
}

async function etcd(options: FlannelOptions): Promise<Registry> {
  const { EtcdRegistry } = await import('./etcd/registry.js');
  return new EtcdRegistry({
    endpoints: options.etcdEndpoints,
    prefix: options.etcdPrefix,
    username: options.etcdUsername,
    password: options.etcdPassword,
    tls: { ca: options.etcdCafile, cert: options.etcdCertfile, key: options.etcdKeyfile },
    renewMargin: options.subnetLeaseRenewMargin,
    assumeVxlan: options.assumeVxlan,
  });
}

async function kubernetes(options: FlannelOptions, log: Log): Promise<Registry> {
  const { KubeRegistry } = await import('./kube/registry.js');
  return await KubeRegistry.open({
    apiUrl: options.kubeApiUrl,
    kubeconfig: options.kubeconfigFile,
    annotationPrefix: options.kubeAnnotationPrefix,
    setNodeNetworkUnavailable: options.setNodeNetworkUnavailable,
    netConfigPath: options.netConfigPath,
    parse: (text, source) =>
      parseNetworkConfig(text, { source, registry: 'kube', assumeVxlan: options.assumeVxlan }),
    onWaiting: (why) => log.warn(`waiting for the API server: ${why}`),
  });
}
