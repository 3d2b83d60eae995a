import type { Progress, RunOrder } from '../../src/services/load/engine/protocol.ts';
import type { RequestRecord } from '../../src/services/load/engine/request-record.ts';
import { GeneratorGroup } from '../../src/services/load/generators/generator-group.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';
import { protocolNamed } from '../../src/services/load/protocols/protocols.ts';
import { arrivalsWithin } from '../../src/services/load/schedule/arrivals.ts';
import { Collector } from '../../src/services/load/stats/collector.ts';
import { judgeValidity } from '../../src/services/load/stats/validity.ts';

/** One point as the bench looks at it; times in milliseconds, ascending. */
export interface Measured {
  readonly progress: Progress;
  readonly lateness: Float64Array;
  /** From the intended time to the end, of successes. */
  readonly response: Float64Array;
  /** Cores that the generator kept busy. */
  readonly cores: number;
  /** What the tool itself says of such a point. */
  readonly validity: string;
}

/** Offers one point with the engine alone: no sweep and no live view around it. */
export async function offer(
  order: Pick<RunOrder, 'url' | 'rate' | 'durationMs'> & Partial<RunOrder>,
): Promise<Measured> {
  const generator = await GeneratorGroup.start();
  try {
    const whole: RunOrder = {
      type: 'run',
      form: { api: 'raw', stream: false },
      warmupMs: 1000,
      drainMs: 5000,
      timeoutMs: 60_000,
      maxInFlight: 10_000,
      prompt: DEFAULT_PROMPT,
      seed: 1,
      series: 0,
      ...order,
    };
    const batches: (readonly RequestRecord[])[] = [];
    const end = await generator.run(
      whole,
      // Added up afterwards: this process shares its core with the target.
      ({ records }) => batches.push(records),
      new AbortController().signal,
      1000,
    );
    if (end.type === 'lost') throw new Error(`the generator was lost: ${end.why}`);
    const { progress } = end;
    const collected = new Collector(protocolNamed(whole.form.api));
    const lateness: number[] = [];
    const response: number[] = [];
    for (const record of batches.flat()) {
      collected.add(record);
      lateness.push(record.latenessMs ?? 0);
      if (record.outcome === 'ok') response.push((record.latenessMs ?? 0) + (record.serviceMs ?? 0));
    }
    return {
      progress,
      lateness: Float64Array.from(lateness).sort(),
      response: Float64Array.from(response).sort(),
      validity: judgeValidity({
        scheduled: arrivalsWithin(whole.durationMs / 1000, whole.rate),
        ...{ status: 'complete', outcomes: collected.outcomes, sent: progress.sent, dropped: progress.dropped },
        ...{ maxInFlight: whole.maxInFlight, peakInFlight: progress.peakInFlight },
        errorsByClass: Object.fromEntries(collected.errorsByClass),
        latenessP99: collected.lateness.summary()?.p99,
        response: collected.response.summary(),
      }),
      cores: progress.cpuSeconds / ((whole.warmupMs + Math.max(whole.durationMs, progress.elapsedMs)) / 1000),
    };
  } finally {
    await generator.close();
  }
}
