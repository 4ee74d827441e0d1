/** What a VTEP needs of the engine it belongs to. */
import type { Clock } from './clock.js';
import type { Dataplane } from './dataplane.js';
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
  /** Closes a descriptor once no worker can touch it any more. */
  retire(fd: number): void;
  emit(event: VtepEvent): void;
  /** The interface of `vtep` was called `before` until now. */
  renamed(vtep: Vtep, before: string): void;
}
