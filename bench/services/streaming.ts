import type { BenchResult, BenchRow } from '../types.ts';
import { type Program, withPrograms } from './programs.ts';
import {
  BURST_TOKENS,
  drain,
  type FirstTokens,
  figuresOf,
  firstTokens,
  startStreamEngine,
  type Target,
} from './stream-clients.ts';
import { memory } from './stream-memory.ts';
import { withLiteLlm, withOllama } from './stream-peers.ts';

const STREAMS = 100;
/** Rounds of all targets one after another, so that a slow minute of the machine is everybody's. */
const ROUNDS = 8;
const ROUND_SECONDS = Number(process.env.BENCH_SECONDS ?? 4);
const BURSTS = 40;

/**
 * What streams cost on their way: first tokens through B, through A, and through both against the engine alone, with 100
 * streams open; tokens per second of A's processor time; memory of an open stream. LiteLLM's proxy on the same engine, and
 * Ollama's own API beside B's, where they are installed.
 */
export async function run(): Promise<BenchResult> {
  const engine = await startStreamEngine();
  try {
    return await withPrograms(async (start) => {
      const common = { ENGINE: 'openai', ENGINE_URL: engine.url, MIN_PROCESS_SECONDS: '0', HISTORY: 'off' };
      const wide = { MAX_CONCURRENCY: '4000', MAX_QUEUE: '4000', MAX_IN_FLIGHT: '8000' };
      const b = await start('service-b', { ...common, ...wide, MODEL_NAME: 'paced' });
      const own = { ...common, ...wide, MODEL_NAME: 'instant', REMOTE_WINDOW: '4000', REMOTE_B_URL: `${b.url}/invoke` };
      const a = await start('service-a', { ...own, REMOTE_B_MODEL: 'paced' });
      const fast = await start('service-a', { ...own, REMOTE_B_URL: `${engine.url}/invoke`, REMOTE_B_MODEL: 'burst' });
      await Promise.all([ready(a), ready(b), ready(fast)]);
      const rows = [
        ...(await latencies(engine.url, a, b)),
        await rate(fast, { url: fast.url, model: 'burst' }, "through A, its own engine's"),
        await rate(fast, { url: fast.url, model: 'chain' }, "through A, B's at the end of the chain"),
        ...(await memory(() => start('service-a', own), engine.url)),
        ...(await withOllama(start)),
      ];
      return { name: `streams (${STREAMS} at once)`, rows };
    });
  } finally {
    engine.stop();
  }
}

async function ready({ url }: Program): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (let said = ''; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const answer = await fetch(`${url}/ready`);
    said = await answer.text();
    if (answer.ok) return;
    if (performance.now() > deadline) throw new Error(`${url} is not ready: ${said}`);
  }
}

/** First tokens by each way, in turn. */
async function latencies(engineUrl: string, a: Program, b: Program): Promise<BenchRow[]> {
  const ways: (Target & { readonly name: string; readonly hops: number })[] = [
    { name: 'the engine alone', url: engineUrl, model: 'paced', hops: 0 },
    { name: 'B', url: b.url, model: 'paced', hops: 1 },
    { name: "A, its own engine's", url: a.url, model: 'paced', hops: 1 },
    { name: 'A and B', url: a.url, model: 'chain', hops: 2 },
  ];
  return withLiteLlm(engineUrl, async (litellm) => {
    if ('url' in litellm) ways.push({ name: "LiteLLM's proxy", url: litellm.url, model: 'paced', hops: 1 });
    for (const way of ways) await firstTokens(way, STREAMS, ROUND_SECONDS / 2);
    const times = new Map<string, number[][]>(ways.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ways) times.get(way.name)?.push(await firstTokens(way, STREAMS, ROUND_SECONDS));
    }
    const alone = times.get('the engine alone') ?? [];
    const rows = ways.flatMap(({ name, hops }) => more(name, hops, times.get(name) ?? [], alone));
    const missing = { what: "LiteLLM's proxy", measured: null, unit: 'ms', target: '-', ok: true };
    return 'why' in litellm ? [...rows, { ...missing, compare: litellm.why }] : rows;
  });
}

/** What a way adds to the first token, for each of its hops: of all streams, and of the rounds the least and the most. */
function more(name: string, hops: number, rounds: readonly number[][], aloneRounds: readonly number[][]): BenchRow[] {
  if (hops === 0) return [];
  const own = !name.startsWith('LiteLLM');
  const [all, alone] = [figuresOf(rounds.flat()), figuresOf(aloneRounds.flat())];
  const by = (part: 'p50' | 'p99', one: FirstTokens, other: FirstTokens) => (one[part] - other[part]) / hops;
  const row = (part: 'p50' | 'p99', most: number): BenchRow => {
    const each = rounds.map((round, index) => by(part, figuresOf(round), figuresOf(aloneRounds[index] ?? [])));
    const spread = `${rounded(Math.min(...each))} to ${rounded(Math.max(...each))} in ${rounds.length} rounds`;
    return {
      what: `first token through ${name}: more a hop, ${part === 'p50' ? 'median' : part}`,
      measured: rounded(by(part, all, alone)),
      unit: 'ms',
      target: own ? `at most ${most}` : '-',
      ok: !own || by(part, all, alone) <= most,
      compare: `${spread}; ${rounded(all[part])} ms, engine alone ${rounded(alone[part])} (${all.count} streams)`,
    };
  };
  return [row('p50', 1), row('p99', 5)];
}

/** Tokens for each second that A's processor time grew by. */
async function rate(a: Program, target: Target, name: string): Promise<BenchRow> {
  await drain(target, BURSTS / 4, 4);
  const [cpuBefore, began] = [a.cpuSeconds(), performance.now()];
  await drain(target, BURSTS, 8);
  const [cpu, seconds] = [a.cpuSeconds() - cpuBefore, (performance.now() - began) / 1000];
  const tokens = BURSTS * BURST_TOKENS;
  const perSecond = Math.round(tokens / cpu);
  return {
    what: `tokens a second ${name}, on one core`,
    measured: perSecond,
    unit: 'tokens/s',
    target: 'at least 200000',
    ok: perSecond >= 200_000,
    compare: `${Math.round(tokens / seconds)} by the clock of this machine`,
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
