/** What a VTEP needs of the engine it belongs to. */
import type { Clock } from './clock.js';
import type { Dataplane } from './dataplane.js';
import type { Horizons } from './horizons.js';
import type { Nexthops } from './nexthops.js';
import type { System } from './system.js';
import type { VtepEvent } from './types.js';
import type { UnderlayNamespace } from './underlay-namespaces.js';
import type { Vtep } from './vtep.js';

export interface VtepHost {
  /** Of the interface. */
  readonly system: System;
  readonly dataplane: Dataplane;
  /** Of the underlay. */
  readonly lower: UnderlayNamespace;
  readonly clock: Clock;
  readonly nexthops: Nexthops;
  readonly horizons: Horizons;
  /** Closes a descriptor once no worker can touch it any more. */
  retire(fd: number): void;
  emit(event: VtepEvent): void;
  /** Gives one VNI of many to `vtep`, and to the VNI a number in the data plane. */
  claim(vtep: Vtep, vni: number): number;
  /** Takes both back. */
  release(vtep: Vtep, vni: number, number: number): void;
  /** What VTEPs stand on, where the interfaces of this engine are (stacking.ts). */
  stacked(): ReadonlyMap<number, number>;
  /** Throws ERR_VTEP_VNI_IN_USE when another than `vtep` receives the VNI on its port. */
  refuseTwin(vtep: Vtep, vni: number): void;
  /** Name or index of the interface of `vtep` may be others now; it was called `before`. */
  renamed(vtep: Vtep, before: string): void;
}
