/** How the demo speaks: one line a command, event or check; colour only on a terminal. */
import type { Witness } from '../support/lab/scenario/witness.js';

const coloured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);
const cyan = paint(36);

export interface Row {
  name: string;
  /** undefined: left out, with the reason in `text`. */
  ok: boolean | undefined;
  text: string;
}

/** Prints what happens and remembers what failed. */
export class Console implements Witness {
  #failures = 0;
  #checks = 0;
  /** Command lines name namespaces by pid; on screen host a is `a`, its guest `a-guest`. */
  readonly #names: RegExp = new RegExp(`vt${process.pid}-\\d*([a-z])(g?)\\b`, 'g');

  title(text: string): void {
    process.stdout.write(`\n${bold(text)}\n`);
  }

  step(text: string): void {
    process.stdout.write(`  ${text}\n`);
  }

  command(line: string): void {
    process.stdout.write(dim(`    $ ${this.#shorten(line)}\n`));
  }

  event(text: string): void {
    process.stdout.write(cyan(`      ${this.#shorten(text)}\n`));
  }

  check(holds: boolean, text: string, found?: unknown): void {
    this.#checks++;
    if (!holds) this.#failures++;
    const mark = holds ? green('ok') : red('FAILED');
    const detail =
      holds || found === undefined ? '' : `: ${typeof found === 'string' ? found : JSON.stringify(found)}`;
    process.stdout.write(`    ${mark} ${text}${detail}\n`);
  }

  #shorten(line: string): string {
    return line.replace(this.#names, (_, host: string, guest: string) => (guest ? `${host}-guest` : host));
  }

  /** Checks made and failed since the last call. */
  take(): { checks: number; failures: number } {
    const taken = { checks: this.#checks, failures: this.#failures };
    this.#checks = this.#failures = 0;
    return taken;
  }

  table(rows: readonly Row[]): void {
    const width = Math.max(...rows.map((row) => row.name.length));
    this.title('Summary');
    for (const { name, ok, text } of rows) {
      const mark = ok === undefined ? dim('--    ') : ok ? green('ok    ') : red('FAILED');
      process.stdout.write(`  ${mark} ${name.padEnd(width)}  ${text}\n`);
    }
  }
}
