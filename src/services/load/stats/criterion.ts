import { parseDuration } from '../../../durations.ts';
import { reasonOf, remedy } from '../../../errors.ts';
import type { PointSummary, SloVerdict } from '../types.ts';
import { isValid } from './validity.ts';

const TIMES = ['p50', 'p90', 'p95', 'p99', 'mean', 'max', 'ttft_p95'] as const;
const SHARES = ['ok', 'error-rate'] as const;
const RATES = ['ok-rps', 'served-rps'] as const;

type Metric = (typeof TIMES)[number] | (typeof SHARES)[number] | (typeof RATES)[number];
const METRICS: readonly Metric[] = [...TIMES, ...SHARES, ...RATES];
const OPERATORS = ['<=', '>=', '<', '>'] as const;
type Operator = (typeof OPERATORS)[number];

/** `p95<2s`: a figure of a point against a bound. */
export interface Criterion {
  /** As typed. */
  readonly expression: string;
  readonly metric: Metric;
  readonly operator: Operator;
  /** Milliseconds for times, a part of 1 for shares, per second for rates. */
  readonly bound: number;
}

/** Figures of a point, finished or running. */
export type Measured = Pick<PointSummary, 'outcomes' | 'scheduled' | 'okRps' | 'servedRps'> &
  Partial<Pick<PointSummary, 'response' | 'stream'>>;

/**
 * Reads a threshold: one of p50 p90 p95 p99 mean max ttft_p95 against a duration, ok or error-rate against a share, ok-rps
 * or served-rps against a number, by < <= > or >=.
 *
 * @throws RemedyError (exit 2) that names the character, counted from 1, at which it goes wrong
 */
export function parseSlo(expression: string): Criterion {
  return parseCriterion(expression, '--slo', "--slo 'p95<2s'", false);
}

/**
 * Reads a condition that ends a sweep: like a threshold, where `error-rate=50%` means that much or worse.
 *
 * @throws RemedyError (exit 2), see {@link parseSlo}
 */
export function parseAbort(expression: string): Criterion {
  return parseCriterion(expression, '--abort-on', '--abort-on error-rate=50%', true);
}

function parseCriterion(expression: string, flag: string, example: string, equals: boolean): Criterion {
  const fault = (at: number, why: string) =>
    remedy.usage('criterion-invalid', `${flag} "${expression}": ${why}, at character ${at + 1}`, [
      `write for example ${example}; metrics: ${METRICS.join(' ')}`,
    ]);
  const start = expression.length - expression.trimStart().length;
  const word = /^[A-Za-z0-9_-]*/.exec(expression.slice(start))?.[0] ?? '';
  const metric = METRICS.find((name) => name === word);
  if (metric === undefined) throw fault(start, word === '' ? 'a metric is missing' : `"${word}" is not a metric`);
  const gap = /^\s*/.exec(expression.slice(start + word.length))?.[0].length ?? 0;
  const at = start + word.length + gap;
  const rest = expression.slice(at);
  const compared = OPERATORS.find((each) => rest.startsWith(each));
  const alike = equals && rest.startsWith('=');
  if (compared === undefined && !alike) {
    throw fault(at, equals ? 'one of = < <= > >= must follow' : 'one of < <= > >= must follow');
  }
  // More is worse for everything but successes.
  const operator = compared ?? (['ok', ...RATES].includes(metric) ? '<=' : '>=');
  const valueAt = at + (compared?.length ?? 1);
  const raw = expression.slice(valueAt);
  const value = raw.trim();
  const valueStart = valueAt + raw.length - raw.trimStart().length;
  try {
    return { expression, metric, operator, bound: readBound(metric, value) };
  } catch (error) {
    throw fault(valueStart, reasonOf(error));
  }
}

function readBound(metric: Metric, text: string): number {
  if (isOneOf(TIMES, metric)) {
    if (/^\d*\.?\d+$/.test(text)) throw new Error(`"${text}" needs a unit, for example ${text}ms or ${text}s`);
    return parseDuration(text) * 1000;
  }
  const percent = text.endsWith('%');
  const digits = percent ? text.slice(0, -1) : text;
  if (!/^(\d+\.?\d*|\.\d+)$/.test(digits)) throw new Error(`"${text}" is not a number`);
  const value = Number(digits) / (percent ? 100 : 1);
  if (isOneOf(SHARES, metric)) {
    if (value > 1) throw new Error(`"${text}" is more than all: write for example 99% or 0.99`);
  } else if (percent) throw new Error(`${metric} is a number per second, not a share`);
  return value;
}

/** Whether the figures meet the criterion; a figure that does not exist meets none. */
export function judgeCriterion(
  { metric, operator, bound }: Criterion,
  measured: Measured,
): { readonly met: boolean; readonly observed: string } {
  const value = figureOf(metric, measured);
  if (value === undefined) return { met: false, observed: 'nothing measured' };
  return { met: COMPARE[operator](value, bound), observed: observedText(metric, value) };
}

/**
 * The verdict of a threshold on a sweep: every point that says something about the target has to meet it, and one
 * that no point could decide is not met.
 */
export function judgeSlo(criterion: Criterion, points: readonly PointSummary[]): SloVerdict {
  const telling = points.filter((point) => point.status !== 'skipped' && isValid(point) && point.sent > 0);
  const verdicts = telling.map((point) => {
    const { met, observed } = judgeCriterion(criterion, point);
    return { rate: point.rate, passed: met, observed };
  });
  const passed = verdicts.length > 0 && verdicts.every((verdict) => verdict.passed);
  return { expression: criterion.expression, passed, points: verdicts };
}

function figureOf(metric: Metric, { outcomes, scheduled, okRps, servedRps, response, stream }: Measured) {
  const share = scheduled === 0 ? undefined : outcomes.ok / scheduled;
  switch (metric) {
    case 'ok':
      return share;
    case 'error-rate':
      return share === undefined ? undefined : 1 - share;
    case 'ok-rps':
      return okRps;
    case 'served-rps':
      return servedRps;
    case 'ttft_p95':
      return stream?.ttft.p95;
    default:
      return response?.[metric];
  }
}

const COMPARE: Readonly<Record<Operator, (value: number, bound: number) => boolean>> = {
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function observedText(metric: Metric, value: number): string {
  if (isOneOf(SHARES, metric)) return `${(100 * value).toFixed(2)} %`;
  if (isOneOf(RATES, metric)) return `${value < 10 ? Number(value.toPrecision(3)) : value.toFixed(1)}/s`;
  return value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}

function isOneOf<T extends string>(list: readonly T[], text: string): text is T {
  return (list as readonly string[]).includes(text);
}
