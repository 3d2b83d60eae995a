import { parseDuration } from '../../../durations.ts';
import { reasonOf, remedy } from '../../../errors.ts';
import type { PointSummary, SloVerdict } from '../types.ts';
import { isValid } from './validity.ts';

/** Figures of a point, finished or running. */
interface Measured extends Pick<PointSummary, 'outcomes' | 'scheduled' | 'okRps' | 'servedRps'> {
  readonly response?: PointSummary['response'] | undefined;
  readonly stream?: PointSummary['stream'];
}

type Figure = readonly [kind: 'time' | 'share' | 'rate', of: (measured: Measured) => number | undefined];

const okShare = ({ outcomes, scheduled }: Measured) => (scheduled === 0 ? undefined : outcomes.ok / scheduled);
const errorRate = ({ outcomes, scheduled }: Measured) => (scheduled === 0 ? undefined : 1 - outcomes.ok / scheduled);

const METRICS = {
  p50: ['time', ({ response }) => response?.p50],
  p90: ['time', ({ response }) => response?.p90],
  p95: ['time', ({ response }) => response?.p95],
  p99: ['time', ({ response }) => response?.p99],
  mean: ['time', ({ response }) => response?.mean],
  max: ['time', ({ response }) => response?.max],
  ttft_p95: ['time', ({ stream }) => stream?.ttft?.p95],
  ok: ['share', okShare],
  'error-rate': ['share', errorRate],
  'ok-rps': ['rate', ({ okRps }) => okRps],
  'served-rps': ['rate', ({ servedRps }) => servedRps],
} as const satisfies Readonly<Record<string, Figure>>;

type Metric = keyof typeof METRICS;

const COMPARE = {
  '<': (value: number, bound: number) => value < bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '>=': (value: number, bound: number) => value >= bound,
} as const;

/** `p95<2s`: a figure of a point against a bound. */
export interface Criterion {
  readonly expression: string;
  readonly metric: Metric;
  readonly operator: keyof typeof COMPARE;
  /** Milliseconds for times, a part of 1 for shares, per second for rates. */
  readonly bound: number;
}

/**
 * Reads a threshold: one of p50 p90 p95 p99 mean max ttft_p95 against a duration, ok or error-rate against a share, ok-rps
 * or served-rps against a number, by < <= > or >=.
 *
 * @throws RemedyError (exit 2) that names the character, counted from 1, at which it goes wrong
 */
export function parseSlo(expression: string): Criterion {
  return parseCriterion(expression, '--slo', "--slo 'p95<2s'", ['<', '<=', '>', '>=']);
}

/**
 * Reads a condition that ends a sweep: like a threshold, where `error-rate=50%` means that much or worse.
 *
 * @throws RemedyError (exit 2), see {@link parseSlo}
 */
export function parseAbort(expression: string): Criterion {
  return parseCriterion(expression, '--abort-on', '--abort-on error-rate=50%', ['=', '<', '<=', '>', '>=']);
}

const PARTS = /^\s*(?<word>[\w-]*)\s*(?<operator>[<>]=?|=)?\s*(?<value>.*?)\s*$/ds;

function parseCriterion(expression: string, flag: string, example: string, operators: readonly string[]): Criterion {
  const { groups = {}, indices } = PARTS.exec(expression) as RegExpExecArray;
  const fault = (part: 'word' | 'operator' | 'value', why: string) => {
    // What is missing would stand before the value.
    const [at = 0] = indices?.groups?.[part] ?? indices?.groups?.value ?? [];
    return remedy.usage('criterion-invalid', `${flag} "${expression}": ${why}, at character ${at + 1}`, [
      `write for example ${example}; metrics: ${Object.keys(METRICS).join(' ')}`,
    ]);
  };
  const { word = '', operator: typed = '', value = '' } = groups;
  if (!Object.hasOwn(METRICS, word)) {
    throw fault('word', word === '' ? 'a metric is missing' : `"${word}" is not a metric`);
  }
  if (!operators.includes(typed)) throw fault('operator', `one of ${operators.join(' ')} must follow`);
  const metric = word as Metric;
  // More is worse for everything but successes.
  const worse = metric === 'ok' || METRICS[metric][0] === 'rate' ? '<=' : '>=';
  try {
    const operator = typed === '=' ? worse : (typed as Criterion['operator']);
    return { expression, metric, operator, bound: readBound(metric, value) };
  } catch (error) {
    throw fault('value', reasonOf(error));
  }
}

function readBound(metric: Metric, text: string): number {
  const [kind] = METRICS[metric];
  if (kind === 'time') {
    if (/^\d*\.?\d+$/.test(text)) throw new Error(`"${text}" needs a unit, for example ${text}ms or ${text}s`);
    return parseDuration(text) * 1000;
  }
  const [, digits, percent] = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`"${text}" is not a number`);
  if (kind === 'rate' && percent) throw new Error(`${metric} is a number per second, not a share`);
  const value = Number(digits) / (percent ? 100 : 1);
  if (kind === 'share' && value > 1) throw new Error(`"${text}" is more than all: write for example 99% or 0.99`);
  return value;
}

/** Whether the figures meet the criterion; a figure that does not exist meets none. */
export function judgeCriterion(
  { metric, operator, bound }: Criterion,
  measured: Measured,
): { readonly met: boolean; readonly observed: string } {
  const [kind, of] = METRICS[metric];
  const value = of(measured);
  if (value === undefined) return { met: false, observed: 'nothing measured' };
  return { met: COMPARE[operator](value, bound), observed: observedText(kind, value) };
}

/**
 * The verdict of a threshold on a sweep: every point that says something about the target has to meet it, and one
 * that no point could decide is not met.
 */
export function judgeSlo(criterion: Criterion, all: readonly PointSummary[]): SloVerdict {
  const telling = all.filter((point) => point.status !== 'skipped' && isValid(point) && point.sent > 0);
  const points = telling.map((point) => {
    const { met: passed, observed } = judgeCriterion(criterion, point);
    return { rate: point.rate, passed, observed };
  });
  const { expression } = criterion;
  return { expression, passed: points.length > 0 && points.every(({ passed }) => passed), points };
}

function observedText(kind: Figure[0], value: number): string {
  if (kind === 'share') return `${(100 * value).toFixed(2)} %`;
  if (kind === 'rate') return `${value < 10 ? Number(value.toPrecision(3)) : value.toFixed(1)}/s`;
  return value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}
