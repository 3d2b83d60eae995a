import { execFileSync } from 'node:child_process';

/** The cores that this process may use, as taskset writes them; undefined where there is no taskset. */
export function ownCores(): string | undefined {
  return taskset('-cp', String(process.pid));
}

/** Lets a process and all its threads run on these cores only. Without effect where there is no taskset. */
export function pin(pid: number, cores: string): void {
  taskset('-acp', cores, String(pid));
}

function taskset(...args: string[]): string | undefined {
  try {
    return execFileSync('taskset', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split(' ')
      .at(-1);
  } catch {
    return undefined;
  }
}
