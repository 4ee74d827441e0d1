/** A program that runs beside the test: a sink, a sniffer, a monitor. Its lines can be awaited; it never outlives us. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PATIENCE } from '../soon.js';
import { forget, register, release, type Disposable } from './cleanup.js';
import { shown } from './command.js';

export interface BackgroundOptions {
  env?: Record<string, string>;
  /** Keeps its standard input open for write(). */
  input?: boolean;
  /** Called with each line of standard output as it comes. */
  onLine?: (line: string) => void;
}

export class Background implements Disposable {
  readonly argv: readonly string[];
  /** Lines of standard output so far. */
  readonly lines: string[] = [];
  /** What it wrote to standard error. */
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  #waiters: (() => void)[] = [];
  #running = true;

  constructor(argv: readonly string[], options: BackgroundOptions = {}) {
    this.argv = argv;
    this.#child = spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...options.env },
      stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    register(this);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      options.onLine?.(line);
      this.#wake();
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => ((this.stderr += error.message), this.#end(resolve, 127)));
      this.#child.on('close', (code, signal) =>
        this.#end(resolve, code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Tells it something on its standard input, which `input` keeps open. */
  write(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** Exit status, once it ended by itself or by stop(). */
  get ended(): Promise<number> {
    return this.#ended;
  }

  #end(resolve: (code: number) => void, code: number): void {
    this.#running = false;
    forget(this);
    this.#wake();
    resolve(code);
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /**
   * The first line that matches, from those before as well; rejects after `timeout` ms or when the program ends without it.
   */
  async line(match: RegExp | ((line: string) => boolean), timeout = PATIENCE): Promise<string> {
    const test = typeof match === 'function' ? match : (line: string) => match.test(line);
    const deadline = Date.now() + timeout;
    for (let next = 0; ;) {
      for (; next < this.lines.length; next++) if (test(this.lines[next]!)) return this.lines[next]!;
      const left = deadline - Date.now();
      if (!this.#running || left <= 0) throw new Error(this.#missing(match, left <= 0));
      await this.#change(left);
    }
  }

  #missing(match: unknown, late: boolean): string {
    const why = late ? 'in time' : 'before it ended';
    return `${shown(this.argv)}: no line ${String(match)} ${why}; it said: ${[...this.lines.slice(-5), this.stderr].join(' | ')}`;
  }

  #change(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Asks it to end and waits; kills it when it has not after 3 s. Returns the exit status. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    if (this.#running) this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  async dispose(): Promise<void> {
    await this.stop();
  }

  disposeNow(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    await release(this);
  }
}
