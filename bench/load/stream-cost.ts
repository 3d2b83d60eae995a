import { LocalGenerator } from '../../src/services/load/generators/local-generator.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { ORDER } from './closed.ts';
import { LLM_TOOLS, type LlmTool } from './llm-tools.ts';
import { round } from './numbers.ts';
import { withStreams } from './target.ts';
import { attempted } from './tool-command.ts';

/** Tokens of an answer, and of a stream per second. */
const EVENTS = 200;
const PER_SECOND = 50;
const RATE = 20;
/** Of other generators, most of a short run is their start: what a longer one takes more is what tokens cost. */
const SECONDS = { short: 4, long: 12 };
const OURS = 0.1;

/** Processor time per streamed token, beside other generators on the same target at the same rate. */
export function run(): Promise<BenchResult> {
  return withStreams(['pace', EVENTS, PER_SECOND], async ({ url }) => {
    const base = new URL('/', url).href.replace(/\/$/, '');
    const own = await ownCost(url);
    const rows: BenchRow[] = LLM_TOOLS.map((tool) => {
      const theirs = attempted(() => costOf(tool, base));
      const what = `processor time per streamed token, as a part of ${tool.name}'s`;
      const row = { what, unit: 'of 1', target: `at most ${OURS}` };
      if (typeof theirs === 'string') return { ...row, measured: null, ok: false, compare: theirs };
      const share = own / theirs;
      const compare = `${round(own, 2)} us, and ${round(theirs, 1)} us; ${RATE} answers/s of ${EVENTS} tokens`;
      return { ...row, measured: round(share, 4), ok: share <= OURS, compare };
    });
    return { name: 'cost of streamed tokens', rows };
  });
}

/** Microseconds of a token. */
async function ownCost(url: string): Promise<number> {
  const generator = await LocalGenerator.start(16);
  try {
    const form = { api: 'raw', stream: true };
    const order = { ...ORDER, url, form, rate: RATE, durationMs: SECONDS.long * 1000, drainMs: 30_000 };
    let tokens = 0;
    const end = await generator.run(
      order,
      ({ records }) => {
        for (const { stream } of records) tokens += stream?.events ?? 0;
      },
      new AbortController().signal,
      0,
    );
    if (end.type === 'lost') throw new Error(`the generator stopped: ${end.why}`);
    return (1e6 * end.progress.cpuSeconds) / tokens;
  } finally {
    await generator.close();
  }
}

/** Microseconds of a token. @throws Error where the tool did not run, or had no answer */
function costOf({ run: ask }: LlmTool, url: string): number {
  const [short, long] = [SECONDS.short, SECONDS.long].map((seconds) => ask({ url, rate: RATE, seconds }));
  const tokens = EVENTS * ((long?.ok ?? 0) - (short?.ok ?? 0));
  if (long === undefined || short === undefined || tokens <= 0) throw new Error('it had no more answers in more time');
  return (1e6 * (long.cpuSeconds - short.cpuSeconds)) / tokens;
}
