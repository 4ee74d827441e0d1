/** Medians with their spread: never a best run. */

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Median, least and greatest of at least one sample. */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError('a median needs at least one sample');
  const sorted = [...samples].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted[sorted.length - 1]! };
}
