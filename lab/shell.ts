import { execa } from 'execa';

interface ShellOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Text for standard input. */
  readonly input?: string;
}

/**
 * Runs a program to its end and returns its standard output without the last line break.
 *
 * @throws an error that names the program and what it said on standard error
 */
export async function run(program: string, args: readonly string[], options: ShellOptions = {}): Promise<string> {
  const { input, ...rest } = options;
  const result = await execa(program, args, {
    ...rest,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    maxBuffer: 64 << 20,
    reject: false,
  });
  if (result.failed) {
    const said = result.stderr.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${program} ${args.slice(0, 4).join(' ')} failed (${result.exitCode ?? result.signal}): ${said}`);
  }
  return result.stdout;
}

/** Whether a program is on the PATH. */
export async function has(program: string): Promise<boolean> {
  return (await execa('which', [program], { reject: false, stdin: 'ignore' })).exitCode === 0;
}
