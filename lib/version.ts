import { createRequire } from 'node:module';

/** Version of the package, as in package.json: two levels up from dist/lib/. */
export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('../../package.json') as { version: string }).version;
}
