import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listProcesses } from '../../src/services/machine/process-table.ts';
import { parseTag } from '../../src/services/targets/local/process-tag.ts';
import { type HereOptions, runInProcess } from './in-process.ts';

export const ROOT = new URL('../..', import.meta.url).pathname;

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  /** Called with each line of stderr as it comes, to act in the middle of a command. */
  readonly onLine?: (line: string, child: ChildProcess) => void;
  readonly onStart?: (child: ChildProcess) => void;
  readonly env?: Readonly<Record<string, string>>;
  /** A process group of its own, as a terminal or a CI job has. */
  readonly detached?: boolean;
  /** Program and first arguments; the built command of this checkout by default. */
  readonly command?: readonly [string, ...string[]];
}

/** A home of its own for the built command, and everything that it starts is gone at the end. */
export class Cli {
  readonly home: string;

  private constructor(home: string) {
    this.home = home;
  }

  static async open(): Promise<Cli> {
    return new Cli(await mkdtemp(join(tmpdir(), 'chainctl-e2e-')));
  }

  /** Runs one command in the home's folder, so that results land there, too. */
  async run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    const [program, ...first] = options.command ?? [process.execPath, join(ROOT, 'bin', 'run.js')];
    const child = spawn(program, [...first, ...args], {
      cwd: this.home,
      env: this.#environment(options),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.detached ?? false,
    });
    const output = { stdout: '', stderr: '' };
    let line = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
      const lines = (line + text).split('\n');
      line = lines.pop() ?? '';
      for (const each of lines) options.onLine?.(each, child);
    });
    options.onStart?.(child);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { code, signal, ...output };
  }

  /** The same in this process, one at a time: see {@link runInProcess}. */
  here(args: readonly string[], options: HereOptions = {}): Promise<CliResult> {
    return runInProcess(ROOT, args, { ...options, cwd: this.home, env: this.#environment(options) });
  }

  /** A command in this process with `--json`, and its envelope. */
  async jsonHere(args: readonly string[], options: HereOptions = {}) {
    const result = await this.here([...args, '--json'], options);
    return { ...result, envelope: JSON.parse(result.stdout) };
  }

  /** Runs a command with `--json` and reads its envelope. */
  async json(args: readonly string[], options: CliOptions = {}) {
    const result = await this.run([...args, '--json'], options);
    return { ...result, envelope: JSON.parse(result.stdout) };
  }

  /** Keys of all processes that any stack of this home has started and that still run. */
  async running(): Promise<string[]> {
    const tags = (await this.#processes()).map(({ command }) => parseTag(command)?.key as string);
    return tags.sort();
  }

  async close(): Promise<void> {
    for (const { pid } of await this.#processes()) process.kill(pid, 'SIGKILL');
    // What was told to end may still write its last file.
    await rm(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #environment({ env }: Pick<CliOptions, 'env'>): NodeJS.ProcessEnv {
    const { NODE_ENV: _, ...inherited } = process.env;
    // Texts on stderr are compared whole.
    return { ...inherited, COLUMNS: '100000', CHAINCTL_HOME: this.home, ...env };
  }

  async #processes() {
    return (await listProcesses()).filter(({ command }) => parseTag(command)?.folder.startsWith(this.home));
  }
}
