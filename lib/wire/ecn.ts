/**
 * Explicit congestion notification through a tunnel (RFC 6040; include/net/inet_ecn.h)
 *
 * Ingress: the outer header carries the inner mark, except that an inner CE becomes ECT(0), so that only marks
 * set *inside* the tunnel come back at its end (RFC 3168, full functionality).
 *
 * Egress: the inner mark after decapsulation, or a drop
 *
 *      inner \ outer | Not-ECT  ECT(0)   ECT(1)   CE
 *      --------------+---------------------------------
 *      Not-ECT       | Not-ECT  Not-ECT  Not-ECT  drop
 *      ECT(0)        | ECT(0)   ECT(0)   ECT(1)   CE
 *      ECT(1)        | ECT(1)   ECT(1)   ECT(1)   CE
 *      CE            | CE       CE       CE       CE
 */
export const NOT_ECT = 0;
export const ECT_1 = 1;
export const ECT_0 = 2;
export const CE = 3;

/** decapsulate: congestion was met on the way of a packet that cannot say so. */
export const ECN_DROP = -1;

/**
 * Type of service of the outer header: DSCP of `tos`, mark of the inner packet.
 * @param tos 0 to 255; its low two bits are replaced
 * @param inner ECN field of the inner packet, 0 for what is not IP
 */
export function encapsulate(tos: number, inner: number): number {
  return (tos & 0xfc) | (inner === CE ? ECT_0 : inner);
}

/** ECN field the inner packet must carry on, 0 to 3, or ECN_DROP. Both arguments are 0 to 3. */
export function decapsulate(outer: number, inner: number): number {
  if (outer === CE) return inner === NOT_ECT ? ECN_DROP : CE;
  return outer === ECT_1 && inner === ECT_0 ? ECT_1 : inner;
}
