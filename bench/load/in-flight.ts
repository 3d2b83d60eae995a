import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { PointSummary } from '../../src/services/load/types.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { childrenOf, memoryOf } from './memory.ts';
import { round } from './numbers.ts';
import { inFolder } from './sweep.ts';
import { withTarget } from './target.ts';

const SERVICE_SECONDS = 30;
const SECONDS = 40;
const RATE = 1000;
const DRAIN_SECONDS = 35;
const MAX_IN_FLIGHT = 34_000;
/** Looking at a large process stops it for a moment. */
const LOOK_MS = 1000;

/** Megabytes. */
interface Footprint {
  /** Peak of what all used together. */
  readonly all: number;
  /** The sweep's part of that. */
  readonly sweep: number;
  readonly peakRss: readonly number[];
}

/** 1000 requests per second against a server that takes 30 s, for 40 s: 30,000 open at once. */
export function run(): Promise<BenchResult> {
  return withTarget(
    ['delay', String(SERVICE_SECONDS * 1000)],
    async ({ url }) => {
      const { point, memory } = await offer(new URL('/free', url).href);
      const { outcomes, scheduled, dropped, lateness, peakInFlight } = point;
      const lost = scheduled - outcomes.ok;
      const open = RATE * SERVICE_SECONDS;
      const megabytes = (what: string, value: number, rest: Partial<BenchRow>): BenchRow => {
        return { what, measured: round(value, 0), unit: 'MB', target: 'for comparison', ok: true, ...rest };
      };
      const [sweepRss = 0, ...generatorRss] = memory.peakRss;
      return {
        name: `${RATE} requests/s against ${SERVICE_SECONDS} s, for ${SECONDS} s`,
        rows: [
          {
            what: 'open at once',
            measured: peakInFlight,
            unit: 'requests',
            target: `about ${open}`,
            ok: peakInFlight >= open * 0.98,
          },
          {
            what: 'lost, failed or dropped',
            measured: lost,
            unit: 'requests',
            target: `at most ${scheduled / 10_000}`,
            ok: lost <= scheduled / 10_000,
            compare: `${dropped} dropped, ${JSON.stringify(point.errorsByClass)}; ${point.validity}`,
          },
          megabytes('memory in all, peak', memory.all, {
            target: 'at most 350',
            ok: memory.all <= 350,
            compare: `sweep ${round(memory.sweep, 0)}, ${generatorRss.length} generators the rest; shared pages once (PSS)`,
          }),
          megabytes('sum of the peaks of resident memory', sum(memory.peakRss), {
            compare: `sweep ${round(sweepRss, 0)}, generators ${generatorRss.map((each) => round(each, 0)).join(' and ')}; shared pages each time`,
          }),
          {
            what: 'lateness p99',
            measured: round(lateness?.p99 ?? 0, 2),
            unit: 'ms',
            target: 'at most 10',
            ok: lateness !== undefined && lateness.p99 <= 10,
          },
        ],
      };
    },
    2,
  );
}

async function offer(url: string): Promise<{ readonly point: PointSummary; readonly memory: Footprint }> {
  return inFolder(async (folder) => {
    const numbers = [RATE, SECONDS, DRAIN_SECONDS, MAX_IN_FLIGHT].map(String);
    const module = new URL('./in-flight-process.ts', import.meta.url);
    const child = fork(module, [url, folder, ...numbers], { execArgv: [] });
    let point: PointSummary | undefined;
    child.on('message', (message: { point?: PointSummary }) => {
      point = message.point;
    });
    const peaks = new Map<number, number>();
    let memory: Footprint = { all: 0, sweep: 0, peakRss: [] };
    const look = setInterval(() => {
      const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
      const seen = pids.map(memoryOf);
      // Those that have ended keep the peak that they had.
      for (const [i, each] of seen.entries()) {
        peaks.set(pids[i] ?? 0, Math.max(each.peakRss / 1e6, peaks.get(pids[i] ?? 0) ?? 0));
      }
      const pss = seen.map((each) => each.pss / 1e6);
      const all = sum(pss);
      const peakRss = [...peaks.values()];
      memory = all > memory.all ? { all, sweep: pss[0] ?? 0, peakRss } : { ...memory, peakRss };
    }, LOOK_MS);
    try {
      await once(child, 'exit');
    } finally {
      clearInterval(look);
      child.kill('SIGKILL');
    }
    if (point === undefined) throw new Error('the point ended without a result');
    return { point, memory };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
