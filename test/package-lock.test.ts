import { readFileSync } from 'node:fs';
import t from 'tap';

// The lock file names packages and their hashes. Where they are fetched from is for npm's configuration to say:
// an address in here would send every clone to one registry.
t.test('package-lock.json names no registry', async (t) => {
  const lock = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(lock) as {
    packages: Record<string, { resolved?: string; integrity?: string }>;
  };
  const resolved = Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined);
  t.same(resolved, []);
  const unverified = Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.integrity);
  t.same(unverified, [], 'every package has its hash');
});
