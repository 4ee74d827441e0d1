/**
 * Whatever the laboratory makes outside this process (namespaces, processes, directories) is registered here the moment
 * it exists and removed on every way out: close(), a thrown error, SIGINT, SIGTERM, an uncaught exception. Only
 * SIGKILL gets past; `sweepAbandoned` (namespace.ts) removes what that left, at the next run.
 */

export interface Disposable {
  /** Removes the thing, politely. */
  dispose(): Promise<void>;
  /** Removes the thing at once, without the event loop: the process is about to end. */
  disposeNow(): void;
}

const registered = new Set<Disposable>();
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
let listening = false;

/** Newest first: processes go before the namespaces they live in. */
function newestFirst(): Disposable[] {
  return [...registered].reverse();
}

function removeAllNow(): void {
  for (const thing of newestFirst()) {
    registered.delete(thing);
    try {
      thing.disposeNow();
    } catch (error) {
      process.stderr.write(`cleanup: ${String(error)}\n`);
    }
  }
}

function listen(): void {
  if (listening) return;
  listening = true;
  process.on('exit', removeAllNow);
  for (const [signal, number] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      removeAllNow();
      process.exit(128 + number);
    });
  }
}

/** Takes responsibility for `thing` until dispose() is called through `release`. */
export function register(thing: Disposable): void {
  listen();
  registered.add(thing);
}

/** The thing is gone (or someone else's now): nothing is left to do for it. */
export function forget(thing: Disposable): void {
  registered.delete(thing);
}

/** Disposes of `thing` once, whoever asks. */
export async function release(thing: Disposable): Promise<void> {
  if (!registered.delete(thing)) return;
  await thing.dispose();
}
