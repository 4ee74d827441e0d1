/** What a VTEP needs of the engine it belongs to. */
import type { Clock } from './clock.js';
import type { Dataplane } from './dataplane.js';
import type { Nexthops } from './nexthops.js';
import type { System } from './system.js';
import type { VtepEvent } from './types.js';
import type { Underlay } from './underlay.js';
import type { Vtep } from './vtep.js';

export interface VtepHost {
  readonly system: System;
  readonly dataplane: Dataplane;
  readonly underlay: Underlay;
  readonly clock: Clock;
  /** True for an address of this host; with `ifindex` (0 = any) of that interface. */
  isLocal(address: ArrayLike<number>, ifindex: number): boolean;
  readonly nexthops: Nexthops;
  /** Closes a descriptor once no worker can touch it any more. */
  retire(fd: number): void;
  emit(event: VtepEvent): void;
  /** Gives one VNI of many to `vtep`, and to the VNI a number in the data plane. */
  claim(vtep: Vtep, vni: number): number;
  /** Takes both back. */
  release(vtep: Vtep, vni: number, number: number): void;
  /** Throws ERR_VTEP_VNI_IN_USE when another than `vtep` receives the VNI on its port. */
  refuseTwin(vtep: Vtep, vni: number): void;
  /** The interface of `vtep` was called `before` until now. */
  renamed(vtep: Vtep, before: string): void;
}
