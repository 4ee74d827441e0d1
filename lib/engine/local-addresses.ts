/**
 * Which remotes are this very host (RTCF_LOCAL of their route): the addresses that control was told of, and loopback
 * ones. With an egress interface given only that interface's own, as a route lookup with an output interface answers.
 */
import { isLoopbackWords } from '../dataplane/local-bypass.js';
import type { LocalAddress } from './types.js';
import { addressWords } from './words.js';

interface Known {
  readonly words: Int32Array;
  readonly ifindex: number;
}

export class LocalAddresses {
  /** By the last word: every remote that is made or learned is looked for. */
  #known = new Map<number, Known[]>();

  replace(addresses: Iterable<LocalAddress>): void {
    this.#known = new Map();
    for (const { address, ifindex } of addresses) {
      const words = addressWords(address, 'address');
      const same = this.#known.get(words[3]) ?? [];
      this.#known.set(words[3], [...same, { words, ifindex }]);
    }
  }

  /** @param ifindex of the egress interface, 0 = any */
  has(address: ArrayLike<number>, ifindex: number): boolean {
    const [a0, a1, a2, a3] = [address[0]!, address[1]!, address[2]!, address[3]!];
    if (ifindex === 0 && isLoopbackWords(a0, a1, a2, a3)) return true;
    const same = this.#known.get(a3);
    if (same === undefined) return false;
    // A link-local address means nothing without its interface.
    const isNear = a0 >>> 22 === 0xfe80 >>> 6;
    return same.some(
      ({ words, ifindex: own }) =>
        words[2] === a2 &&
        words[1] === a1 &&
        words[0] === a0 &&
        (own === ifindex || (ifindex === 0 && !isNear)),
    );
  }
}
