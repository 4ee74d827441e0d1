/**
 * Follows all nodes: list, then watch from the list's revision. Whatever ends a watch, an orderly end too, the nodes are listed
 * again after a pause; no stream is trusted to go on where another ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backoff } from '../backoff.js';
import { ApiError, type KubeClient } from './client.js';
import type { Node } from './objects.js';

export interface NodeListener {
  /** Every node as of one moment. */
  all(nodes: Node[]): void;
  /** Changes since, the last of each node; `gone` are names, also of one that was made anew. */
  changed(nodes: Node[], gone: string[]): void;
  /** Something was heard. */
  contact(revision: string): void;
  failed(error: unknown): void;
}

/** The server knows that revision no more (410), or does not know it yet (504): ask for its store's. */
const UNKNOWN_REVISION = [410, 504];

/** Goes on until `signal` is aborted; never rejects. */
export async function followNodes(
  client: Pick<KubeClient, 'nodes' | 'watch'>,
  listener: NodeListener,
  backoff: Backoff,
  signal: AbortSignal,
): Promise<void> {
  let since: string | undefined = '0';
  while (!signal.aborted) {
    try {
      const list: { nodes: Node[]; resourceVersion: string } = await client.nodes(since, signal);
      since = list.resourceVersion;
      listener.contact(since);
      listener.all(list.nodes);
      const onEvents: Parameters<typeof client.watch>[1] = (events) => {
        backoff.reset();
        const last = new Map<string, Node | undefined>();
        const gone = new Set<string>();
        for (const { type, object } of events) {
          since = object.metadata.resourceVersion ?? since;
          if (type === 'BOOKMARK') continue;
          // In the order of what happened last.
          last.delete(object.metadata.name);
          last.set(object.metadata.name, type === 'DELETED' ? undefined : object);
          if (type === 'DELETED') gone.add(object.metadata.name);
        }
        listener.contact(since ?? '');
        if (last.size === 0) return;
        listener.changed(
          [...last.values()].filter((node) => node !== undefined),
          [...gone],
        );
      };
      await client.watch(since, onEvents, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && UNKNOWN_REVISION.includes(error.status)) since = undefined;
      listener.failed(error);
    }
    await sleep(backoff.next(), undefined, { signal }).catch(() => {});
  }
}
