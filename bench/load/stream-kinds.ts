import type { PointSummary } from '../../src/services/load/types.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { LLM_TOOLS, type LlmRun } from './llm-tools.ts';
import { median, round } from './numbers.ts';
import { inFolder, onlyPoint, sweep } from './sweep.ts';
import { withStreams } from './target.ts';
import { type ToldStream, toldStreams } from './told-streams.ts';
import { attempted } from './tool-command.ts';

const RATE = 20;
const SECONDS = 3;

type Truth = (streams: readonly ToldStream[]) => number;

/** A figure of a kind of stream: what it is beside what the target knows. */
interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly seen: (point: PointSummary) => number | undefined;
  /** Undefined: there is none, and the point must not have one. */
  readonly truth?: Truth | number | undefined;
  /** The same of another generator; absent where none has it. */
  readonly peer?: (run: LlmRun) => number | undefined;
}

/** What another generator said of a kind, or why it said nothing, and what the target knew then. */
interface Peer {
  readonly name: string;
  readonly said: LlmRun | string;
  readonly told: readonly ToldStream[];
}

const gapsOf = ({ tokensAt }: ToldStream) => [...tokensAt].slice(1).map((at, i) => at - (tokensAt[i] ?? 0));
const gapP50: Truth = (streams) => median(streams.flatMap(gapsOf));
const gapMax: Truth = (streams) => Math.max(...streams.flatMap(gapsOf));
/** Until the token with this number, from 0. */
const until =
  (token: number): Truth =>
  (streams) =>
    median(streams.map(({ readAt, tokensAt }) => (tokensAt[token] ?? Number.NaN) - readAt));
/** Between the first read with tokens and the last, by so many tokens. */
const perToken =
  (tokens: number): Truth =>
  (streams) =>
    median(streams.map(({ tokensAt }) => ((tokensAt.at(-1) ?? 0) - (tokensAt[0] ?? 0)) / tokens));

const ttft = (truth?: Truth): Figure => ({
  what: 'ttft p50',
  unit: 'ms',
  seen: ({ stream }) => stream?.ttftSent?.p50,
  peer: (run) => run.ttft?.p50,
  truth,
});
const itl = (truth?: Truth): Figure => ({
  what: 'itl p50',
  unit: 'ms',
  seen: ({ stream }) => stream?.itl?.p50,
  peer: (run) => run.itl?.p50,
  truth,
});
const tpot = (truth?: Truth): Figure => ({
  what: 'tpot p50',
  unit: 'ms',
  seen: ({ stream }) => stream?.tpot?.p50,
  truth,
});
const rate = (tokens: number): Figure => ({
  what: 'tokens per second',
  unit: 'tokens/s',
  seen: ({ tokens: counted }) => counted?.outputPerSecond,
  truth: RATE * tokens,
});
const estimated = (share: number): Figure => ({
  what: 'answers whose tokens are estimated',
  unit: 'of 1',
  seen: ({ tokens }) => (tokens === undefined ? undefined : (tokens.estimated ?? 0) / (tokens.answers ?? 1)),
  truth: share,
});
const failed = (name: string): Figure => ({
  what: `answers that are ${name}`,
  unit: 'of 1',
  seen: ({ errorsByClass, sent }) => (errorsByClass[name] ?? 0) / sent,
  peer: (run) => run.failed / (run.ok + run.failed),
  truth: 1,
});

const KINDS: Readonly<Record<string, readonly Figure[]>> = {
  early: [failed('truncated-stream')],
  four: [ttft(until(0)), itl(gapP50), tpot(perToken(96)), rate(100), estimated(0)],
  reasoning: [
    { ...ttft(until(0)), what: 'first token of reasoning p50', seen: ({ stream }) => stream?.reasoningTtft?.p50 },
    ttft(until(10)),
    itl(gapP50),
    tpot(perToken(19)),
    rate(20),
  ],
  stall: [
    ttft(until(0)),
    itl(gapP50),
    { what: 'largest gap', unit: 'ms', seen: ({ stream }) => stream?.itl?.max, truth: gapMax },
    tpot(perToken(19)),
    rate(20),
  ],
  drip: [ttft(until(0)), itl(gapP50), tpot(perToken(7)), rate(8)],
  error: [failed('stream-error')],
  usage: [ttft(), itl(), tpot(), rate(20), estimated(0)],
  coalesced: [
    ttft(until(0)),
    itl(gapP50),
    tpot(perToken(36)),
    rate(40),
    { what: 'events in a read', unit: 'events', seen: ({ stream }) => stream?.eventsPerRead, truth: 4 },
  ],
};

/** Streams of every kind that servers send, each beside what the target knows of it. */
export function run(): Promise<BenchResult> {
  return withStreams(['script'], async ({ url, truth }) => {
    const rows: BenchRow[] = [];
    for (const [kind, figures] of Object.entries(KINDS)) {
      const known = async () =>
        [...toldStreams(await truth<Float64Array>())].flatMap(([request, each]) => (request < 0 ? [] : [each]));
      const targetUrl = new URL(`/${kind}`, url).href;
      const options = {
        targetUrl,
        rates: [RATE],
        durationSeconds: SECONDS,
        stream: true,
        preflight: false,
        probe: false,
      };
      const point = await inFolder(async (folder) => onlyPoint(await sweep(folder, options)));
      const told = await known();
      const peers: Peer[] = [];
      for (const { name, run: ask } of LLM_TOOLS) {
        const said = attempted(() => ask({ url: targetUrl, rate: RATE, seconds: SECONDS }));
        peers.push({ name, said, told: await known() });
      }
      rows.push(...figures.map((figure) => rowOf(kind, figure, point, told, peers)));
    }
    return { name: 'known streams', rows };
  });
}

function rowOf(
  kind: string,
  { what, unit, seen, truth, peer }: Figure,
  point: PointSummary,
  told: readonly ToldStream[],
  peers: readonly Peer[],
): BenchRow {
  const measured = seen(point);
  const knownOf = (streams: readonly ToldStream[]) => (typeof truth === 'function' ? truth(streams) : truth);
  const known = knownOf(told);
  const isMarked = point.validity.startsWith('invalid');
  const row = { what: `${kind}: ${what}`, measured: measured === undefined ? null : round(measured, 3), unit };
  const beside = peers.flatMap(({ name, said, told: then }) => {
    if (peer === undefined || said === 'not installed') return [];
    if (typeof said === 'string') return [`${name}: ${said}`];
    const value = peer(said);
    const right = knownOf(then);
    if (value === undefined || Number.isNaN(value)) return [`${name}: nothing`];
    return [`${name}: ${right === undefined ? round(value, 3) : `${round(offBy(value, right), 2)} %`}`];
  });
  if (known === undefined) {
    return { ...row, target: 'none, and not shown', ok: measured === undefined, compare: beside.join('; ') };
  }
  const off = offBy(measured ?? Number.NaN, known);
  const compare = [`${round(off, 2)} %`, point.validity, ...beside].join('; ');
  return { ...row, target: `${round(known, 3)} within 1 %, or marked`, ok: Math.abs(off) <= 1 || isMarked, compare };
}

/** Percent. */
function offBy(value: number, known: number): number {
  return value === known ? 0 : 100 * (value / known - 1);
}
