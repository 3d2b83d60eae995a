// What the recipes of real engines share: programs that compile, the processor that is compiled for, and what they say.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ensurePrograms } from './ensure.mjs';

/** Programs that a build runs, and the Debian package of each. */
export const PROGRAMS = { cmake: 'cmake', ninja: 'ninja-build', 'g++': 'g++', python3: 'python3-venv' };

/** ggml's variants for x64, the fastest first, with what a processor must have for each by the names of /proc/cpuinfo. */
const AVX2 = ['sse4_2', 'avx', 'f16c', 'avx2', 'bmi2', 'fma'];
const AVX512 = ['avx512f', 'avx512cd', 'avx512vl', 'avx512dq', 'avx512bw', 'avx512vbmi', 'avx512_vnni'];
const VARIANTS = [
  ['icelake', [...AVX2, ...AVX512]],
  ['haswell', AVX2],
  ['x64', []],
];

/**
 * The best variant for this processor.
 *
 * @param what is built, and `instead` the variable that names one that is there, for the message
 */
export function variant(what, instead) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `${what} is built here for Linux on x64 only, not for ${process.platform} on ${process.arch}: name one with ${instead}`,
    );
  }
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(' '));
  return VARIANTS.find(([, needed]) => needed.every((flag) => flags.has(flag)))[0];
}

/** Installs programs that are missing, where that is possible, and throws with the names of those that still are. */
export function requirePrograms(programs, purpose) {
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
export function steps(what, count) {
  let number = 0;
  return (step, takes) => {
    number++;
    console.error(`${what}: ${number}/${count} ${step} (about ${takes})`);
  };
}
