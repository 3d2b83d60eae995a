// The clients of PyPI that A and B are tested with, in a virtual environment of the cache: half a GB, made once in a minute.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder, virtualEnvironment } from './cache.mjs';
import { ensurePrograms, root } from './ensure.mjs';

const REQUIREMENTS = join(root, 'test', 'clients', 'requirements.txt');
/** Counts changes of this recipe that make what older ones have cached unfit. */
const RECIPE = 1;

/** What tells the tests which Python has them, or why there is none: variables of the environment. */
export function clientsOfPypi() {
  ensurePrograms({ python3: 'python3-venv' }, 'tests of the clients of PyPI');
  const { status, stdout } = spawnSync('python3', ['-c', 'import ensurepip, sys, venv; print(sys.version_info[:2])']);
  if (status !== 0) return { CHAINCTL_NO_PYTHON: 'there is no python3 with its modules venv and ensurepip' };
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(stdout).digest('hex').slice(0, 12);
  try {
    const folder = ensureFolder(`clients-${wanted}-r${RECIPE}`, (unfinished) => {
      console.error('Installing the clients of PyPI (once, half a GB) ...');
      // It is moved when it is complete: its python finds its packages there, its other programs do not.
      const pip = virtualEnvironment(join(unfinished, 'result'));
      pip('install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS);
    });
    return { CHAINCTL_PYTHON: join(folder, 'venv', 'bin', 'python') };
  } catch (error) {
    console.error(error.message);
    return {
      CHAINCTL_NO_PYTHON: `what PyPI has for it could not be installed: ${error.message.trim().split('\n').at(-1)}`,
    };
  }
}
