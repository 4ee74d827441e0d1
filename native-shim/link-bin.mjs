/**
 * Last step of a build: makes `npx vtep …` work from the checkout, as it does once the package is installed, and
 * notes that the build is current.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { record } from './build-state.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const link = join(root, 'node_modules/.bin/vtep');

mkdirSync(dirname(link), { recursive: true });
if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link);
symlinkSync('../../dist/lib/cli/main.js', link);
chmodSync(join(root, 'dist/lib/cli/main.js'), 0o755);
record(root);
