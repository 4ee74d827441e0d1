/**
 * Counts what a test program says in TAP 14.
 *
 *     # Subtest: a name                 opens a block that is indented by four
 *         ok 1 - an assertion
 *         not ok 2 - another            followed by an indented YAML block
 *         ok 3 - a third # SKIP reason
 *         1..3
 *     not ok 1 - a name                 closes it: no assertion of its own, unless there was none inside (a test that
 *                                       throws what it finds, such as a property)
 */
import { createInterface } from 'node:readline';

const POINT = /^( *)(not )?ok\b(?: \d+)?(?: - )?(.*)$/;
const SUBTEST = /^( *)# Subtest: (.*)$/;
const DIRECTIVE = /(?:^|\s)#\s*(SKIP|TODO)\b:?\s*(.*?)(?:\s*# time=.*)?$/i;
/** Lines of one failure that are shown. */
const FAILURE_LINES = 40;

export class Tally {
  passed = 0;
  failed = 0;
  /** { name, reason } of each skipped test. */
  skipped = [];
  /** Text of each failure: where, and what tap had to say about it. */
  failures = [];

  #file;
  /** The open subtests, outermost first: indentation, name, failures counted when it opened, whether it is empty. */
  #open = [];
  /** The YAML block being read: the line that ends it, and how many came. */
  #yaml;
  /** True right after a failed assertion: a YAML block that follows belongs to it. */
  #explains = false;

  constructor(file = '') {
    this.#file = file;
  }

  /** Reads a stream of TAP to its end. */
  async read(stream) {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) this.line(line);
  }

  line(line) {
    if (this.#yaml) return this.#diagnostic(line);
    const subtest = SUBTEST.exec(line);
    if (subtest) {
      this.#open.push({ indent: subtest[1].length, name: subtest[2], failed: this.failed, isEmpty: true });
      return undefined;
    }
    const point = POINT.exec(line);
    if (point) return this.#point(point[1].length, point[2] !== undefined, point[3]);
    const plan = /^1\.\.0 # (?:SKIP:? +)?(?!no tests found)(.+)$/i.exec(line);
    if (plan) this.skipped.push({ name: this.#file, reason: plan[1] });
    else if (/^ *---$/.test(line) && this.#explains)
      this.#yaml = { end: line.replace('---', '...'), lines: 0 };
    else if (/^ *Bail out!/.test(line)) this.#fail(line.trim());
    if (line.trim() !== '') this.#explains = false;
    return undefined;
  }

  #point(indent, isFailure, text) {
    this.#explains = false;
    const name = text
      .replace(/ # time=.*$/, '')
      .replace(DIRECTIVE, '')
      .trim();
    const directive = DIRECTIVE.exec(text);
    const subtest = this.#open.at(-1);
    const closes = subtest !== undefined && subtest.indent === indent;
    if (closes) this.#open.pop();
    if (directive) this.skipped.push({ name: this.#path(name), reason: directive[2].trim() || name });
    else if (closes ? isFailure && this.failed === subtest.failed : isFailure) this.#fail(this.#path(name));
    else if (!isFailure && (!closes || subtest.isEmpty)) this.passed++;
    for (const outer of this.#open) outer.isEmpty = false;
  }

  #path(name) {
    return [this.#file, ...this.#open.map((subtest) => subtest.name), name].filter(Boolean).join(' > ');
  }

  #fail(text) {
    this.failed++;
    this.failures.push(`not ok ${text}`);
    this.#explains = true;
  }

  #diagnostic(line) {
    if (line === this.#yaml.end) this.#yaml = undefined;
    else if (this.#yaml.lines++ < FAILURE_LINES) this.failures.push(`${this.failures.pop()}\n${line}`);
  }

  /** The program has ended: a bad end without a failed assertion, or an empty run, is a failure too. */
  end(code, how) {
    if (this.failed > 0) return;
    if (code !== 0) this.#fail(this.#path(how));
    else if (this.passed === 0 && this.skipped.length === 0) this.#fail(this.#path('no test ran'));
  }

  add(other) {
    this.passed += other.passed;
    this.failed += other.failed;
    this.skipped.push(...other.skipped);
  }
}
