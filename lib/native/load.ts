/**
 * Finds and loads native-shim's binary, once a thread. It lies beside dist/, both in a checkout and in an
 * installed package:
 *
 *   native-shim/build/vtep.node                               compiled here
 *   native-shim/prebuilt/<platform>-<arch>-<libc>/vtep.node   came with the package
 *
 * The environment variable VTEP_SHIM names another one, such as the one compiled with sanitizers.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { VtepError } from '../errors.js';
import { SHIM_VERSION, type Shim } from './shim.js';

const REMEDY =
  'run "node native-shim/build.mjs" in the package, which needs a C compiler: apt-get install gcc libc6-dev';

/** From dist/lib/native to the root of the package. */
const ROOT = new URL('../../../', import.meta.url);

let loaded: Shim | undefined;

/** The system's C library; a binary for one does not load with the other. */
function libc(): 'glibc' | 'musl' {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/** Paths where the binary may be below the package root, best first. */
export function binaryPaths(root: URL): string[] {
  const prebuilt = `native-shim/prebuilt/${process.platform}-${process.arch}-${libc()}/vtep.node`;
  return ['native-shim/build/vtep.node', prebuilt].map((path) => fileURLToPath(new URL(path, root)));
}

/**
 * Loads the first binary of `paths` that is there, loads, and has our version of the calls.
 * @throws VtepError ERR_VTEP_SHIM with what is wrong with each, and the remedy
 */
export function loadFirst(paths: string[]): Shim {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  let cause: unknown;
  for (const path of paths) {
    if (!existsSync(path)) {
      reasons.push(`${path} is missing`);
      continue;
    }
    try {
      const shim = require(path) as Shim;
      if (shim.version === SHIM_VERSION) return shim;
      reasons.push(`${path} has version ${shim.version} of the calls, ${SHIM_VERSION} is needed`);
    } catch (error) {
      cause = error;
      reasons.push(`${path} does not load: ${(error as Error).message}`);
    }
  }
  throw new VtepError('ERR_VTEP_SHIM', `no usable native shim: ${reasons.join('; ')}; ${REMEDY}`, { cause });
}

/**
 * The shim of this thread.
 * @throws VtepError ERR_VTEP_SHIM
 *
 * @example
 * const shim = load();
 * const fd = shim.udpOpen({ family: 4, port: 4789, gro: true });
 * if (fd < 0) throw new Error(errnoName(fd));
 */
export function load(): Shim {
  const given = process.env['VTEP_SHIM'];
  loaded ??= loadFirst(given === undefined ? binaryPaths(ROOT) : [given]);
  return loaded;
}
