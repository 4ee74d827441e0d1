import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds a test waits for what must come: a loaded machine makes a run slower, and not different. */
export const PATIENCE = 20_000;
const SHORTEST_PAUSE = 5;
const LONGEST_PAUSE = 50;

/** True as soon as `test` holds; false when it does not within `timeout` ms, which only those give whose subject is time. */
export async function soon(
  test: () => boolean | Promise<boolean>,
  timeout: number = PATIENCE,
): Promise<boolean> {
  const end = Date.now() + timeout;
  for (let pause = SHORTEST_PAUSE; !(await test()); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    if (Date.now() > end) return false;
    await sleep(pause);
  }
  return true;
}
