import { hash2, secretOf } from '../../lib/table/hash.js';

/**
 * Two numbers i whose FDB keys (MAC high = i, MAC low = low 16 bits of i, VNI `vni`) have the same 32-bit hash
 * under `seed`; found by trying, some ten thousand keys suffice.
 */
export function collidingPair(seed: number, vni: number): [number, number] {
  const seen = new Map<number, number>();
  for (let i = 0; ; i++) {
    const hash = hash2(i, (i << 16) | vni, seed, secretOf(seed));
    const other = seen.get(hash);
    if (other !== undefined) return [other, i];
    seen.set(hash, i);
  }
}
