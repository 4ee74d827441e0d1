/**
 * What runs, how far, how long still: one line that is overwritten on a terminal, one plain line a step in a log.
 *
 *   [#######-------------]  5 of 14  TCP, 16 streams: round 2 of 9, kernel        3:12 gone, about 5:40 left
 *
 * The plan says how long each step should take; what the finished ones really took corrects the rest by their common
 * factor, because a machine that is slow is slow throughout.
 */

/** A step of the plan and the seconds it should take. */
export interface Step {
  name: string;
  seconds: number;
}

/** As much of a stream as is needed here. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

const BAR = 20;
/** Below this the bar is left out, and above it the line is not wider. */
const NARROW = 70;
const WIDE = 120;
/** Sub-second details come faster than anybody reads; a terminal over a slow line would hold up the measurement. */
const REDRAW_MS = 100;

export class Progress {
  readonly #plan: readonly Step[];
  readonly #out: Output;
  readonly #now: () => number;
  readonly #started: number;
  /** Steps done: what they should have taken and what they took, seconds. */
  #planned = 0;
  #taken = 0;
  #done = new Set<Step>();
  #current: (Step & { began: number; number: number }) | undefined;
  #detail = '';
  #drawn = -Infinity;

  /** @param now milliseconds of a clock that only goes on */
  constructor(
    plan: readonly Step[],
    out: Output = process.stderr,
    now: () => number = () => performance.now(),
  ) {
    this.#plan = plan;
    this.#out = out;
    this.#now = now;
    this.#started = now();
  }

  /** A step begins; the one before it, if any, has ended. A name that is not in the plan counts as one more step of no time. */
  begin(name: string): void {
    this.end();
    const index = this.#plan.findIndex((step) => step.name === name && !this.#done.has(step));
    const step = index < 0 ? { name, seconds: 0 } : this.#plan[index]!;
    if (index >= 0) this.#done.add(step);
    this.#current = { ...step, began: this.#now(), number: index < 0 ? this.#done.size : index + 1 };
    this.#detail = '';
    if (this.#out.isTTY) this.#draw();
    else this.#out.write(`${this.#counted()} ${name}${this.#remaining()}\n`);
  }

  /** What of the step is being done; can be handed on by itself. */
  readonly tell = (detail: string): void => {
    this.#detail = detail;
    if (this.#out.isTTY && this.#now() - this.#drawn >= REDRAW_MS) this.#draw();
  };

  /** A step of the plan turns out to be impossible here: it no longer counts in the time left. */
  skip(name: string): void {
    const step = this.#plan.find((candidate) => candidate.name === name && !this.#done.has(candidate));
    if (step) this.#done.add(step);
  }

  /** The step has ended. */
  end(): void {
    if (this.#current === undefined) return;
    this.#planned += this.#current.seconds;
    if (this.#current.seconds > 0) this.#taken += (this.#now() - this.#current.began) / 1000;
    this.#current = undefined;
  }

  /** The run has ended: the line is wiped, so that the table stands alone. */
  finish(): void {
    this.end();
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }

  /** Seconds left by the plan, corrected by what the steps before took. */
  secondsLeft(): number {
    const factor = this.#planned > 0 ? this.#taken / this.#planned : 1;
    const ahead = this.#plan
      .filter((step) => !this.#done.has(step))
      .reduce((sum, { seconds }) => sum + seconds * factor, 0);
    if (this.#current === undefined) return ahead;
    const spent = (this.#now() - this.#current.began) / 1000;
    return ahead + Math.max(0, this.#current.seconds * factor - spent);
  }

  #counted(): string {
    const total = this.#plan.length;
    return `${String(this.#current?.number ?? this.#done.size).padStart(String(total).length)} of ${total}`;
  }

  #remaining(): string {
    const left = this.secondsLeft();
    return left >= 1 ? `, about ${clock(left)} left` : '';
  }

  #draw(): void {
    this.#drawn = this.#now();
    const columns = Math.min(WIDE, (this.#out.columns ?? 80) - 1); // the last column would wrap on some terminals
    const gone = (this.#drawn - this.#started) / 1000;
    const left = this.secondsLeft();
    const full = gone + left > 0 ? Math.round((BAR * gone) / (gone + left)) : BAR;
    const bar = columns < NARROW ? '' : `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}] `;
    const times = `${clock(gone)} gone${this.#remaining()}`;
    const name = this.#current?.name ?? '';
    // Benches that tell their own name need not be named twice.
    const what = this.#detail.startsWith(name)
      ? this.#detail
      : this.#detail
        ? `${name}: ${this.#detail}`
        : name;
    const head = `${bar}${this.#counted()}  `;
    const room = Math.max(0, columns - head.length - times.length - 2);
    this.#out.write(`\r\u001b[K${`${head}${fitted(what, room)}  ${times}`.slice(0, columns)}`);
  }
}

/** Cut or filled to a width. */
function fitted(text: string, width: number): string {
  return text.length <= width ? text.padEnd(width) : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Seconds as people read a clock: 0:07, 12:30, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
