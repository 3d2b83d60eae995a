// `npm run test:engine`: the chain on a real Ollama and a real llama-server with a real, small model; see docs/engine.md.
// Builds them where they are not in the cache. `npm run test:engine -- ready` runs only the tests whose path matches.
import { spawnSync } from 'node:child_process';
import { ensureEngine } from './engine.mjs';
import { ensureBuilt, ensureInstalled, ensurePrograms } from './ensure.mjs';
import { llamaServer } from './llama.mjs';
import { runVitest } from './outcome.mjs';
import { clientsOfPypi } from './python.mjs';

/** Runs what follows in a network that has nothing but loopback: there a pull fails at once, and nothing gets out. */
const UP = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const NAMESPACES = [
  ['unshare', '--net', ...UP],
  // Who is not root needs a namespace of users for it.
  ['unshare', '--map-root-user', '--net', ...UP],
];

function isolated() {
  ensurePrograms({ ip: 'iproute2' }, 'network namespace');
  const found = NAMESPACES.find(([command, ...args]) => spawnSync(command, [...args, 'true']).status === 0);
  if (found === undefined) {
    console.error('No network namespace may be made here: the tests run in the network of this machine, as it is.');
  }
  return found ?? [];
}

async function main() {
  ensureInstalled();
  ensureBuilt();
  const { bin, models, gguf } = ensureEngine();
  return runVitest('vitest-engine', ['--config', 'test/engine/vitest.config.ts', ...process.argv.slice(2)], {
    within: isolated(),
    env: {
      OLLAMA_BIN: bin,
      CHAINCTL_ENGINE_MODELS: models,
      CHAINCTL_ENGINE_GGUF: gguf,
      ...llamaServer(),
      ...clientsOfPypi(),
    },
  });
}

process.exitCode = await main().catch((error) => {
  console.error(error.message);
  return 1;
});
