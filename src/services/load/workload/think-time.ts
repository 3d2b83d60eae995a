import { durationText, parseDuration } from '../../../durations.ts';
import { type RemedyError, reasonOf, remedy } from '../../../errors.ts';
import { type DrawnLengths, formatLengths, parseLengths } from './lengths.ts';

/** A time to think: the same each time, or drawn. */
export interface ThinkTime {
  /** Its middle, seconds. */
  readonly seconds: number;
  /** Where it is drawn, milliseconds. */
  readonly drawn?: DrawnLengths;
}

/**
 * Reads `2s`, `1s-5s` (uniform), `normal:2s,500ms[,MIN-MAX]` or `lognormal:2s,0.8[,MIN-MAX]`.
 *
 * @throws RemedyError (exit 2)
 */
export function parseThinkTime(text: string): ThinkTime {
  if (!/[-,]/.test(text)) return { seconds: secondsIn(text, text) };
  // Each duration as its milliseconds; sigma of a logarithm has no unit.
  const inMs = text.replaceAll(
    /(?:\d+(?:\.\d+)?(?:ms|s|m|h))+/g,
    (each) => `${Math.round(1000 * secondsIn(each, text))}`,
  );
  const drawn = lengthsIn(inMs, text);
  const middle =
    drawn.kind === 'constant' ? drawn.value : drawn.kind === 'uniform' ? (drawn.min + drawn.max) / 2 : drawn.middle;
  return { seconds: middle / 1000, drawn };
}

/** The text that {@link parseThinkTime} reads as these times, which are in milliseconds. */
export function formatThinkTime(drawn: DrawnLengths): string {
  const time = (ms: number) => durationText(ms / 1000);
  if (drawn.kind === 'constant') return time(drawn.value);
  const bounds = `${time(drawn.min)}-${time(drawn.max)}`;
  if (drawn.kind === 'uniform') return bounds;
  const { kind, middle, spread } = drawn;
  const isBound = formatLengths(drawn).split(',').length > 2;
  // Sigma of a logarithm has no unit.
  const width = kind === 'lognormal' ? String(spread) : time(spread);
  return `${kind}:${time(middle)},${width}${isBound ? `,${bounds}` : ''}`;
}

function lengthsIn(inMs: string, whole: string): DrawnLengths {
  try {
    return parseLengths(inMs, 'think-time', 0) as DrawnLengths;
  } catch {
    throw thinkInvalid(whole, 'this is neither a time nor times that are drawn');
  }
}

function secondsIn(text: string, whole: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw thinkInvalid(whole, reasonOf(error));
  }
}

function thinkInvalid(text: string, why: string): RemedyError {
  return remedy.usage('usage', `--think-time "${text}": ${why}`, [
    'write a time: --think-time 2s',
    'or drawn: --think-time 1s-5s, --think-time normal:2s,500ms, --think-time lognormal:2s,0.8 (median, sigma)',
  ]);
}
