import { parseDuration } from '../../../durations.ts';
import { reasonOf, remedy } from '../../../errors.ts';
import { METRIC_NAMES, type Metric, metricNamed, TIMES, type TimeName } from './metrics.ts';

export const COMPARE = {
  '<': (value: number, bound: number) => value < bound,
  '<=': (value: number, bound: number) => value <= bound,
  '>': (value: number, bound: number) => value > bound,
  '>=': (value: number, bound: number) => value >= bound,
} as const;

/** `p95<2s`: a figure of a point against a bound. It stands in manifests. */
export interface Criterion {
  readonly expression: string;
  /** A word that {@link metricNamed} knows. */
  readonly metric: string;
  readonly operator: keyof typeof COMPARE;
  /** Milliseconds for times, a part of 1 for shares, per second for rates. */
  readonly bound: number;
}

/** `ttft<500ms`: what a request has to meet to be good. It stands in manifests. */
export interface Limit {
  readonly expression: string;
  readonly of: TimeName;
  readonly operator: '<' | '<=';
  /** Milliseconds. */
  readonly bound: number;
}

/** The metric of a criterion. @throws Error, a bug or a damaged manifest, where there is none of that name */
export function metricOf({ metric }: Pick<Criterion, 'metric'>): Metric {
  const known = metricNamed(metric);
  if (known === undefined) throw new Error(`"${metric}" is not a metric`);
  return known;
}

/**
 * Reads a threshold: a metric (see {@link metricNamed}) by < <= > or >= against a duration, a share or a number.
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

/**
 * Reads a limit of `--goodput`: a time of one request by < or <= against a duration.
 *
 * @throws RemedyError (exit 2), see {@link parseSlo}
 */
export function parseLimit(expression: string): Limit {
  const { word, operator, value, fault } = partsOf(expression, '--goodput', "--goodput 'ttft<500ms'", TIMES.join(' '));
  const of = TIMES.find((name) => name === word);
  if (of === undefined)
    throw fault('word', word === '' ? 'a metric is missing' : `"${word}" is not a time of a request`);
  if (operator !== '<' && operator !== '<=') throw fault('operator', 'one of < <= must follow');
  try {
    return { expression, of, operator, bound: readTime(value) };
  } catch (error) {
    throw fault('value', reasonOf(error));
  }
}

const PARTS = /^\s*(?<word>[\w.-]*)\s*(?<operator>[<>]=?|=)?\s*(?<value>.*?)\s*$/ds;

function partsOf(expression: string, flag: string, example: string, metrics: string) {
  const { groups = {}, indices } = PARTS.exec(expression) as RegExpExecArray;
  const { word = '', operator = '', value = '' } = groups;
  const fault = (part: 'word' | 'operator' | 'value', why: string) => {
    // What is missing would stand before the value.
    const [at = 0] = indices?.groups?.[part] ?? indices?.groups?.value ?? [];
    return remedy.usage('criterion-invalid', `${flag} "${expression}": ${why}, at character ${at + 1}`, [
      `write for example ${example}; metrics: ${metrics}`,
    ]);
  };
  return { word, operator, value, fault };
}

function parseCriterion(expression: string, flag: string, example: string, operators: readonly string[]): Criterion {
  const { word, operator: typed, value, fault } = partsOf(expression, flag, example, METRIC_NAMES);
  const metric = metricNamed(word);
  if (metric === undefined) throw fault('word', word === '' ? 'a metric is missing' : `"${word}" is not a metric`);
  if (!operators.includes(typed)) throw fault('operator', `one of ${operators.join(' ')} must follow`);
  try {
    const operator = typed === '=' ? worse(metric) : (typed as Criterion['operator']);
    return { expression, metric: word, operator, bound: readBound(metric, word, value) };
  } catch (error) {
    throw fault('value', reasonOf(error));
  }
}

/** More is worse for everything but successes. */
function worse(metric: Metric): '<=' | '>=' {
  const isGain = metric.kind === 'rate' || (metric.kind === 'share' && metric.name !== 'error-rate');
  return isGain ? '<=' : '>=';
}

function readBound({ kind }: Metric, word: string, text: string): number {
  if (kind === 'time') return readTime(text);
  const [, digits, percent] = /^(\d+\.?\d*|\.\d+)(%?)$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`"${text}" is not a number`);
  if (kind === 'rate' && percent) throw new Error(`${word} is a number per second, not a share`);
  const value = Number(digits) / (percent ? 100 : 1);
  if (kind === 'share' && value > 1) throw new Error(`"${text}" is more than all: write for example 99% or 0.99`);
  return value;
}

/** @returns milliseconds */
function readTime(text: string): number {
  if (/^\d*\.?\d+$/.test(text)) throw new Error(`"${text}" needs a unit, for example ${text}ms or ${text}s`);
  return parseDuration(text) * 1000;
}
