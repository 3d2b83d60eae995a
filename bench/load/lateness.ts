import type { BenchResult, BenchRow } from '../types.ts';
import { hasTerminal, offerWithView } from './live.ts';
import { median, quantile, round } from './numbers.ts';
import { offer } from './point.ts';
import { withTarget } from './target.ts';

const RUNS = 5;
const SECONDS = 5;

/** What a rate is allowed; a figure without a bound is there for comparison. */
interface Bounds {
  readonly p50?: number;
  readonly p99?: number;
  readonly cores?: number;
}

/** Milliseconds, and cores that the generator kept busy. */
type Late = Required<Bounds>;

const NAMES: Readonly<Record<keyof Late, string>> = {
  p50: 'lateness p50',
  p99: 'lateness p99',
  cores: 'generator',
};

/**
 * How late requests go out, by the whole command with its live view in a terminal, and by the engine alone. The median
 * of several runs, because maxima are the machine's.
 */
export function run(): Promise<BenchResult> {
  return withTarget(['instant'], async ({ url }) => {
    const free = new URL('/free', url).href;
    const rows: BenchRow[] = [];
    const at = async (what: string, bounds: Bounds, once: () => Promise<Late>) => {
      const runs: Late[] = [];
      while (runs.length < RUNS) runs.push(await once());
      for (const name of ['p50', 'p99', 'cores'] as const)
        rows.push(rowOf(`${NAMES[name]}, ${what}`, name, bounds, runs));
    };
    const view = (rate: number) => async () => {
      const { lateness, generatorCores } = await offerWithView(free, rate, SECONDS);
      return { p50: lateness?.p50 ?? 0, p99: lateness?.p99 ?? 0, cores: generatorCores };
    };
    const alone = (rate: number) => async () => {
      const { lateness, cores } = await offer({ url, rate, durationMs: SECONDS * 1000 });
      return { p50: quantile(lateness, 0.5), p99: quantile(lateness, 0.99), cores };
    };
    const terminal = hasTerminal();
    if (terminal) await at('1000/s, live view', { p50: 0.2, p99: 1, cores: 0.1 }, view(1000));
    else rows.push(withoutTerminal());
    await at('1000/s, engine alone', {}, alone(1000));
    await at('10,000/s, engine alone', { p99: 2, cores: 0.4 }, alone(10_000));
    if (terminal) await at('10,000/s, live view', {}, view(10_000));
    return { name: 'lateness, open loop', rows };
  });
}

function rowOf(what: string, name: keyof Late, bounds: Bounds, runs: readonly Late[]): BenchRow {
  const values = runs.map((run) => run[name]);
  const measured = median(values);
  const bound = bounds[name];
  return {
    what,
    measured: round(measured, 3),
    unit: name === 'cores' ? 'cores' : 'ms',
    target: bound === undefined ? 'for comparison' : `at most ${bound}`,
    ok: bound === undefined || measured <= bound,
    compare: `${round(Math.min(...values), 3)} to ${round(Math.max(...values), 3)} in ${RUNS} runs`,
  };
}

function withoutTerminal(): BenchRow {
  const what = 'lateness, 1000/s, live view';
  return { what, measured: null, unit: '', target: 'measured', ok: false, compare: "needs util-linux' script" };
}
