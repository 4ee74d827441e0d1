/**
 * Whether two sets of samples differ: the Mann-Whitney test, exact for the few samples a benchmark has.
 *
 * All samples are ranked together; if both sets came from one source, every way to hand out the ranks is equally likely,
 * and p is the share of ways in which the first set's ranks sum to something as odd as was seen. Ranks rather than
 * values because throughput is not normally distributed: a round that the scheduler spoils lies far below, never far above.
 */

/** Above this many samples in all, the normal approximation takes over: it is right to the third digit there. */
const EXACT = 50;

/** Two-sided p: how likely is a difference at least this great if nothing changed. */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const ranks = doubledRanks([...a, ...b]);
  const observed = sum(ranks.slice(0, a.length));
  const all = sum(ranks);
  // Doubled ranks sum to n(n+1); a set of a.length expects its share of that.
  const expected = (all * a.length) / ranks.length;
  return ranks.length <= EXACT
    ? exact(ranks, a.length, observed, expected)
    : approximate(ranks, a.length, observed, expected);
}

/** The least p that sets of these sizes can give; where it is too great, nothing could ever be told. */
export function leastP(a: number, b: number): number {
  let ways = 1;
  for (let i = 1; i <= Math.min(a, b); i++) ways = (ways * (a + b - i + 1)) / i;
  return Math.min(1, 2 / ways);
}

/** Ranks times two, so that those of ties, which share the mean of theirs, stay whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = [...values].sort((x, y) => x - y);
  return values.map((value) => sorted.indexOf(value) + sorted.lastIndexOf(value) + 2);
}

/** Counts the subsets of `size` ranks by their sum, and how many are as far from the expected sum. */
function exact(ranks: readonly number[], size: number, observed: number, expected: number): number {
  const limit = sum(ranks) + 1;
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(limit));
  ways[0]![0] = 1;
  for (const rank of ranks) {
    for (let chosen = size; chosen >= 1; chosen--) {
      const without = ways[chosen - 1]!;
      const taken = ways[chosen]!;
      for (let total = limit - 1; total >= rank; total--) taken[total]! += without[total - rank]!;
    }
  }
  const counts = ways[size]!;
  const distance = Math.abs(observed - expected) - 1e-9;
  let odd = 0;
  for (let total = 0; total < limit; total++)
    if (Math.abs(total - expected) >= distance) odd += counts[total]!;
  return Math.min(1, odd / sum(counts));
}

/** The variance of the doubled ranks themselves takes ties into account. */
function approximate(ranks: readonly number[], size: number, observed: number, expected: number): number {
  const n = ranks.length;
  const mean = sum(ranks) / n;
  const spread = sum(ranks.map((rank) => (rank - mean) ** 2)) / (n - 1);
  const deviation = Math.sqrt((spread * size * (n - size)) / n);
  if (deviation === 0) return 1;
  const z = Math.max(0, Math.abs(observed - expected) - 1) / deviation; // a step of the sum is 2: half of it, for continuity
  return 2 * upperTail(z);
}

/** Of the normal distribution; Abramowitz and Stegun 26.2.17, right to 1e-7. */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
