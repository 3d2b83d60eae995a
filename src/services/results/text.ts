import { formatSpan } from '../../durations.ts';
import type { Refuser } from '../load/failures.ts';
import { byCount, topCounts } from '../load/stats/counts.ts';
import type { PointSummary, SweepPlan } from '../load/types.ts';

/** Text that came over the network must not move the cursor, colour the rest, or turn its direction. */
export function display(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** The first line of a result of which a report has been written. */
export function reportLine(path: string | undefined): string {
  return path === undefined ? '' : `Report: ${display(path)}\n`;
}

/** A text broken at spaces into lines of at most `width` columns; longer words are left whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A rate per second: three digits, as many decimals as these need; no zeros at the end of one below 1. */
export function rateText(value: number): string {
  if (value >= 99.95 || value === 0) return value.toFixed(0);
  if (value < 0.9995) return String(Number(value.toPrecision(3)));
  return value.toFixed(value < 9.995 ? 2 : 1);
}

export function perSecond(value: number): string {
  return `${rateText(value)}/s`;
}

/** Milliseconds with three significant digits, in the unit that a person would use. */
export function timeText(ms: number): string {
  const [value, unit] = Math.abs(ms) < 999.5 ? [ms, 'ms'] : [ms / 1000, 's'];
  return `${value.toFixed(Math.abs(value) < 9.995 ? 2 : Math.abs(value) < 99.95 ? 1 : 0)} ${unit}`;
}

/** One unit for a whole table, so that the eye can compare. */
export interface TimeColumn {
  readonly unit: 'seconds' | 'milliseconds';
  /** `-` where there is nothing. */
  text(ms: number | undefined): string;
}

/** @param secondsFrom largest value, milliseconds, from which on all are in seconds */
export function timeColumn(values: readonly (number | undefined)[], secondsFrom = 10_000): TimeColumn {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  const [unit, divisor, digits] =
    largest >= secondsFrom ? (['seconds', 1000, 2] as const) : (['milliseconds', 1, 1] as const);
  return { unit, text: (ms) => (ms === undefined ? '-' : (ms / divisor).toFixed(digits)) };
}

/** `98.2 %`; 0 of 0 is `-`. */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** Classes of errors that a line or a cell names. */
const MOST_CLASSES = 8;

/** `404 x 8, timeout x 2`, most first. */
export function errorCounts({ errorsByClass }: PointSummary): string {
  return topCounts(Object.entries(errorsByClass), MOST_CLASSES)
    .map(([name, count]) => `${display(name)} x ${count}`)
    .join(', ');
}

/** `404 x 8 (model '' not found), timeout x 2`: with what those of each said for themselves. */
export function errorClasses(point: PointSummary): string {
  return topCounts(Object.entries(point.errorsByClass), MOST_CLASSES)
    .map(([name, count]) => {
      const why = failureText(point, name);
      return `${display(name)} x ${count}${why === '' ? '' : ` (${why})`}`;
    })
    .join(', ');
}

/** What failures of a class said: the only text, or the most frequent ones with how often each; empty where none did. */
export function failureText({ errorTexts, otherTexts }: PointSummary, name: string): string {
  const several = otherTexts?.[name];
  if (several === undefined) return display(errorTexts?.[name] ?? '');
  const texts = several.texts.map(({ text, count }) => `${display(text)} x ${count}`);
  return [...texts, ...(several.more === undefined ? [] : [`others x ${several.more}`])].join('; ');
}

/**
 * What was asked and when, where it was not one prompt at a rate; and that prompts were alike on purpose: the figures are
 * then those of a prompt cache as well.
 */
export function askedLines(
  plan: Pick<SweepPlan, 'sharedPrefixTokens' | 'workload' | 'turns' | 'thinkSeconds' | 'think' | 'loop'>,
): string[] {
  const { sharedPrefixTokens, workload } = plan;
  const shared = `All prompts begin with about ${sharedPrefixTokens} tokens in common (--shared-prefix).`;
  return [
    ...(workload?.lines ?? []).map(display),
    ...sessionLines(plan),
    ...(sharedPrefixTokens === undefined ? [] : [shared]),
  ];
}

/** That requests are turns of sessions, and how long their users think. */
function sessionLines({ turns = 1, thinkSeconds, think, loop }: Parameters<typeof askedLines>[0]): string[] {
  const time = think ?? (thinkSeconds === undefined ? undefined : formatSpan(thinkSeconds));
  if (turns === 1) return time === undefined ? [] : [`Who: each user thinks for ${time} after an answer.`];
  const thinking = time === undefined ? 'without time to think' : `${time} to think between them`;
  const rate = loop === 'closed' ? '' : '; rps is of sessions that begin';
  return [`Who: sessions of up to ${turns} turns, each with the answers before it, ${thinking}${rate}.`];
}

const REFUSER: Readonly<Record<string, string>> = {
  client: 'this machine',
  network: 'the network',
  no_answer: 'no answer in time',
  a: 'A',
  load_balancer: 'the load balancer',
  b: 'B',
  server: 'the server',
  rate_limit: 'a rate limit',
  unknown: 'unknown',
} satisfies Record<Refuser, string>;

/** Not a place that refused anything: what was open when a point was stopped before its end. */
const CUT_OFF = 'cut off when the point was stopped';

/** Where requests of a point ended without success, most first, as people read it. */
export function refusals({ refusedBy = {}, status, outcomes }: PointSummary): [name: string, count: number][] {
  // This machine gave up on them because it was told to.
  const cut = status === 'complete' ? 0 : Math.min(refusedBy.client ?? 0, outcomes.incomplete);
  const counts = Object.entries({ ...refusedBy, client: (refusedBy.client ?? 0) - cut, [CUT_OFF]: cut });
  return counts
    .map(([who, count]): [string, number] => [REFUSER[who] ?? display(who), count])
    .filter(([, count]) => count > 0)
    .sort(([, m], [, n]) => n - m);
}

/** `the load balancer x 8000, B x 3`, most first; empty when nobody refused. */
export function refusers(point: PointSummary): string {
  return refusals(point)
    .map(([name, count]) => `${name} x ${count}`)
    .join(', ');
}

/** Answers of all points per host, most first; those of hosts that were not told apart last. */
export function hostTotals(points: readonly PointSummary[]): [host: string, count: number][] {
  const hosts = new Map<string, number>();
  for (const point of points) {
    for (const [host, count] of Object.entries(point.hosts)) hosts.set(host, (hosts.get(host) ?? 0) + count);
  }
  return byCount(hosts);
}
