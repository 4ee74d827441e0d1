/**
 * Throughput as RFC 2544, section 26.1, has it: the highest rate of which no more than a given share is lost. Found by
 * trials at rising rates until one fails (or falling ones until one passes), then by halving the gap between the highest
 * that passed and the lowest that failed. Pure: what a trial is, and how long it lasts, is the caller's.
 *
 *      guess: passes -> x 1.25: passes -> x 1.5: passes -> x 2: fails, and fails again      bracket
 *                                                |....................|
 *                                                       passes                              bisect
 *                                                       |.............|
 *                                                       |......|  fails twice
 *                                                              ... narrower than `precision`: the left end
 *
 * Sturdy against a machine with moods: a rate counts as failed only when it fails twice, and the one that ends the search
 * a third time, for all above it stays untried; where it passes after all, the search goes on from there. The rate
 * returned has itself passed in a trial. A source that does not reach the rate asked for bounds the search from above as a failure would, but
 * the result says so: the device may be capable of more.
 */

export interface Trial {
  /** Rate the source reached. */
  offeredKpps: number;
  /** Lost of what was sent, 0 to 1. */
  lossShare: number;
  deliveredKpps: number;
}

export interface RateSearchOptions {
  /** Lowest rate tried, in kpps. */
  low: number;
  /** Highest rate tried. */
  high: number;
  /** Where to begin, such as what a flood delivered; default `low`. */
  guess?: number;
  /** The most that may be lost of a rate that passes, 0 to 1, such as 0.005. */
  lossShare: number;
  /** Widest gap left between the rates that passed and failed, as a share of the latter, such as 0.02. */
  precision: number;
  /** The most trials that are run, default 40. */
  trials?: number;
}

export interface RateSearchResult {
  /** Rate offered in the best trial that passed, in kpps; 0 where none did. */
  kpps: number;
  /** What was delivered and lost in that trial. */
  deliveredKpps: number;
  lossShare: number;
  /**
   * What lies above: 'loss' too much is lost; 'source' it could not offer more; 'high' nothing was tried; 'trials' they
   * were used up before the gap was narrow enough.
   */
  bound: 'loss' | 'source' | 'high' | 'trials';
  /** Every trial in order, with the rate asked for. */
  trials: (Trial & { askedKpps: number })[];
}

/** A source that offers less than this share of the rate asked for has not reached it. */
const REACHED = 0.99;
/** Steps of the bracket: short ones first, for a good guess is a narrow bracket. The last is repeated. */
const STEPS = [1.25, 1.5, 2];
const MOST_TRIALS = 40;

type Outcome = 'passed' | 'loss' | 'source';

class RateSearch {
  readonly #trial: (kpps: number) => Promise<Trial>;
  readonly #options: RateSearchOptions;
  readonly #trials: RateSearchResult['trials'] = [];
  #best: Trial = { offeredKpps: 0, lossShare: 0, deliveredKpps: 0 };
  /** Highest rate that passed: as asked for where the source reached it, so that the next one is always another. */
  #floor = 0;
  /** Lowest rate that did not pass, and why. */
  #ceiling = Infinity;
  #why: 'loss' | 'source' = 'loss';

  constructor(trial: (kpps: number) => Promise<Trial>, options: RateSearchOptions) {
    this.#trial = trial;
    this.#options = options;
  }

  async run(): Promise<RateSearchResult> {
    const { low, high, guess = low } = this.#options;
    let rate = Math.min(Math.max(guess, low), high);
    for (let step = 0; ; step++) {
      if (!(await this.#settle(rate))) return this.#result('trials');
      if (this.#ceiling === Infinity && rate === high) return this.#result('high');
      if (this.#isNarrow() || this.#ceiling <= low) {
        if (!(await this.#wasWrong())) return this.#result(this.#why);
        rate = this.#floor;
        step = 0;
      }
      rate = this.#next(rate, STEPS[Math.min(step, STEPS.length - 1)]!);
    }
  }

  /** Tries the rate that ends the search a last time, if trials are left; true when it passes: there is no ceiling then. */
  async #wasWrong(): Promise<boolean> {
    if (this.#why === 'source' || this.#isSpent()) return false;
    if ((await this.#once(this.#ceiling)) !== 'passed') return false;
    this.#ceiling = Infinity;
    return true;
  }

  /** The rate to try: up or down by `factor` until there is a bracket, then its middle. */
  #next(rate: number, factor: number): number {
    const { low, high } = this.#options;
    if (this.#ceiling === Infinity) return Math.min(rate * factor, high);
    if (this.#floor === 0) return Math.max(this.#ceiling / factor, low);
    return (this.#floor + this.#ceiling) / 2;
  }

  #isNarrow(): boolean {
    if (this.#floor === 0 || this.#ceiling === Infinity) return false;
    return this.#ceiling - this.#floor <= this.#ceiling * this.#options.precision;
  }

  /** Tries a rate, and once more where it does not pass; false when the trials are used up before that is known. */
  async #settle(kpps: number): Promise<boolean> {
    const floor = this.#floor;
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.#isSpent()) return false;
      const outcome = await this.#once(kpps);
      if (outcome === 'passed') return true;
      if (attempt === 0) continue;
      this.#why = outcome;
      // A source that fell short and lost too much has failed at what it offered, unless that much has passed before.
      const { offeredKpps } = this.#trials.at(-1)!;
      const failed = outcome === 'loss' && offeredKpps > floor ? Math.min(offeredKpps, kpps) : kpps;
      this.#ceiling = Math.min(this.#ceiling, failed);
    }
    return true;
  }

  #isSpent(): boolean {
    return this.#trials.length >= (this.#options.trials ?? MOST_TRIALS);
  }

  async #once(kpps: number): Promise<Outcome> {
    const trial = await this.#trial(kpps);
    this.#trials.push({ ...trial, askedKpps: kpps });
    if (!(trial.lossShare <= this.#options.lossShare)) return 'loss';
    if (trial.offeredKpps > this.#best.offeredKpps) this.#best = trial;
    const reached = trial.offeredKpps >= kpps * REACHED;
    this.#floor = Math.max(this.#floor, reached ? kpps : trial.offeredKpps);
    return reached ? 'passed' : 'source';
  }

  #result(bound: RateSearchResult['bound']): RateSearchResult {
    const { offeredKpps, deliveredKpps, lossShare } = this.#best;
    return { kpps: offeredKpps, deliveredKpps, lossShare, bound, trials: this.#trials };
  }
}

function check({ low, high, lossShare, precision, trials = MOST_TRIALS }: RateSearchOptions): void {
  const refuse = (what: string, value: number, expected: string): never => {
    throw new RangeError(`rate search: ${what} is ${value}; expected ${expected}`);
  };
  if (!(low > 0 && low < Infinity)) refuse('low', low, 'a rate in kpps above 0');
  if (!(high >= low && high < Infinity)) refuse('high', high, `a rate of at least low, ${low} kpps`);
  if (!(lossShare >= 0 && lossShare < 1))
    refuse('lossShare', lossShare, 'a share from 0 up to 1, such as 0.005');
  if (!(precision > 0 && precision < 1)) refuse('precision', precision, 'a share above 0, such as 0.02');
  if (!(trials >= 2)) refuse('trials', trials, 'at least 2: a failed rate is tried twice');
}

/**
 * Searches for the throughput of what `trial` measures.
 *
 *     const { kpps, bound } = await searchRate(trial, { low: 10, high: 2000, guess: 300, lossShare: 0.005, precision: 0.02 });
 *
 * @throws {RangeError} for options that make no sense; whatever `trial` rejects with
 */
export async function searchRate(
  trial: (kpps: number) => Promise<Trial>,
  options: RateSearchOptions,
): Promise<RateSearchResult> {
  check(options);
  return await new RateSearch(trial, options).run();
}
