/** The engine a daemon runs: the kernel's devices, the bursts in worker threads. */
import type { Shim } from '../native/shim.js';
import { MonotonicClock } from './clock.js';
import { Engine } from './engine.js';
import { NativeSystem } from './native-system.js';
import { ThreadedDataplane, type ThreadOptions } from './threads.js';

export interface NativeEngineOptions extends ThreadOptions {
  /** Seed of the flow hash; default random. */
  seed?: number;
}

/**
 * Starts the workers; VTEPs are made in the caller's network namespace, needing CAP_NET_ADMIN.
 *
 * @example
 * const engine = openNativeEngine(loadShim());
 * engine.add({ name: 'vtep0', id: 1, dstport: 4789, remote: '192.0.2.2' }).set({ up: true });
 */
export function openNativeEngine(shim: Shim, options: NativeEngineOptions = {}): Engine {
  const clock = new MonotonicClock();
  const seed = options.seed ?? crypto.getRandomValues(new Int32Array(1))[0];
  const dataplane = new ThreadedDataplane(shim, clock, seed, options);
  return new Engine(new NativeSystem(shim), { dataplane, clock, seed });
}
