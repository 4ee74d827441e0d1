/**
 * A command starts fast because it loads little: about 25 ms above bare Node, of which node:http takes ten. This
 * holds as long as no package is reachable from main.js other than through `vtep daemon` and what is Flannel's, which load
 * what they need when they are run.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = new URL('../../lib/cli/main.js', import.meta.url);
const LOADED_LATER = /\/control\/daemon\.js$|\/flannel\//;

const SPECIFIER =
  /(?:^|\s)(?:import|export)\b[^'"()]*from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm;

function specifiers(file: URL): string[] {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return Array.from(text.matchAll(SPECIFIER), ([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');
}

/** Every file main.js can load, and every package name met on the way. */
function reach(start: URL): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: URL): void => {
    if (files.has(file.href)) return;
    files.add(file.href);
    for (const specifier of specifiers(file)) {
      if (LOADED_LATER.test(specifier)) continue;
      if (specifier.startsWith('.')) visit(new URL(specifier, file));
      else packages.add(specifier);
    }
  };
  visit(start);
  return { files, packages };
}

t.test('commands load node: modules and files of ours only', async (t) => {
  const { files, packages } = reach(MAIN);
  t.ok(files.size > 20, `${files.size} files are reachable`);
  for (const name of packages) t.match(name, /^node:/, `${name} is part of Node`);
});

t.test('table code and the engine stay out of the command line', async (t) => {
  for (const file of reach(MAIN).files)
    t.notMatch(fileURLToPath(file), /\/lib\/(engine|table|port|native|memory)\//, file);
});
