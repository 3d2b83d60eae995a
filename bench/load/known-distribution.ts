import { readFileSync } from 'node:fs';
import { nearestRank } from '../../src/services/load/stats/percentiles.ts';
import type { Distribution, PointSummary } from '../../src/services/load/types.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { quantile, round } from './numbers.ts';
import { inFolder, onlyPoint, sweep } from './sweep.ts';
import { withKnown } from './target.ts';

const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** Log-normal service time: median in milliseconds and standard deviation of its logarithm; p99 is 4 times the median. */
const MEDIAN_MS = 50;
const SIGMA = 0.6;

/** Means of the hops, milliseconds. */
const HOPS = [60, 30, 80, 40];

/** What a whole sweep says about targets that know the truth. */
export async function run(): Promise<BenchResult> {
  const rows = [...(await percentiles()), ...(await waterfall())];
  return { name: 'targets that know the truth', rows };
}

/**
 * Percentiles beside those of the target's own measurement of the same requests: nothing is left to sampling. The
 * target has a place for every request, so its response time is its service time.
 */
function percentiles(): Promise<BenchRow[]> {
  return inFolder((folder) =>
    withKnown(['spread', MEDIAN_MS, SIGMA], async ({ url, truth }) => {
      const options = { targetUrl: url, rates: [200], durationSeconds: 20 };
      const point = onlyPoint(await sweep(folder, options));
      const told = pairs(await truth<Float64Array>());
      const sorted = Float64Array.from(told.values()).sort();
      const rows = (what: string, seen: Distribution | undefined, pairing?: string) =>
        Object.entries(PERCENTILES).map(([name, share]): BenchRow => {
          const truly = sorted[nearestRank(share, sorted.length)] ?? 0;
          const measured = seen?.[name as keyof typeof PERCENTILES] ?? 0;
          const off = (measured / truly - 1) * 100;
          return {
            what: `${name} of the ${what} time`,
            measured: round(measured, 2),
            unit: 'ms',
            target: `${round(truly, 2)} within 1 %`,
            ok: Math.abs(off) <= 1 && told.size === point.outcomes.ok && point.validity === 'valid',
            compare: `${round(off, 2)} %${pairing === undefined ? '' : `; ${pairing}`}`,
          };
        });
      return [
        ...rows('service', point.service, `each request ${differences(point, told)}`),
        ...rows('response', point.response, `${told.size} requests, ${point.validity}`),
      ];
    }),
  );
}

/** Where the time went, beside what the target knows; the client's wait, which is nothing here, against the whole. */
function waterfall(): Promise<BenchRow[]> {
  return inFolder((folder) =>
    withKnown(['hops', ...HOPS], async ({ url, truth }) => {
      const options = { targetUrl: new URL('/chain', url).href, rates: [100], durationSeconds: 15 };
      const point = onlyPoint(await sweep(folder, options));
      const { total, a, network, bModel, bWait } =
        await truth<Record<'total' | 'a' | 'network' | 'bModel' | 'bWait', number>>();
      const known = { clientWait: 0, a, network, bModel, bWait };
      return Object.entries(known).map(([name, truly]): BenchRow => {
        const measured = point.waterfall?.[name as keyof typeof known] ?? 0;
        const small = name === 'clientWait';
        const off = ((measured - truly) / (small ? total : truly)) * 100;
        return {
          what: `waterfall: ${name}`,
          measured: round(measured, 3),
          unit: 'ms',
          target: small ? 'within 2 % of the whole' : `${round(truly, 3)} within 2 %`,
          ok: Math.abs(off) <= 2 && point.waterfall !== undefined && point.validity === 'valid',
          compare: `${round(off, 2)} %${small ? ` of ${round(total, 1)} ms` : ''}`,
        };
      });
    }),
  );
}

function pairs(flat: Float64Array): Map<number, number> {
  const map = new Map<number, number>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i] as number, flat[i + 1] as number);
  return map;
}

/** How much longer each request took by the record than by the target: loopback, and both event loops. */
function differences({ perRequestCsv }: PointSummary, told: ReadonlyMap<number, number>): string {
  const [head = '', ...lines] = readFileSync(perRequestCsv, 'utf8').trimEnd().split('\n');
  const names = head.split(',');
  const [request, service] = [names.indexOf('request'), names.indexOf('service_ms')];
  const more = lines
    .map((line) => line.split(','))
    .map((cells) => Number(cells[service]) - (told.get(Number(cells[request])) ?? Number.NaN))
    .sort((a, b) => a - b);
  return `+${round(quantile(more, 0.5), 2)} ms at p50, +${round(quantile(more, 0.99), 2)} at p99`;
}
