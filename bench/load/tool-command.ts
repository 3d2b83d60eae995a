import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { bodyOf } from '../../src/services/load/bodies.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';

/** Of every tool: what it may have open. */
export const CONNECTIONS = 64;

/** A tool that hangs must not hold up the others. */
const LONGEST_MS = 300_000;

/** What a command printed, and what it cost. */
export interface Ran {
  readonly output: string;
  /** User and system, in seconds, of everything that it ran. */
  readonly cpuSeconds: number;
}

/** Where package managers put what they install, beside PATH. */
function searchPath(): string {
  const home = ['go/bin', '.cargo/bin', '.local/bin'].map((path) => join(homedir(), path));
  const own = [process.env.GOBIN, ...home];
  const local = new URL('../../node_modules/.bin', import.meta.url).pathname;
  return [process.env.PATH, ...own.filter((path) => path !== undefined), local].join(delimiter);
}

/**
 * Runs a tool's command line under the shell's `time`.
 *
 * @throws Error in a few words: `not installed`, or how it ended
 */
export function timed(program: string, command: string): Ran {
  const env = { ...process.env, PATH: searchPath() };
  if (spawnSync('bash', ['-c', `command -v ${program}`], { env }).status !== 0) throw new Error('not installed');
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['-c', `set -o pipefail; TIMEFORMAT='cpu %U %S'; time ${command}`],
    { encoding: 'utf8', env, maxBuffer: 1 << 26, timeout: LONGEST_MS },
  );
  const cpu = /^cpu (\S+) (\S+)$/m.exec(stderr);
  if (status !== 0 || cpu === null)
    throw new Error(
      `exit ${status}: ${
        stderr
          .trim()
          .split('\n')
          .find((line) => !line.startsWith('cpu ')) ?? 'no word'
      }`,
    );
  return { output: stdout, cpuSeconds: Number(cpu[1]) + Number(cpu[2]) };
}

let folder: string | undefined;

/** A folder for what tools read and write; gone when this process is. */
export function scratch(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'bench-load-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

/**
 * The request's body, or a tool's script around it, in a file.
 *
 * @param textOf the file's text, given the body
 */
export function bodyFile(name: string, textOf: (body: string) => string = (body) => body): string {
  const file = join(scratch(), name);
  writeFileSync(
    file,
    textOf(bodyOf({ form: { api: 'raw', stream: false }, prompt: DEFAULT_PROMPT, seed: 1, series: 0 }, 1)),
  );
  return file;
}

/**
 * Asks a tool for a run.
 *
 * @returns why there is none, in a few words, instead
 */
export function attempted<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
