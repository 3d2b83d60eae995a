import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in bytes. */
export interface Memory {
  /** Each page that processes share in equal parts to them (proportional set size): these add up to what is used. */
  readonly pss: number;
  /** Its own peak so far, shared pages in full. */
  readonly peakRss: number;
}

/** Of a process that runs, on Linux; zeros of one that is gone. */
export function memoryOf(pid: number): Memory {
  try {
    const pss = figure(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), /^Pss:\s+(\d+) kB$/m);
    return { pss, peakRss: figure(readFileSync(`/proc/${pid}/status`, 'utf8'), /^VmHWM:\s+(\d+) kB$/m) };
  } catch {
    return { pss: 0, peakRss: 0 };
  }
}

function figure(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0) * 1024;
}

/** Processes that a process has started and that still run, on Linux. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The second field is the program's name in parentheses, which may hold anything.
      const [, ppid] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return Number(ppid) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
