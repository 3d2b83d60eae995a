import type { BenchRow } from '../types.ts';
import { LLM_TOOLS, type LlmRun, type LlmTool } from './llm-tools.ts';
import { quantile, round } from './numbers.ts';
import { type ToldStream, toldStreams } from './told-streams.ts';
import { attempted } from './tool-command.ts';

const OPEN = [50, 200, 500, 1000];
const PEERS = ['guidellm', 'AIPerf'];
/** How long streams are begun, in times of a stream's length; some tools give up at the end what is open then. */
const TIMES = 1.5;
/** Below this share of the answers that could end by then, a tool has not managed a number of streams. */
const MANAGED = 0.95;

interface Offered {
  /** Base URL of the target, with the pace that it streams at. */
  readonly url: string;
  /** For how long a stream is open, seconds. */
  readonly streamSeconds: number;
  /** Streams that came, and when their tokens were written, since the last call. */
  readonly truth: () => Promise<Float64Array>;
}

/** What other generators say of first tokens and gaps, at one number of open streams after another until one is too high. */
export async function peerRows({ url, streamSeconds, truth }: Offered): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const tool of LLM_TOOLS.filter(({ name }) => PEERS.includes(name))) {
    for (const open of OPEN) {
      const { row, isManaged } = await peerRow(tool, open, { url, streamSeconds, truth });
      rows.push(row);
      if (!isManaged) break;
    }
  }
  return rows;
}

async function peerRow({ name, run }: LlmTool, open: number, { url, streamSeconds, truth }: Offered) {
  const what = `${name}: ${open} streams: first token, p50`;
  const rate = open / streamSeconds;
  const said = attempted(() => run({ url, rate, seconds: TIMES * streamSeconds }));
  const told = [...toldStreams(await truth()).values()].filter(({ tokensAt }) => tokensAt.length > 0);
  const row = { what, measured: null, unit: 'ms', target: 'for comparison', ok: true };
  if (typeof said === 'string') return { row: { ...row, compare: said }, isManaged: false };
  const share = said.ok / ((TIMES - 1) * open);
  const off = offBy(said, told);
  const compare =
    `p99 ${off.firstP99}, gap p50 ${off.gapP50}, p99 ${off.gapP99} ms off; ` +
    `${said.ok} of ${told.length} answers, ${round(said.cpuSeconds, 0)} s of processor time`;
  return { row: { ...row, measured: off.first, compare }, isManaged: share >= MANAGED };
}

/** Milliseconds by which it is above the truth. */
function offBy({ ttft, itl }: LlmRun, told: readonly ToldStream[]) {
  const first = Float64Array.from(told, ({ readAt, tokensAt }) => (tokensAt[0] ?? 0) - readAt).sort();
  const gaps = Float64Array.from(
    told.flatMap(({ tokensAt }) => [...tokensAt.subarray(1)].map((at, i) => at - (tokensAt[i] ?? 0))),
  ).sort();
  const off = (value: number | undefined, sorted: Float64Array, q: number) =>
    value === undefined ? null : round(value - quantile(sorted, q), 2);
  return {
    first: off(ttft?.p50, first, 0.5),
    firstP99: off(ttft?.p99, first, 0.99),
    gapP50: off(itl?.p50, gaps, 0.5),
    gapP99: off(itl?.p99, gaps, 0.99),
  };
}
