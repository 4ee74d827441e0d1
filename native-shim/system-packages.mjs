/**
 * What tests can use beyond Node: Debian packages, and the optional npm packages that are compiled against them.
 * Everything here may fail: the tests that would have used it skip and say why.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { npm, run } from './child.mjs';

/**
 * tshark dissects what we encapsulate; chromium opens the report of the benchmarks; etcd-server and its client hold
 * Flannel's leases, and openssl makes its certificates; the rest compiles `cap` and `raw-socket`, and the shim with
 * sanitizers.
 */
const PACKAGES = [
  'tshark',
  'chromium',
  'etcd-server',
  'etcd-client',
  'openssl',
  'libpcap-dev',
  'gcc',
  'g++',
  'make',
  'python3',
];
const OPTIONAL = ['cap', 'raw-socket'];
const APT = [
  '-qq',
  '-o',
  'DPkg::Lock::Timeout=60',
  '-o',
  'Acquire::Retries=1',
  '-o',
  'Acquire::http::Timeout=20',
];
const QUIET = { stdio: ['ignore', 'ignore', 'inherit'] };

/** Installs what is missing, as far as we may. Never throws. */
export async function prepareTests(root) {
  try {
    await installPackages();
    await buildOptional(root);
  } catch (error) {
    console.log(`could not prepare all tests: ${error.message}`);
  }
}

async function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0 || process.getuid?.() !== 0) return;
  console.log(`installing ${missing.join(' ')}`);
  // Noninteractive answers "no" to wireshark-common's question whether users may capture.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { ...QUIET, env, timeout: 300_000 };
  const code =
    (await run('apt-get', [...APT, 'update'], options)) ||
    (await run('apt-get', [...APT, 'install', '-y', '--no-install-recommends', ...missing], options));
  if (code !== 0) console.log(`could not install ${missing.join(' ')}: tests that need them are skipped`);
}

/** Packages dpkg does not know as installed; none where there is no dpkg. */
function missingPackages() {
  if (!existsSync('/etc/debian_version')) return [];
  return PACKAGES.filter((name) => {
    const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], {
      encoding: 'utf8',
    });
    return status !== 0 || stdout !== 'installed';
  });
}

/**
 * Compiles the optional packages that cannot be loaded: npm built them before their libraries were there, or gave up
 * and removed them. What failed is remembered beside them and tried again when another library has come.
 */
async function buildOptional(root) {
  const broken = OPTIONAL.filter((name) => !loads(root, name));
  if (broken.length === 0) return;
  const note = join(root, 'node_modules/.optional-build.json');
  const circumstances = JSON.stringify({ broken, missing: missingPackages(), node: process.version });
  if (existsSync(note) && readFileSync(note, 'utf8') === circumstances) return;
  console.log(`building ${broken.join(' ')}`);
  for (const name of broken) await build(root, name);
  const failed = broken.filter((name) => !loads(root, name));
  if (failed.length === 0) return;
  console.log(`could not build ${failed.join(' ')}: tests that need them are skipped`);
  writeFileSync(note, JSON.stringify({ broken: failed, missing: missingPackages(), node: process.version }));
}

function build(root, name) {
  // Headers that came with this Node spare node-gyp the download.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
  const options = { stdio: 'ignore', env: { ...headers, ...process.env }, timeout: 300_000 };
  if (existsSync(join(root, 'node_modules', name))) return npm(root, ['rebuild', name], options);
  const { version } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[
    `node_modules/${name}`
  ];
  return npm(root, ['install', '--no-save', `${name}@${version}`], options);
}

/** In a process of its own: a native module that does not fit may crash it. */
function loads(root, name) {
  const script = `require(${JSON.stringify(name)})`;
  return spawnSync(process.execPath, ['-e', script], { cwd: root, stdio: 'ignore' }).status === 0;
}
