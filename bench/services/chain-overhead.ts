import type { BenchResult, BenchRow } from '../types.ts';
import { type ClosedLoopResult, closedLoop } from './closed-loop.ts';
import { withPrograms } from './programs.ts';

/** What the original FastAPI deployment does on such a machine with an engine that takes no time. */
const ORIGINAL_CHAIN_RPS = 18;
const ORIGINAL_B_RPS = 54;

const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
const RUN_SECONDS = 3;
const RUNS = 5;

const INSTANT_ENGINE = {
  SIM_MODELS: 'tinyllama,phi3:mini',
  SIM_PROMPT_TOKENS_PER_SECOND: '0',
  SIM_OUTPUT_TOKENS_PER_SECOND: '0',
  SIM_LOAD_SECONDS: '0',
  OLLAMA_NUM_PARALLEL: '4',
  SIM_ANSWER_TOKENS: '0',
  SIM_SPREAD: '0',
};

/**
 * What the services themselves cost: an engine that takes no time, everything on this machine, 16 connections that
 * always have a request in flight. The median of five runs.
 */
export function run(): Promise<BenchResult> {
  return withPrograms(async (start) => {
    const engine = await start('engine-sim', INSTANT_ENGINE);
    // Enough at work that no connection waits for a place that nothing needs.
    const common = { OLLAMA_URL: engine.url, MIN_PROCESS_SECONDS: '0', MAX_CONCURRENCY: '8' };
    const b = await start('service-b', common);
    const a = await start('service-a', { ...common, REMOTE_B_URL: `${b.url}/invoke` });
    const chain = await measure(`${a.url}/chain`);
    const alone = await measure(`${b.url}/invoke`);
    const rows: BenchRow[] = [
      {
        what: `chain requests, ${chain.tool}, ${CONNECTIONS} connections`,
        measured: Math.round(chain.requestsPerSecond),
        unit: 'requests/s',
        target: 'at least 2000',
        ok: chain.requestsPerSecond >= 2000,
        compare: `original FastAPI deployment: ${ORIGINAL_CHAIN_RPS} (reported, not measured here)`,
      },
      {
        what: 'chain latency, p99',
        measured: Math.round(chain.p99Ms * 10) / 10,
        unit: 'ms',
        target: 'below 30',
        ok: chain.p99Ms < 30,
      },
      {
        what: 'requests to B alone',
        measured: Math.round(alone.requestsPerSecond),
        unit: 'requests/s',
        target: 'at least 6000',
        ok: alone.requestsPerSecond >= 6000,
        compare: `original FastAPI deployment: ${ORIGINAL_B_RPS} (reported, not measured here)`,
      },
      {
        what: 'answers other than 200',
        measured: chain.failed + alone.failed,
        unit: 'requests',
        target: '0',
        ok: chain.failed + alone.failed === 0,
      },
    ];
    return { name: 'chain overhead (simulated engine, zero latency)', rows };
  });
}

/** The median of each figure on its own: one run disturbed by the host spoils neither. */
async function measure(url: string): Promise<ClosedLoopResult> {
  await closedLoop(url, CONNECTIONS, WARM_UP_SECONDS);
  const results: ClosedLoopResult[] = [];
  for (let i = 0; i < RUNS; i++) results.push(await closedLoop(url, CONNECTIONS, RUN_SECONDS));
  return {
    requestsPerSecond: median(results.map(({ requestsPerSecond }) => requestsPerSecond)),
    p99Ms: median(results.map(({ p99Ms }) => p99Ms)),
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
    tool: results[0]?.tool ?? '',
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
