// What tests need that takes minutes to make, made once into the cache: $XDG_CACHE_HOME/chainctl, else ~/.cache/chainctl.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

/**
 * A folder of the cache, made unless it is there. It gets its name when it is complete: a build that was killed leaves
 * only what the next one removes, and of two at once the later one throws its own away.
 */
export function ensureFolder(name, make) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'chainctl');
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache);
  const unfinished = join(cache, `.unfinished-${hostname()}-${process.pid}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(join(unfinished, 'result'), { recursive: true });
  try {
    make(unfinished);
    renameSync(join(unfinished, 'result'), folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Removes what builds of this host have left whose process is gone. */
function removeAbandoned(cache) {
  const mine = `.unfinished-${hostname()}-`;
  for (const entry of readdirSync(cache)) {
    const pid = Number(entry.slice(mine.length));
    if (!entry.startsWith(mine) || existsSync(`/proc/${pid}`)) continue;
    // What a killed one had started may still write.
    rmSync(join(cache, entry), { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Makes a virtual environment of Python in the folder, and gives its pip. */
export function virtualEnvironment(folder) {
  const place = join(folder, 'venv');
  execute(folder, 'python3', ['-m', 'venv', place]);
  return (...args) => execute(folder, join(place, 'bin', 'pip'), args);
}

/** Runs a program; when it fails, the error has the end of what it said. */
export function execute(folder, command, args, options) {
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  try {
    const { status, signal, error } = spawnSync(command, args, { stdio: ['ignore', output, output], ...options });
    if (status === 0) return;
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
    throw new Error(`${command} ${args[0]} ended with ${error?.message ?? signal ?? `code ${status}`}:\n${end}`);
  } finally {
    closeSync(output);
  }
}
