import type { RunOrder } from '../../src/services/load/engine/protocol.ts';
import type { BenchResult } from '../types.ts';
import { pinToLast } from './affinity.ts';
import { watchBusy } from './busy.ts';
import { quantile, round } from './numbers.ts';
import { type Measured, offer } from './point.ts';
import { type Target, withTarget } from './target.ts';

const RATES = [20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000];
const TARGET = 40_000;
/** One stop of a shared machine makes any rate invalid. */
const TRIES = 4;

/** One run, with the cores that neither it nor its target kept busy: a machine that is not idle. */
interface Try extends Measured {
  readonly others: number;
}

/** The highest rate at which one process keeps its schedule, by the tool's own judgement of a point. */
export function run(): Promise<BenchResult> {
  return withTarget(['instant'], async (target) => {
    const { rate, compare } = await highestValid(target, RATES, TARGET);
    return {
      name: 'highest rate, open loop',
      rows: [
        {
          what: 'highest valid rate of one process',
          measured: rate,
          unit: 'requests/s',
          target: `at least ${TARGET}`,
          ok: rate >= TARGET,
          compare,
        },
      ],
    };
  });
}

/**
 * Offers one rate of a ladder after another, until none of several tries is valid; below `target` it goes on, since it was
 * the machine then and not the rate.
 *
 * @returns the highest valid rate, 0 for none, and what limits it in words
 */
export async function highestValid(
  { url, pids }: Target,
  ladder: readonly number[],
  target: number,
  change: Pick<RunOrder, 'ca'> = {},
): Promise<{ readonly rate: number; readonly compare: string }> {
  const where = pinToLast(pids);
  let best: { readonly rate: number; readonly run: Try } | undefined;
  let limit = 'the ladder ended first';
  for (const rate of ladder) {
    const tries: Try[] = [];
    while (tries.length < TRIES && tries.at(-1)?.validity !== 'valid') {
      const busy = watchBusy(pids);
      const run = await offer({ url, rate, durationMs: 3000, ...change });
      const { all, own } = busy();
      tries.push({ ...run, others: Math.max(0, all - own - run.cores) });
    }
    const valid = tries.find(({ validity }) => validity === 'valid');
    if (valid === undefined) {
      limit = `at ${rate}, the best of ${TRIES} runs: ${describe(leastLate(tries))}`;
      if (rate >= target) break;
    } else best = { rate, run: valid };
  }
  return {
    rate: best?.rate ?? 0,
    compare: `${best === undefined ? '' : `${describe(best.run)}; `}${where}; ${limit}`,
  };
}

function leastLate(runs: readonly Try[]): Try | undefined {
  return [...runs].sort((a, b) => quantile(a.lateness, 0.99) - quantile(b.lateness, 0.99))[0];
}

function describe(run: Try | undefined): string {
  if (run === undefined) return '';
  const late = `lateness p99 ${round(quantile(run.lateness, 0.99), 2)} ms`;
  const cores = `generator ${round(run.cores, 2)} cores, strangers ${round(run.others, 2)}`;
  return `${late}, ${cores}, ${run.progress.newConnections} connections, ${run.validity}`;
}
