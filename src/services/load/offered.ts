import { formatRate } from '../words.ts';
import type { SweepPlan } from './types.ts';

interface Loop {
  readonly loop?: SweepPlan['loop'] | undefined;
}

/** What the number of a point counts, in a column or after it: `50 rps`, `8 concurrent`. */
export function unitOf({ loop }: Loop): string {
  return loop === 'closed' ? 'concurrent' : 'rps';
}

/** What a point offers, where it stands for itself: `50 req/s`, `8 concurrent (closed loop)`. */
export function offeredText(rate: number, { loop }: Loop): string {
  return loop === 'closed' ? `${rate} concurrent (closed loop)` : `${formatRate(rate)} req/s`;
}

/**
 * Requests per second that a point makes, for what has to be known before: of a closed loop as many as answers that take
 * as long as the probe's allow; infinite where nothing was probed.
 */
export function expectedRate(
  rate: number,
  { loop, probeMs = 0, thinkSeconds = 0 }: Pick<SweepPlan, 'loop' | 'probeMs' | 'thinkSeconds'>,
): number {
  return loop === 'closed' ? rate / (probeMs === 0 ? 0 : Math.max(0.001, probeMs / 1000 + thinkSeconds)) : rate;
}

/** From when response times count. */
export function countedFrom({ loop }: Loop = {}): string {
  return loop === 'closed' ? 'sending (closed loop)' : 'intended time';
}

/** What a reader has to know of every figure of a closed loop. */
export const CLOSED_LOOP =
  'closed loop: the next request waits for an answer, so response times do not contain the wait that an open loop shows, ' +
  'and the rate is what the target makes of it';
