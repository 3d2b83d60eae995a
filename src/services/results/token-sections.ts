import { countedFrom } from '../load/offered.ts';
import type { PointSummary, StreamFigures, TokenFigures } from '../load/types.ts';
import { plural } from '../words.ts';
import { markedText, markLegend } from './certain.ts';
import type { Section } from './section.ts';
import { shareText } from './text.ts';

/** Before what rests on events that were counted instead of tokens. */
const ESTIMATE = '≈';

/** What tokens a run's answers had, and how those came that were streamed; each only where the run knows it. */
export function tokenSections(points: readonly PointSummary[], unit: string): Section[] {
  return [tokenSection(points, unit), streamSection(points, unit), hopSection(points, unit)];
}

/** A rate of tokens as people read it; `≈` before one that is estimated. */
function tokenRate(perSecond: number, { estimated = 0 }: Partial<TokenFigures> = {}): string {
  return `${estimated > 0 ? ESTIMATE : ''}${perSecond.toFixed(1)}`;
}

function tokenSection(points: readonly PointSummary[], unit: string): Section {
  const known = points.flatMap(({ rate, tokens }) => (tokens === undefined ? [] : [{ rate, tokens }]));
  const some = (of: 'reasoning' | 'cached') => known.some(({ tokens }) => (tokens[of] ?? 0) > 0);
  const extra = (['reasoning', 'cached'] as const).filter(some);
  const rows = known.map(({ rate, tokens }) => {
    const { prompt, output, answers, outputPerSecond, promptPerSecond, arrivedPerSecond, estimated = 0 } = tokens;
    // No prompt has no tokens: nobody counted them.
    const each = (count: number) => (answers === undefined || count === 0 ? '-' : (count / answers).toFixed(1));
    const second = (perSecond: number | undefined) => perSecond?.toFixed(1) ?? '-';
    return [
      String(rate),
      each(prompt),
      `${estimated > 0 ? ESTIMATE : ''}${each(output)}`,
      ...extra.map((of) => each(tokens[of] ?? 0)),
      second(promptPerSecond),
      tokenRate(outputPerSecond, tokens),
      arrivedPerSecond === undefined ? '-' : tokenRate(arrivedPerSecond, tokens),
    ];
  });
  const names = { reasoning: 'reasoning\neach', cached: 'cached\neach' };
  return {
    title: 'Tokens of answers',
    table: {
      head: [
        ...[`\n${unit}`, 'prompt\neach', 'output\neach', ...extra.map((of) => names[of])],
        ...['prompt\nper s', 'output\nper s', 'arrived\nper s'],
      ],
      fullHead: [
        ...[unit, 'prompt tokens an answer', 'output tokens an answer', ...extra.map((of) => `${of} tokens an answer`)],
        ...['prompt tokens per second', 'output tokens per second', 'arrived in the window per second'],
      ],
      rows,
    },
    lines: [...estimateLines(known), ...(known.length === 0 ? [] : [RATES])],
  };
}

const RATES = 'output per s: tokens of an answer by answers served. arrived: in the window, of all requests.';

function estimateLines(known: readonly { readonly rate: number; readonly tokens: TokenFigures }[]): string[] {
  const answers = known.reduce((sum, { tokens }) => sum + (tokens.answers ?? 0), 0);
  const estimated = known.reduce((sum, { tokens }) => sum + (tokens.estimated ?? 0), 0);
  return estimated === 0
    ? []
    : [
        `${ESTIMATE} estimated: ${shareText(estimated, answers)} of the answers told no count, events stand for tokens.`,
      ];
}

function streamSection(points: readonly PointSummary[], unit: string): Section {
  const known = points.flatMap(({ rate, stream, tokens }) => (stream === undefined ? [] : [{ rate, stream, tokens }]));
  // Never in seconds: tokens come milliseconds apart also where the first one takes long.
  const text = (ms: number | undefined) => ms?.toFixed(1) ?? '-';
  const rows = known.map(({ rate, stream, tokens }) => [
    String(rate),
    ...[stream.ttft, stream.itl, stream.tpot].flatMap((times) =>
      (['p50', 'p99'] as const).map((name) => markedText(times, name, text(times?.[name]))),
    ),
    tokenRate(stream.outputTokensPerSecond, tokens),
    stream.perUser === undefined ? '-' : tokenRate(stream.perUser.p50, tokens),
  ]);
  const times = ['ttft p50', 'ttft p99', 'itl p50', 'itl p99', 'tpot p50', 'tpot p99'];
  return {
    title: 'Streamed answers, milliseconds',
    table: {
      head: [`\n${unit}`, ...times.map((name) => name.replace(' ', '\n')), 'server\ntokens/s', 'one user\ntokens/s'],
      fullHead: [
        unit,
        ...times,
        'tokens/s of the server, all answers together',
        'tokens/s of one user, one answer (p50)',
      ],
      rows,
    },
    lines: [
      ...markLegend(rows),
      ...(known.length === 0 ? [] : [timesLine(points[0])]),
      ...known.flatMap(({ rate, stream }) => howItCame(stream, text).map((line) => `${rate} ${unit}: ${line}`)),
    ],
  };
}

/** Each step of streamed chains. */
function hopSection(points: readonly PointSummary[], unit: string): Section {
  const text = (ms: number | undefined) => ms?.toFixed(1) ?? '-';
  const rows = points.flatMap(({ rate, stream }) =>
    (stream?.hops ?? []).map(({ name, ttft, itl }) => [
      String(rate),
      name,
      ...[ttft, itl].flatMap((times) =>
        (['p50', 'p95', 'p99'] as const).map((at) => markedText(times, at, text(times?.[at]))),
      ),
    ]),
  );
  const times = ['ttft', 'itl'].flatMap((of) => ['p50', 'p95', 'p99'].map((at) => `${of} ${at}`));
  return {
    title: 'Steps of the streamed chain, milliseconds',
    table: {
      head: [`\n${unit}`, '\nstep', ...times.map((name) => name.replace(' ', '\n'))],
      fullHead: [unit, 'step', ...times],
      rows,
    },
    lines: [...markLegend(rows), ...(rows.length === 0 ? [] : [hopsLine(points[0])])],
  };
}

function hopsLine(point: PointSummary | undefined): string {
  return `ttft: from the ${countedFrom(point)} to the step's first token. itl: between reads with tokens of that step.`;
}

/** How to read the columns of streams. */
function timesLine(point: PointSummary | undefined): string {
  return `ttft: from the ${countedFrom(point)} to the first token of the answer. server: all answers together. one user: one answer, p50.`;
}

/** What a reader has to know of the streams of a point to take their figures for what they are. */
function howItCame(stream: StreamFigures, text: (ms: number | undefined) => string): string[] {
  const {
    ttft,
    reasoningTtft,
    answers = 0,
    oneRead = 0,
    eventsPerRead = 1,
    tokensPerEvent = 1,
    withoutDone = 0,
  } = stream;
  const silent = answers - (ttft?.count ?? 0);
  return [
    ...(reasoningTtft === undefined
      ? []
      : [`reasoning began first: p50 ${text(reasoningTtft.p50)}, p99 ${text(reasoningTtft.p99)} to its first token.`]),
    ...(answers > 0 && silent > 0
      ? [`${plural(silent, 'answer')} of ${answers} without a token to see: no ttft.`]
      : []),
    ...(oneRead > 0 ? [`${plural(oneRead, 'answer')} of ${answers} came in one read: no itl, no tpot.`] : []),
    ...(eventsPerRead > COALESCED ? [`${eventsPerRead.toFixed(1)} events a read: itl is between reads.`] : []),
    ...(Math.abs(tokensPerEvent - 1) > COALESCED - 1 ? [`${tokensPerEvent.toFixed(1)} tokens an event.`] : []),
    ...(withoutDone > 0 ? [`${plural(withoutDone, 'stream')} of ${answers} ended without [DONE].`] : []),
  ];
}

/** From so many events in a read on, their gaps are no gaps of tokens. */
const COALESCED = 1.05;
