import { readFileSync } from 'node:fs';
import { Generator } from '../../src/services/load/engine/generator-process.ts';
import type { Progress, RunOrder } from '../../src/services/load/engine/protocol.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';

/** One point as the bench looks at it; times in milliseconds, ascending. */
export interface Measured {
  readonly progress: Progress;
  readonly lateness: Float64Array;
  /** From the intended time to the end, of successes. */
  readonly response: Float64Array;
  readonly failed: number;
  /** Requests that are neither recorded nor dropped. */
  readonly lost: number;
  /** Cores that the generator kept busy. */
  readonly cores: number;
  /** Peak resident memory of all generator processes, bytes. */
  readonly peakBytes: number;
}

/** Offers one point with the engine alone: no sweep and no live view around it. */
export async function offer(
  order: Pick<RunOrder, 'url' | 'rate' | 'durationMs'> & Partial<RunOrder>,
  processes = 1,
): Promise<Measured> {
  const generator = await Generator.start({ processes });
  try {
    const whole: RunOrder = {
      type: 'run',
      kind: 'any',
      warmupMs: 1000,
      drainMs: 5000,
      timeoutMs: 60_000,
      maxInFlight: 10_000,
      prompt: DEFAULT_PROMPT,
      seed: 1,
      series: 0,
      ...order,
    };
    const lateness: number[] = [];
    const response: number[] = [];
    const end = await generator.run(
      whole,
      ({ records }) => {
        for (const record of records) {
          lateness.push(record.latenessMs ?? 0);
          if (record.outcome === 'ok') response.push((record.latenessMs ?? 0) + (record.serviceMs ?? 0));
        }
      },
      new AbortController().signal,
      1000,
    );
    if (end.type === 'lost') throw new Error(`the generator was lost: ${end.why}`);
    const { progress } = end;
    const scheduled = Math.round((whole.rate * whole.durationMs) / 1000);
    return {
      progress,
      lateness: Float64Array.from(lateness).sort(),
      response: Float64Array.from(response).sort(),
      failed: lateness.length - response.length,
      lost: scheduled - lateness.length - progress.dropped,
      cores: progress.cpuSeconds / ((whole.warmupMs + Math.max(whole.durationMs, progress.elapsedMs)) / 1000),
      peakBytes: generator.pids.reduce((sum, pid) => sum + peakOf(pid), 0),
    };
  } finally {
    await generator.close();
  }
}

function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
