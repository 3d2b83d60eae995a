import type { RunOrder } from '../../src/services/load/engine/protocol.ts';
import { LocalGenerator } from '../../src/services/load/generators/local-generator.ts';
import { DEFAULT_PROMPT } from '../../src/services/load/prompt.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { median, round } from './numbers.ts';
import { withTarget } from './target.ts';
import { attempt, TOOLS } from './tools.ts';

const SECONDS = 3;
const ROUNDS = 3;
const CONNECTIONS = 64;

export const ORDER: Omit<RunOrder, 'url'> = {
  type: 'run',
  form: { api: 'raw', stream: false },
  rate: 1,
  warmupMs: 0,
  durationMs: 0,
  drainMs: 1000,
  timeoutMs: 60_000,
  maxInFlight: 1000,
  prompt: DEFAULT_PROMPT,
  seed: 1,
  series: 0,
};

/** What the issue allows, as a factor of the other tool's cost. */
const BOUNDS: Readonly<Record<string, number>> = { wrk: 1.2, autocannon: 0.7, hey: 0.5 };

/**
 * Processor time per request with 64 connections that are never idle: engine and tools in turn against one target, so
 * that each round sees the same machine. Ratios are taken within a round.
 */
export function run(): Promise<BenchResult> {
  return withTarget(['instant'], async ({ url }) => {
    const own: number[] = [];
    const ratios = new Map<string, number[]>();
    const costs = new Map<string, number[]>();
    const missing = new Map<string, string>();
    for (let i = 0; i < ROUNDS; i++) {
      const cost = await costOf({ url });
      own.push(cost);
      for (const tool of TOOLS) {
        const ran = missing.get(tool.name) ?? attempt(() => tool.closed(url, SECONDS));
        if (typeof ran === 'string') {
          missing.set(tool.name, ran);
          continue;
        }
        const theirs = (ran.cpuSeconds / ran.requests) * 1e5;
        costs.set(tool.name, [...(costs.get(tool.name) ?? []), theirs]);
        ratios.set(tool.name, [...(ratios.get(tool.name) ?? []), cost / theirs]);
      }
    }
    const mine = `chainctl ${round(median(own), 2)} s per 100,000 requests`;
    const rows = TOOLS.map(({ name, install }): BenchRow => {
      const bound = BOUNDS[name];
      const what = `processor time per request, of that of ${name}`;
      const target = bound === undefined ? 'for comparison' : `at most ${bound}`;
      const why = missing.get(name);
      if (why !== undefined) {
        const compare = why === 'not installed' ? `not installed: ${install}` : `failed: ${why}`;
        return { what, measured: null, unit: '', target, ok: bound === undefined, compare };
      }
      const measured = ratios.get(name) ?? [];
      const ratio = median(measured);
      const spread = `${round(Math.min(...measured), 2)} to ${round(Math.max(...measured), 2)}`;
      return {
        ...{ what, measured: round(ratio, 2), unit: 'x', target },
        ok: bound === undefined || ratio <= bound,
        compare: `${mine}, ${name} ${round(median(costs.get(name) ?? []), 2)} s; ${spread} in ${ROUNDS} rounds`,
      };
    });
    return { name: 'cost of a request, closed loop', rows };
  });
}

/** Seconds of processor time per 100,000 requests. */
export async function costOf(to: Pick<RunOrder, 'url' | 'ca'>): Promise<number> {
  const generator = await LocalGenerator.start(16);
  try {
    const order = { ...ORDER, ...to, concurrency: CONNECTIONS, durationMs: SECONDS * 1000 };
    const end = await generator.run(order, () => {}, new AbortController().signal, 0);
    if (end.type === 'lost') throw new Error(`the generator stopped: ${end.why}`);
    return (end.progress.cpuSeconds / end.progress.sent) * 1e5;
  } finally {
    await generator.close();
  }
}
