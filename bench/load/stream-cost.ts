import { LocalGenerator } from '../../src/services/load/generators/local-generator.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { ORDER } from './closed.ts';
import { LLM_TOOLS, type LlmTool } from './llm-tools.ts';
import { round } from './numbers.ts';
import { withStreams } from './target.ts';
import { attempted, bodyFile, timed } from './tool-command.ts';

/** Of any generator, most of a short run is its start: what a longer one takes more is what tokens cost. */
const SECONDS = { short: 4, long: 12 };
const OURS = 0.1;

/** A target's way to stream, and a rate that other generators keep. */
interface Kind {
  readonly what: string;
  readonly args: readonly (string | number)[];
  readonly rate: number;
  /** Tokens of an answer. */
  readonly tokens: number;
}

const PER_SECOND = 50;
const PACED: Kind = {
  what: 'one token a read',
  args: ['pace', 200, PER_SECOND],
  ...{ rate: 20, tokens: 200 },
};
const KINDS: readonly Kind[] = [
  PACED,
  { what: 'answers as fast as they are taken', args: ['burst', 1000], ...{ rate: 4, tokens: 1000 } },
];

/** Processor time per streamed token, beside other generators on the same target at the same rate. */
export async function run(): Promise<BenchResult> {
  const rows: BenchRow[] = [];
  for (const kind of KINDS) rows.push(...(await rowsOf(kind)));
  return { name: 'cost of streamed tokens', rows };
}

function rowsOf(kind: Kind): Promise<BenchRow[]> {
  return withStreams(kind.args, async ({ url }) => {
    const base = new URL('/', url).href.replace(/\/$/, '');
    const own = await ownCost(url, kind);
    const rows = LLM_TOOLS.map((tool): BenchRow => {
      const theirs = attempted(() => costOf(tool, base, kind));
      const what = `processor time per token, ${kind.what}, as a part of ${tool.name}'s`;
      const row = { what, unit: 'of 1', target: `at most ${OURS}` };
      if (typeof theirs === 'string') return { ...row, measured: null, ok: false, compare: theirs };
      const share = own / theirs;
      const compare = `${round(own, 2)} us, and ${round(theirs, 1)} us; ${kind.rate} answers/s of ${kind.tokens} tokens`;
      return { ...row, measured: round(share, 4), ok: share <= OURS, compare };
    });
    return kind === PACED ? [...rows, floorRow(url, own)] : rows;
  });
}

/** What reading alone costs: wrk does nothing else, in C. */
function floorRow(url: string, own: number): BenchRow {
  const open = (PACED.rate * PACED.tokens) / PER_SECOND;
  const head = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n';
  const script = bodyFile('stream.lua', (body) => `${head}wrk.body = [==[${body}]==]\n`);
  const cost = attempted(() => {
    const [short = 0, long = 0] = [SECONDS.short, SECONDS.long].map(
      (seconds) => timed('wrk', `wrk -t1 -c${open} -d${seconds} --timeout 60s -s ${script} ${url}`).cpuSeconds,
    );
    return (1e6 * (long - short)) / (open * PER_SECOND * (SECONDS.long - SECONDS.short));
  });
  const what = `processor time per token, ${PACED.what}, of what wrk takes, which reads and does not look`;
  const row = { what, unit: 'x', target: 'for comparison', ok: true };
  if (typeof cost === 'string') return { ...row, measured: null, compare: cost };
  return { ...row, measured: round(own / cost, 2), compare: `${round(own, 2)} us, and ${round(cost, 2)} us` };
}

/** Microseconds of a token. */
async function ownCost(url: string, { rate }: Kind): Promise<number> {
  const short = await ownRun(url, rate, SECONDS.short);
  const long = await ownRun(url, rate, SECONDS.long);
  return (1e6 * (long.cpuSeconds - short.cpuSeconds)) / (long.tokens - short.tokens);
}

async function ownRun(url: string, rate: number, seconds: number) {
  const generator = await LocalGenerator.start(16);
  try {
    const form = { api: 'raw', stream: true };
    const order = { ...ORDER, url, form, rate, durationMs: seconds * 1000, drainMs: 30_000 };
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
    return { tokens, cpuSeconds: end.progress.cpuSeconds };
  } finally {
    await generator.close();
  }
}

/** Microseconds of a token. @throws Error where the tool did not run, or had no answer */
function costOf({ run: ask }: LlmTool, url: string, { rate, tokens }: Kind): number {
  const [short, long] = [SECONDS.short, SECONDS.long].map((seconds) => ask({ url, rate, seconds }));
  const more = tokens * ((long?.ok ?? 0) - (short?.ok ?? 0));
  if (long === undefined || short === undefined || more <= 0) throw new Error('it had no more answers in more time');
  return (1e6 * (long.cpuSeconds - short.cpuSeconds)) / more;
}
