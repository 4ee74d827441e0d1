import t from 'tap';
import { hash2, hash4, secretOf } from '../../lib/table/hash.js';

const SEEDS = [0, 1, 0x12345678, -1, 0x7fffffff, -0x5a5a5a5b];
const KEYS = 4_096;

/** How full the fullest of 1,024 places gets, by the high bits (the home slot) and by the low ones (the tag). */
function crowding(hashes: number[]): { home: number; tag: number } {
  const home = new Uint32Array(1_024);
  const tag = new Uint32Array(1_024);
  for (const hash of hashes) {
    home[hash >>> 22]++;
    tag[hash & 1_023]++;
  }
  return { home: Math.max(...home), tag: Math.max(...tag) };
}

/** Keys as networks have them; 4,096 random ones in 1,024 places put 13 or 14 into the fullest. */
const PATTERNS: Record<string, (i: number) => [number, number]> = {
  'MACs that count up': (i) => [0x02000000, (i << 16) | 42],
  'MACs that count up beyond 16 bits': (i) => [0x02420a00 + (i >>> 8), ((i & 0xff) << 16) | 42],
  'one MAC in a row of VNIs': (i) => [0, i],
  'a MAC per VNI': (i) => [0x0a000000 | i, i],
  'MACs of containers, made of their address': (i) => [0x0242ac11, (((i >>> 8) << 8) | (i & 0xff)) << 16],
  'MACs that differ in their first octets': (i) => [i << 20, 0x00010000],
  'locally administered MACs, counting in the high octets': (i) => [0x02000000 | (i << 8), 1],
};

for (const [name, key] of Object.entries(PATTERNS)) {
  t.test(`spreads ${name}`, async (t) => {
    for (const seed of SEEDS) {
      const hashes = Array.from({ length: KEYS }, (_, i) => hash2(...key(i), seed, secretOf(seed)));
      const { home, tag } = crowding(hashes);
      t.ok(home <= 24, `seed ${seed}: ${home} in one place of the index`);
      t.ok(tag <= 24, `seed ${seed}: ${tag} with one tag`);
    }
  });
}

const ADDRESSES: Record<string, (i: number) => [number, number, number, number]> = {
  'IPv4 addresses of a subnet': (i) => [0, 0, 0xffff, 0x0a140000 + i],
  'IPv4 subnets': (i) => [0, 0, 0xffff, 0x0a000000 + (i << 8)],
  'IPv6 addresses of a subnet': (i) => [0x20010db8, 0, 0, i],
  'IPv6 subnets': (i) => [0x20010db8, i << 16, 0, 0],
  'IPv6 sites': (i) => [0x20010000 + i, 0, 0, 1],
  'link-local addresses made of MACs': (i) => [0xfe800000 | 0, 0, 0x000000ff, 0xfe000000 | i],
};

for (const [name, key] of Object.entries(ADDRESSES)) {
  t.test(`spreads ${name}`, async (t) => {
    for (const seed of SEEDS) {
      const hashes = Array.from({ length: KEYS }, (_, i) => hash4(...key(i), seed, secretOf(seed)));
      const { home, tag } = crowding(hashes);
      t.ok(home <= 24, `seed ${seed}: ${home} in one place of the index`);
      t.ok(tag <= 24, `seed ${seed}: ${tag} with one tag`);
    }
  });
}

t.test('keys that differ in one word only never collide', async (t) => {
  const first = new Set<number>();
  const second = new Set<number>();
  for (let i = 0; i < 20_000; i++) {
    first.add(hash2(Math.imul(i, 0x10001), 7, 99, secretOf(99)));
    second.add(hash2(7, i << 12, 99, secretOf(99)));
  }
  t.equal(first.size, 20_000);
  t.equal(second.size, 20_000);
});

t.test('MACs made to collide under one seed do not under another', async (t) => {
  const byHash = new Map<number, number>();
  const pairs: [number, number][] = [];
  for (let i = 0; pairs.length < 4; i++) {
    const key = Math.imul(i, 0x9e3779b1);
    const hash = hash2(key, key << 13, 1, secretOf(1));
    const other = byHash.get(hash);
    if (other !== undefined) pairs.push([other, key]);
    byHash.set(hash, key);
  }
  for (const [a, b] of pairs) {
    const under = (seed: number): number =>
      hash2(a, a << 13, seed, secretOf(seed)) ^ hash2(b, b << 13, seed, secretOf(seed));
    t.equal(under(1), 0);
    t.not(under(2), 0);
  }
});

t.test('the secret is odd, so that multiplying by it loses nothing', async (t) => {
  for (const seed of SEEDS) t.equal(secretOf(seed) & 1, 1);
});
