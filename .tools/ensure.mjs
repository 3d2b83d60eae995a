// What `npm start` and `npm test` need before anything else: the packages of the lockfile, and a build of these sources.
// Plain JavaScript that Node 20 runs: at this point the lockfile's Node may not be there yet.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = new URL('..', import.meta.url).pathname;

const installStamp = join(root, 'node_modules', '.lockfile-hash');
const buildStamp = join(root, 'dist', '.sources-hash');
const bundledNode = join(root, 'node_modules', '.bin', 'node');

function hashOf(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    hash.update(path).update(readFileSync(join(root, path)));
  };
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else add(path);
    }
  };
  for (const path of paths) {
    if (path.endsWith('/')) walk(path);
    else add(path);
  }
  return hash.digest('hex');
}

const stampIs = (path, value) => existsSync(path) && readFileSync(path, 'utf8') === value;

/** Installs exactly what the lockfile says, unless that is what is there. */
export function ensureInstalled() {
  const wanted = hashOf(['package-lock.json']);
  if (stampIs(installStamp, wanted)) return;
  console.error('Installing from the lockfile (once; Node 26 comes with it) ...');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  execFileSync(command, [...args, 'ci'], { cwd: root, stdio: ['ignore', 2, 2] });
  writeFileSync(installStamp, wanted);
}

/** The Node that everything runs on: the lockfile's, where there is one for this platform. */
export function node() {
  return existsSync(bundledNode) ? bundledNode : process.execPath;
}

/** Builds unless these very sources are built. */
export function ensureBuilt() {
  const wanted = hashOf([
    'src/',
    'templates/',
    '.tools/build.mjs',
    '.tools/bundle-google.mjs',
    '.tools/third-party.mjs',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ]);
  if (stampIs(buildStamp, wanted)) return;
  console.error('Building ...');
  execFileSync(node(), [join(root, '.tools', 'build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] });
  writeFileSync(buildStamp, wanted);
}

const has = (program) => (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));

/**
 * Installs Debian packages for programs that are not there, where that is possible: as root on a system with apt.
 * Otherwise says what is left out.
 *
 * @param programs program -> Debian package
 * @param users who needs them, for the message: "tests"
 */
export function ensurePrograms(programs, users) {
  const packages = Object.keys(programs)
    .filter((program) => !has(program))
    .map((program) => programs[program]);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    console.error(`Not installed, so the ${users} that need them are skipped: ${packages.join(', ')}`);
    return;
  }
  console.error(`Installing Debian packages: ${packages.join(', ')}`);
  // Run level 1: a package that is a service is not started where only its program is wanted.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { stdio: ['ignore', 'ignore', 2], env };
  try {
    execFileSync('apt-get', ['update', '-qq'], options);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
  } catch (error) {
    console.error(`They could not be installed; the ${users} that need them are skipped: ${error.message}`);
  }
}

/** Runs a program in the checkout, hands signals on, and resolves with its exit code. */
export function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  // The terminal interrupts the whole group; this process only has to stay until its child is done.
  const stay = () => {};
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', stay).on('SIGTERM', forward).on('SIGHUP', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', stay).off('SIGTERM', forward).off('SIGHUP', forward);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}
