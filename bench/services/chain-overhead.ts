import { type ClosedLoopResult, closedLoop } from './closed-loop.ts';
import { withPrograms } from './programs.ts';
import type { BenchResult, BenchRow } from './types.ts';

/** What the original FastAPI deployment does on such a machine with an engine that takes no time. */
const ORIGINAL_CHAIN_RPS = 18;
const ORIGINAL_B_RPS = 54;

const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
const RUN_SECONDS = 4;
const RUNS = 3;

const INSTANT_ENGINE = {
  SIM_MODELS: 'tinyllama,phi3:mini',
  SIM_PROMPT_TOKENS_PER_SECOND: '0',
  SIM_OUTPUT_TOKENS_PER_SECOND: '0',
  SIM_LOAD_SECONDS: '0',
};

/**
 * What the services themselves cost: an engine that takes no time, everything on this machine, 16 connections that
 * always have a request in flight. The median of three runs.
 */
export function run(): Promise<BenchResult> {
  return withPrograms(async (start) => {
    const engine = await start('engine-sim', INSTANT_ENGINE);
    const common = { OLLAMA_URL: engine.url, MIN_PROCESS_SECONDS: '0' };
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
        compare: `original FastAPI deployment: ${ORIGINAL_CHAIN_RPS} (published)`,
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
        compare: `original FastAPI deployment: ${ORIGINAL_B_RPS} (published)`,
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

/** The run in the middle by throughput, its own p99 with it. */
async function measure(url: string): Promise<ClosedLoopResult> {
  await closedLoop(url, CONNECTIONS, WARM_UP_SECONDS);
  const results: ClosedLoopResult[] = [];
  for (let i = 0; i < RUNS; i++) results.push(await closedLoop(url, CONNECTIONS, RUN_SECONDS));
  results.sort((x, y) => x.requestsPerSecond - y.requestsPerSecond);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  return { ...(results[Math.floor(RUNS / 2)] as ClosedLoopResult), failed };
}
