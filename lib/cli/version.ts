/** The package's version, read from the nearest package.json above this file: dist/ has none of its own. */
import { existsSync, readFileSync } from 'node:fs';

/** Such as `0.1.0`; `unknown` where the package file was left behind. */
export function version(): string {
  for (let at = new URL('.', import.meta.url); at.pathname !== '/'; at = new URL('..', at)) {
    const file = new URL('package.json', at);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
