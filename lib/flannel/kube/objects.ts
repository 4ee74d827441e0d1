/**
 * What of Kubernetes' objects is read here.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/
 */

export interface Node {
  metadata: {
    name: string;
    /** Another one for a node that was made anew. */
    uid?: string;
    resourceVersion?: string;
    /** RFC 3339, in seconds and UTC. */
    creationTimestamp?: string;
    annotations?: Record<string, string>;
  };
  /** `podCIDRs` holds one prefix a family; older servers tell only `podCIDR`. */
  spec?: { podCIDR?: string; podCIDRs?: string[] };
}

export interface NodeList {
  metadata: { resourceVersion: string; continue?: string };
  items: Node[] | null;
}

/** One line of a watch. `ERROR` carries a Status, `BOOKMARK` nothing but the revision. */
export type WatchEvent =
  { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: Node } | { type: 'ERROR'; object: Status };

/** How the API says no. */
export interface Status {
  code?: number;
  reason?: string;
  message?: string;
}
