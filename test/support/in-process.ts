import { join } from 'node:path';
import { Config } from '@oclif/core/config';
import { run } from '@oclif/core/run';
import type { CliResult } from './cli.ts';

type Write = typeof process.stdout.write;

/** A command that runs. */
export interface Running {
  kill(signal: NodeJS.Signals): unknown;
}

export interface HereOptions {
  /** Called with each line of stderr as it comes, to act in the middle of a command. */
  readonly onLine?: (line: string, running: Running) => void;
  readonly env?: Readonly<Record<string, string>>;
}

let config: Promise<Config> | undefined;
let busy: string | undefined;

/**
 * The built command in this process, where neither a shell nor an end of the process is the point: a start takes half a
 * second of a core, and the lab's tests make hundreds. Arguments, environment, folder, streams, signals and exit code are
 * those of the process, so there is one command at a time.
 *
 * @param root folder of the package
 */
export async function runInProcess(
  root: string,
  args: readonly string[],
  { cwd, env, onLine }: Pick<HereOptions, 'onLine'> & { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<CliResult> {
  const typed = args.join(' ');
  if (busy !== undefined) throw new Error(`"${busy}" still runs in this process: start "${typed}" in one of its own`);
  busy = typed;
  const before = { argv: process.argv, exitCode: process.exitCode, env: { ...process.env }, cwd: process.cwd() };
  const stdout = captured(process.stdout);
  const stderr = captured(process.stderr, (line) => onLine?.(line, here));
  try {
    config ??= Config.load(root);
    process.argv = [process.execPath, join(root, 'bin', 'run.js'), ...args];
    process.exitCode = undefined;
    replaceEnvironment({ ...env, NODE_ENV: 'production' });
    process.chdir(cwd);
    await run([...args], await config);
    return { code: Number(process.exitCode ?? 0), signal: null, stdout: stdout.end(), stderr: stderr.end() };
  } finally {
    stdout.end();
    stderr.end();
    replaceEnvironment(before.env);
    process.chdir(before.cwd);
    process.argv = before.argv;
    process.exitCode = before.exitCode;
    busy = undefined;
  }
}

/** A signal reaches the command's listeners, and nothing else of the process. */
const here: Running = {
  kill(signal) {
    if (process.listenerCount(signal) === 0) throw new Error(`nobody listens for ${signal} in this process`);
    process.emit(signal, signal);
  },
};

function replaceEnvironment(wanted: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  Object.assign(process.env, wanted);
}

/** Keeps what is written to a stream from it, until the end. */
function captured(stream: NodeJS.WriteStream, onLine: (line: string) => void = () => {}) {
  const write = stream.write;
  const listeners = stream.rawListeners('error');
  let text = '';
  let line = '';
  stream.write = ((chunk: string | Uint8Array, ...others: unknown[]) => {
    const written = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    text += written;
    const lines = (line + written).split('\n');
    line = lines.pop() ?? '';
    for (const each of lines) onLine(each);
    const done = others.find((each) => typeof each === 'function');
    if (done !== undefined) queueMicrotask(done as () => void);
    return true;
  }) as Write;
  return {
    end() {
      stream.write = write;
      stream.removeAllListeners('error');
      for (const each of listeners) stream.on('error', each as () => void);
      return text;
    },
  };
}
