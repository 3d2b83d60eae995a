import type { Percentiles, PointSummary, StreamFigures } from '../types.ts';

/** Lateness that never matters, ms: the resolution of what the generator can do on a quiet machine. */
const LATENESS_FLOOR_MS = 1;
/** Lateness may be this part of the shortest median that is shown before it colours the figures. */
const LATENESS_SHARE = 0.05;
const SENT_SHARE = 0.99;
/** Errors that this machine ran into, not the target: descriptors, ports, memory. */
export const LOCAL_LIMITS = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];

/** Milliseconds that a request may be late before it colours a time of `ms`. */
export function allowedLateness(ms: number): number {
  return Math.max(LATENESS_FLOOR_MS, LATENESS_SHARE * ms);
}

type Accounts = Ending & Pick<PointSummary, 'scheduled' | 'dropped' | 'peakInFlight' | 'errorsByClass'>;

export interface ValidityInput extends Accounts {
  readonly maxInFlight: number;
  readonly latenessP99?: number | undefined;
  readonly response?: Percentiles | undefined;
  readonly stream?: StreamFigures | undefined;
  /** Why the generator is gone, when it is. */
  readonly lost?: string | undefined;
}

type Ending = Pick<PointSummary, 'status' | 'sent' | 'outcomes'>;

/** Whether requests ended, and not one of them succeeded. */
export function isFailed({ status, sent, outcomes }: Ending): boolean {
  // What was open when a point was stopped did not end by itself.
  const ended = status === 'complete' ? sent : sent - outcomes.incomplete;
  return ended > 0 && outcomes.ok === 0;
}

/** What a point says of the target where nothing speaks against the machine that measured. */
export function judgeEnding(point: Ending): string {
  if (point.sent === 0 || point.outcomes.ok > 0) return 'valid';
  return isFailed(point) ? 'failed' : 'invalid: stopped before any request had ended';
}

/** Whether a point says something about the target, and be it that it fails. */
export function isValid({ validity }: Pick<PointSummary, 'validity'>): boolean {
  return validity === 'valid' || validity === 'failed';
}

/**
 * Whether a point says something about the target, or only about the machine that measured.
 *
 * @returns `valid`, `failed` where nothing succeeded, `invalid: client-limited (every reason)`, or why nothing was measured
 */
export function judgeValidity(input: ValidityInput): string {
  if (input.scheduled === 0) return 'invalid: nothing was measured';
  const reasons: string[] = [];
  if (input.lost !== undefined) reasons.push(`the generator stopped: ${input.lost}`);
  if (input.dropped > 0 && input.peakInFlight >= input.maxInFlight) {
    reasons.push(`${input.dropped} dropped at ${input.maxInFlight} in flight`);
  }
  if (input.sent < SENT_SHARE * input.scheduled) {
    reasons.push(`${((100 * input.sent) / input.scheduled).toFixed(1)} % of the schedule sent`);
  } else if (input.dropped > 0 && reasons.length === 0) {
    reasons.push(`${input.dropped} not sent in time`);
  }
  const local = LOCAL_LIMITS.filter((code) => input.errorsByClass[code] !== undefined);
  if (local.length > 0) reasons.push(`a limit of this machine: ${local.join(', ')}`);
  // Where nothing succeeded there is no time for it to colour.
  const shown = [input.response, input.stream?.ttft].flatMap((times) => times?.p50 ?? []);
  const allowed = allowedLateness(Math.min(...shown));
  if (input.latenessP99 !== undefined && input.latenessP99 > allowed) {
    reasons.push(`lateness p99 ${input.latenessP99.toFixed(1)} ms, ${allowed.toFixed(1)} ms allowed`);
  }
  reasons.push(...stampedLate(input.stream));
  return reasons.length > 0 ? `invalid: client-limited (${reasons.join('; ')})` : judgeEnding(input);
}

/** A time may be wrong by this much, ms, or by this part of it. */
const STAMP_FLOOR_MS = 1;
const STAMP_SHARE = 0.01;

/** Where what streams brought lay there for too long before this machine looked at it: its times say when that was. */
function stampedLate({ ttft, firstLateP99 = 0, lateReads = 0 }: StreamFigures = NOT_STREAMED): string[] {
  const allowed = Math.max(STAMP_FLOOR_MS, STAMP_SHARE * (ttft?.p50 ?? 0));
  const first =
    firstLateP99 > allowed
      ? [`first tokens stamped late: p99 up to ${firstLateP99.toFixed(1)} ms, ${allowed.toFixed(1)} ms allowed`]
      : [];
  const share = `${(100 * lateReads).toFixed(1)} % of reads stamped perhaps more than ${STAMP_FLOOR_MS} ms late`;
  return lateReads > STAMP_SHARE ? [...first, share] : first;
}

const NOT_STREAMED = { outputTokens: 0, outputTokensPerSecond: 0 };
