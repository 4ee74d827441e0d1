/** What another process is told by rtnetlink takes a moment to show. */
import { setTimeout as sleep } from 'node:timers/promises';

/** True as soon as `test` holds; false when it did not within `timeout` ms. */
export async function soon(test: () => Promise<boolean>, timeout = 3000): Promise<boolean> {
  for (const end = Date.now() + timeout; Date.now() < end; await sleep(50)) if (await test()) return true;
  return false;
}
