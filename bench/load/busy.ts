import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Linux' unit of processor time, in seconds. */
const TICK = 0.01;

/** Processor time that was used since, in cores. */
export interface Busy {
  /** Of the whole machine. */
  readonly all: number;
  /** Of this process and those that were named. */
  readonly own: number;
}

/** Begins to look at the machine and at this process and those named, which must not end meanwhile. */
export function watchBusy(pids: readonly number[]): () => Busy {
  const used = () => ({
    at: performance.now(),
    all: machineSeconds(),
    own: sum([process.pid, ...pids].map(secondsOf)),
  });
  const before = used();
  return () => {
    const now = used();
    const seconds = (now.at - before.at) / 1000;
    return { all: (now.all - before.all) / seconds, own: (now.own - before.own) / seconds };
  };
}

function machineSeconds(): number {
  return sum(cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq)) / 1000;
}

/** User and system time so far; 0 where there is no /proc. */
function secondsOf(pid: number): number {
  try {
    // The name in brackets may hold blanks; times are the 12th and 13th word after it.
    const words = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(words[11]) + Number(words[12])) * TICK;
  } catch {
    return 0;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
