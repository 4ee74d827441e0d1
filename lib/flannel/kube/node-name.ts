/** Which node we are: as flanneld is told it, by the environment of its pod. */
import { VtepError } from '../../errors.js';
import { ApiError, type KubeClient } from './client.js';

/**
 * NODE_NAME, or where the pod POD_NAME of POD_NAMESPACE runs.
 * @throws {VtepError} ERR_VTEP_ARGUMENT: neither is set, or there is no such pod
 * @throws {ApiError} the server does not answer
 */
export async function nodeName(
  client: Pick<KubeClient, 'nodeOfPod'>,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<string> {
  const { NODE_NAME: name, POD_NAME: pod, POD_NAMESPACE: namespace } = env;
  if (name) return name;
  if (!pod || !namespace)
    throw unknown('set NODE_NAME, or POD_NAME and POD_NAMESPACE, in the environment (a DaemonSet: fieldRef)');
  try {
    const node = await client.nodeOfPod(namespace, pod, signal);
    if (node) return node;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error;
    throw unknown(`${error.message}; check POD_NAME and POD_NAMESPACE, and that its role may get pods`);
  }
  throw unknown(`pod ${namespace}/${pod} has no node yet`);
}

const unknown = (why: string): VtepError =>
  new VtepError('ERR_VTEP_ARGUMENT', `the node's name is not known: ${why}`, { errno: 'EINVAL' });
