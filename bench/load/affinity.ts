import { execFileSync } from 'node:child_process';

/** The cores that this process may use, as taskset writes them; undefined where there is no taskset. */
function ownCores(): string | undefined {
  return taskset('-cp', String(process.pid));
}

/** Lets a process and all its threads run on these cores only. Without effect where there is no taskset. */
function pin(pid: number, cores: string): void {
  taskset('-acp', cores, String(pid));
}

/**
 * Gives a target's processes the last core alone: the scheduler would else put them in the generator's way.
 *
 * @returns where the target is, in words
 */
export function pinToLast(pids: readonly number[]): string {
  const cores = ownCores();
  const last = cores?.split(/[,-]/).at(-1);
  if (last === undefined) return 'target shares all cores';
  for (const pid of pids) pin(pid, last);
  return `target on core ${last} of ${cores}`;
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
