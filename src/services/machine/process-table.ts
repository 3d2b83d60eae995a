import { readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { hasCode } from '../../errors.ts';

/** A process of this machine. `pid` and `startedAt` together name it: a reused pid has another start. */
export interface ProcessInfo {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, a date elsewhere. */
  readonly startedAt: string;
  /** The command line, arguments separated by spaces. */
  readonly command: string;
}

/** Lists processes; a look at the world that tests can replace. */
export type ListProcesses = () => Promise<readonly ProcessInfo[]>;

/** Every process whose command line this user may read. From /proc on Linux, from `ps` elsewhere. */
export const listProcesses: ListProcesses = () => (process.platform === 'linux' ? listFromProc() : listFromPs());

async function listFromProc(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readProc(Number(pid))));
  return found.filter((info) => info !== undefined);
}

/** One process, or undefined when there is none (or only its corpse) with this pid. Linux. */
async function readProc(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const [stat, cmdline] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    // The name in parentheses may hold anything, so count from its end: state is field 3, starttime field 22 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startedAt] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X' || startedAt === undefined || cmdline === '') return undefined;
    return { pid, startedAt, command: cmdline.replace(/\0$/, '').replaceAll('\0', ' ') };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}

async function listFromPs(): Promise<ProcessInfo[]> {
  const { stdout } = await execa('ps', ['-axww', '-o', 'pid=,lstart=,command='], {
    env: { LC_ALL: 'C' },
    timeout: 10_000,
  });
  return stdout.split('\n').flatMap((line): ProcessInfo[] => {
    // lstart is five words: Fri Nov 20 23:43:39 2026
    const match = /^\s*(\d+)\s+((?:\S+\s+){4}\d{4})\s+(.*)$/.exec(line);
    return match === null
      ? []
      : [{ pid: Number(match[1]), startedAt: match[2] as string, command: match[3] as string }];
  });
}
