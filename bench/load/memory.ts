import { readFileSync } from 'node:fs';

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

/** Processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}
