import type { Outcome } from '../types.ts';

export interface Counts {
  readonly scheduled: number;
  readonly sent: number;
  readonly dropped: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/**
 * Every request is somewhere: `scheduled = sent + dropped`, and `sent` is the sum of all outcomes.
 *
 * @throws Error, a bug of this program, when it is not so
 */
export function checkConservation({ scheduled, sent, dropped, outcomes }: Counts): void {
  const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  if (scheduled === sent + dropped && sent === ended) return;
  throw new Error(
    `requests were lost in the accounts: scheduled ${scheduled}, sent ${sent}, dropped ${dropped}, ` +
      `outcomes ${JSON.stringify(outcomes)} (sum ${ended})`,
  );
}
