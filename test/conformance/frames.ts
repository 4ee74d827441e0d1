/** vtep-frames in a namespace: crafted frames go out, what comes in is kept by interface. */
import type { Background } from '../support/lab/background.js';
import type { Namespace } from '../support/lab/namespace.js';
import { tool } from '../support/lab/tools.js';

interface Line {
  dev?: string;
  hex?: string;
  error?: string;
  sync?: number;
}

export class Frames {
  readonly #program: Background;
  #received = new Map<string, Buffer[]>();
  /** What the tool could not do since clear(), an interface that refuses a frame among it. */
  errors: string[] = [];
  #syncs = 0;
  #synced = (): void => {};

  private constructor(namespace: Namespace) {
    this.#program = namespace.start([tool('frames')], { input: true, onLine: (line) => this.#line(line) });
  }

  static async start(namespace: Namespace): Promise<Frames> {
    const frames = new Frames(namespace);
    await frames.#program.line(/ready/);
    return frames;
  }

  #line(text: string): void {
    const line = JSON.parse(text) as Line;
    if (line.error !== undefined) this.errors.push(`${line.dev}: ${line.error}`);
    else if (line.hex !== undefined) this.received(line.dev!).push(Buffer.from(line.hex, 'hex'));
    else if (line.sync === this.#syncs) this.#synced();
  }

  /** What came in on an interface since clear(). */
  received(dev: string): Buffer[] {
    let list = this.#received.get(dev);
    if (list === undefined) this.#received.set(dev, (list = []));
    return list;
  }

  clear(): void {
    this.#received = new Map();
    this.errors = [];
  }

  /** Watches an interface, anew when it is another of the same name. */
  async open(dev: string): Promise<void> {
    this.#program.write(`open ${dev}\n`);
    await this.sync();
  }

  send(dev: string, frame: Uint8Array): void {
    this.#program.write(`send ${dev} ${Buffer.from(frame).toString('hex')}\n`);
  }

  /** Gives what is sent on an interface from now on a mark (SO_MARK), until it is opened anew. */
  mark(dev: string, value: number): void {
    this.#program.write(`mark ${dev} ${value}\n`);
  }

  /** What was sent has left, and what has come in is known. */
  async sync(): Promise<void> {
    const done = new Promise<void>((resolve) => (this.#synced = resolve));
    this.#program.write(`sync ${++this.#syncs}\n`);
    await Promise.race([
      done,
      this.#program.ended.then(() => Promise.reject(new Error(this.#program.stderr))),
    ]);
  }
}
