import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type ProgramName = 'service-a' | 'service-b' | 'engine-sim' | 'proxy';

/** A built bundle, running as a process on a port of loopback that the system chose. */
export interface Program {
  readonly url: string;
  readonly port: number;
  /** User and system time so far, in seconds. */
  cpuSeconds(): number;
  /** Resident memory at this moment, in bytes. */
  rss(): number;
  /** What its heap holds after a collection, in bytes. */
  heap(): Promise<number>;
  stop(): Promise<void>;
}

const bundles = process.env.BENCH_BUNDLES ?? fileURLToPath(new URL('../../dist/templates', import.meta.url));

/** Long enough to be accepted, and ASCII, so that its length is its size. */
export const PROMPT = 'the quick brown fox jumps over the lazy dog and then it sleeps '.repeat(20);

const probe = new URL('./heap-probe.ts', import.meta.url).href;

/** Starts a bundle and resolves when it listens. */
export async function startProgram(name: ProgramName, settings: Readonly<Record<string, string>>): Promise<Program> {
  const file = `${bundles}/${name}.mjs`;
  if (!existsSync(file)) throw new Error(`${file} is missing: build first (npm run build)`);
  return startAt(file, settings);
}

/** The same with any file that says where it listens. */
export async function startAt(
  file: string,
  settings: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, ['--import', probe, file, ...args], {
    env: { PORT: '0', BIND_ADDRESS: '127.0.0.1', LOG_PATH: 'none', NODE_ENV: 'production', ...settings },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const [, found] = /listening on http:\/\/\S+:(\d+)/.exec(stderr) ?? [];
      if (found) resolve(Number(found));
    });
    void exited.then(() => reject(new Error(`${file} ended: ${stderr}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cpuSeconds: () => cpuSecondsOf(child.pid as number),
    rss() {
      const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      return Number(kilobytes) * 1024;
    },
    async heap() {
      child.send('heap');
      const [bytes] = await once(child, 'message');
      return bytes as number;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Clock ticks of Linux, per second. */
const TICKS = 100;

function cpuSecondsOf(pid: number): number {
  // What stands before the last bracket is the program's name, which may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Runs `use` with programs that are stopped whatever happens. */
export async function withPrograms<T>(use: (start: typeof startProgram) => Promise<T>): Promise<T> {
  const running: Program[] = [];
  try {
    return await use(async (name, settings) => {
      const program = await startProgram(name, settings);
      running.push(program);
      return program;
    });
  } finally {
    await Promise.all(running.map((program) => program.stop()));
  }
}
