import { TestAuthority } from '../../test/support/certificates.ts';
import type { BenchResult } from '../types.ts';
import { costOf } from './closed.ts';
import { highestValid } from './highest-rate.ts';
import { median, round } from './numbers.ts';
import { withTarget } from './target.ts';

const RATES = [10_000, 15_000, 20_000, 25_000, 30_000];
const TARGET = 15_000;
const ROUNDS = 3;
const MOST_COST = 2.5;

/** What TLS costs the generator: the highest rate that one process offers validly, and a request against one without. */
export async function run(): Promise<BenchResult> {
  const authority = await TestAuthority.open();
  try {
    const ca = await authority.text();
    const certificate = await authority.issue('IP:127.0.0.1');
    const costs: { readonly http: number; readonly https: number }[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const http = await withTarget(['instant'], ({ url }) => costOf({ url }));
      const https = await withTarget(['instant'], ({ url }) => costOf({ url, ca }), 1, certificate);
      costs.push({ http, https });
    }
    const best = await withTarget(['instant'], (target) => highestValid(target, RATES, TARGET, { ca }), 1, certificate);
    const ratio = median(costs.map(({ http, https }) => https / http));
    const perRequest = (seconds: number) => `${round(seconds * 10, 1)} us`;
    return {
      name: 'https',
      rows: [
        {
          what: 'highest valid rate of one process over TLS',
          ...{ measured: best.rate, unit: 'requests/s', target: `at least ${TARGET}`, ok: best.rate >= TARGET },
          compare: best.compare,
        },
        {
          what: 'processor time per request, of that of http',
          ...{ measured: round(ratio, 2), unit: 'x', target: `at most ${MOST_COST}`, ok: ratio <= MOST_COST },
          compare:
            `https ${perRequest(median(costs.map(({ https }) => https)))}, ` +
            `http ${perRequest(median(costs.map(({ http }) => http)))}, connections kept`,
        },
      ],
    };
  } finally {
    await authority.close();
  }
}
