import type { BenchResult, BenchRow } from '../types.ts';
import { type Answer, openLoop } from './open-loop.ts';
import { type Program, withPrograms } from './programs.ts';

const CAPACITY_RPS = 20;
const OVERLOAD_RPS = 1000;
const SECONDS = 20;
/** Left out of every rate: filling the queues is not yet the steady state. In seconds. */
const SETTLE_SECONDS = 4;
/** A chain makes 20 tokens on A's model and 40 on B's, all on one simulated machine. */
const TOKENS_PER_CHAIN = 60;
const MAX_RSS_MB = 250;

/**
 * Goodput: an engine that can do 20 chains a second, offered 20 a second and then 1000, both as an open loop for 20 s.
 * Two requests at work for each of the engine's four slots, and queues of the default length; B's minimum processing
 * time is off, which the engine has no part in.
 */
export function run(): Promise<BenchResult> {
  return withPrograms(async (start) => {
    const engine = await start('engine-sim', {
      SIM_MODELS: 'tinyllama,phi3:mini',
      SIM_PROMPT_TOKENS_PER_SECOND: '0',
      SIM_OUTPUT_TOKENS_PER_SECOND: String(CAPACITY_RPS * TOKENS_PER_CHAIN),
      SIM_LOAD_SECONDS: '0',
      OLLAMA_NUM_PARALLEL: '4',
      // Exactly the capacity that is compared with.
      SIM_ANSWER_TOKENS: '0',
      SIM_SPREAD: '0',
    });
    const common = { OLLAMA_URL: engine.url, MAX_CONCURRENCY: '8' };
    const b = await start('service-b', { ...common, MIN_PROCESS_SECONDS: '0' });
    const a = await start('service-a', { ...common, REMOTE_B_URL: `${b.url}/invoke` });
    const target = { port: a.port, path: '/chain', seconds: SECONDS };
    const atCapacity = goodput(await openLoop({ ...target, rate: CAPACITY_RPS, drainSeconds: 10 }));
    const peaks = watchMemory([a, b]);
    const overload = await openLoop({ ...target, rate: OVERLOAD_RPS, drainSeconds: 15 });
    const [rssA, rssB] = peaks.stop();
    const underOverload = goodput(overload);
    const refusals = overload.answers.filter(({ status }) => status === 503);
    const other = overload.answers.filter(({ status }) => status !== 503 && status !== 200).length;
    const p99 = percentile(refusals, 0.99);
    const rows: BenchRow[] = [
      {
        what: `successes at ${CAPACITY_RPS} requests/s offered`,
        measured: round(atCapacity, 2),
        unit: 'requests/s',
        target: `about ${CAPACITY_RPS}`,
        ok: atCapacity >= CAPACITY_RPS * 0.9,
      },
      {
        what: `successes at ${OVERLOAD_RPS} requests/s offered`,
        measured: round(underOverload, 2),
        unit: 'requests/s',
        target: 'at least 95 % of those at capacity',
        ok: underOverload >= atCapacity * 0.95,
        compare: `${round((underOverload / atCapacity) * 100, 1)} % of capacity`,
      },
      {
        what: `refusals (${refusals.length}), p99 from the intended time`,
        measured: round(p99, 1),
        unit: 'ms',
        target: 'below 50',
        ok: refusals.length > 0 && p99 < 50,
      },
      {
        what: 'answers that are neither 200 nor 503',
        measured: other,
        unit: 'requests',
        target: '0',
        ok: other === 0,
      },
      memoryRow('A', rssA ?? 0),
      memoryRow('B', rssB ?? 0),
    ];
    return { name: 'goodput under overload (simulated engine)', rows };
  });
}

/** Successes per second that ended between settling and the end of the schedule. */
function goodput({ startedAt, answers }: { startedAt: number; answers: readonly Answer[] }): number {
  const from = startedAt + SETTLE_SECONDS * 1000;
  const to = startedAt + SECONDS * 1000;
  const counted = answers.filter(({ status, endedAt }) => status === 200 && endedAt >= from && endedAt < to);
  return counted.length / (SECONDS - SETTLE_SECONDS);
}

/** Milliseconds from the intended time to the end. */
function percentile(answers: readonly Answer[], share: number): number {
  const times = answers.map(({ endedAt, intendedAt }) => endedAt - intendedAt).sort((x, y) => x - y);
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
}

/** The highest resident memory of each program while watched, in bytes; sampled twice a second. */
function watchMemory(programs: readonly Program[]): { stop(): number[] } {
  const peaks = programs.map((program) => program.rss());
  const sample = () => {
    for (const [index, program] of programs.entries()) peaks[index] = Math.max(peaks[index] ?? 0, program.rss());
  };
  const timer = setInterval(sample, 500);
  return {
    stop() {
      clearInterval(timer);
      sample();
      return peaks;
    },
  };
}

function memoryRow(name: string, bytes: number): BenchRow {
  const megabytes = round(bytes / 1e6, 0);
  return {
    what: `memory of ${name} under overload, peak RSS`,
    measured: megabytes,
    unit: 'MB',
    target: `below ${MAX_RSS_MB}`,
    ok: megabytes < MAX_RSS_MB,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
