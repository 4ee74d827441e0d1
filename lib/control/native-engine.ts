/** The engine the daemon runs: the kernel's interfaces and sockets, bursts in threads. */
import { MonotonicClock } from '../engine/clock.js';
import { Engine } from '../engine/engine.js';
import { NativeSystem } from '../engine/native-system.js';
import { ThreadedDataplane } from '../engine/threads.js';
import type { Shim } from '../native/shim.js';

export interface NativeEngineOptions {
  shim: Shim;
  /** Threads, 1 to 64. Default 1. */
  workers?: number;
  /** Told that a worker died: no frame moves any more. */
  died: (error: Error) => void;
}

/** An engine with its workers running. They live in the namespace the calling thread is in now. */
export function nativeEngine({ shim, workers, died }: NativeEngineOptions): Engine {
  const clock = new MonotonicClock();
  const seed = crypto.getRandomValues(new Int32Array(1))[0];
  const dataplane = new ThreadedDataplane(shim, clock, seed, { workers, failed: died });
  return new Engine(new NativeSystem(shim), { dataplane, clock, seed });
}
