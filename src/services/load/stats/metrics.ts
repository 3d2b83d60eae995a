/**
 * The figures that objectives are about. Times are of single requests: `e2e` (the response time), `ttft` (first token, from
 * the intended time) and `ttft-sent` (from the sending), `tpot` (time per output token), `itl` (gaps between tokens).
 */
export const TIMES = ['e2e', 'ttft', 'ttft-sent', 'tpot', 'itl'] as const;

export type TimeName = (typeof TIMES)[number];

/** Times that only a streamed answer has. */
export const STREAMED: readonly TimeName[] = ['ttft', 'ttft-sent', 'tpot', 'itl'];

const SHARES = ['ok', 'error-rate', 'good'] as const;
const RATES = ['ok-rps', 'served-rps', 'good-rps', 'tokens-per-second'] as const;

/** What a metric means: a time of the requests at a quantile (0 to 1), a share of them, or something per second. */
export type Metric =
  | { readonly kind: 'time'; readonly of: TimeName; readonly at: number | 'mean' | 'max' }
  | { readonly kind: 'share'; readonly name: (typeof SHARES)[number] }
  | { readonly kind: 'rate'; readonly name: (typeof RATES)[number] };

/** How metrics are written, for help and errors. */
export const METRIC_NAMES =
  'p50 to p99.99, mean, max, the same of ttft, ttft-sent, tpot and itl (ttft_p99), ok, error-rate, good, ok-rps, served-rps, good-rps, tokens-per-second';

/** @returns undefined for what is not a metric */
export function metricNamed(word: string): Metric | undefined {
  const share = SHARES.find((name) => name === word);
  if (share !== undefined) return { kind: 'share', name: share };
  const rate = RATES.find((name) => name === word);
  if (rate !== undefined) return { kind: 'rate', name: rate };
  const [, of = 'e2e', at = '', digits = ''] =
    /^(?:([a-z0-9-]+)_)?(mean|max|p(\d{1,2}(?:\.\d{1,3})?))$/.exec(word) ?? [];
  const time = TIMES.find((name) => name === of);
  if (time === undefined || at === '') return undefined;
  if (at === 'mean' || at === 'max') return { kind: 'time', of: time, at };
  // 0.999 and not 0.9990000000000001.
  const quantile = Number((Number(digits) / 100).toFixed(5));
  return quantile > 0 ? { kind: 'time', of: time, at: quantile } : undefined;
}
