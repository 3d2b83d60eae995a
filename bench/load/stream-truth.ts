import type { RequestRecord } from '../../src/services/load/engine/request-record.ts';
import { steadyNow } from '../../src/services/load/engine/steady-clock.ts';
import type { LocalGenerator } from '../../src/services/load/generators/local-generator.ts';
import { protocolNamed } from '../../src/services/load/protocols/protocols.ts';
import { Collector } from '../../src/services/load/stats/collector.ts';
import { summarizePoint } from '../../src/services/load/stats/point-summary.ts';
import type { PointSummary } from '../../src/services/load/types.ts';
import type { BenchResult, BenchRow } from '../types.ts';
import { pinToLast } from './affinity.ts';
import { ORDER } from './closed.ts';
import { childrenOf, memoryOf } from './memory.ts';
import { quantile, round } from './numbers.ts';
import { peerRows } from './stream-peers.ts';
import { withStreams } from './target.ts';
import { type StampErrors, stampErrors, toldStreams } from './told-streams.ts';

/** So many streams are opened one after another, and all of them are open for the same time after that. */
const OPEN = [1000, 2500, 5000, 10_000];
const PER_SECOND = 20;
const RAMP_SECONDS = 10;
const OPEN_SECONDS = 5;
const MOST_MB = 200;
/** Milliseconds by which times may be off. */
const WITHIN = { p50: 0.2, p99: 1 };

interface Measured {
  readonly point: PointSummary;
  readonly errors: StampErrors;
  readonly cores: number;
  readonly peakMb: number;
}

/**
 * First token and gaps of many open streams beside when the target wrote them, on two cores with the target, and what the
 * generator needs for that. Where the times are off by more than they may, the point has to say so.
 */
export function run(): Promise<BenchResult> {
  return withStreams(['pace', (RAMP_SECONDS + OPEN_SECONDS) * PER_SECOND, PER_SECOND], async (target) => {
    const where = pinToLast(target.pids);
    const rows: BenchRow[] = [];
    for (const open of OPEN) {
      const measured = await offer(open, target.url, target.truth<Float64Array>);
      const { point, errors, cores, peakMb } = measured;
      const name = `${open} streams of ${PER_SECOND} events/s`;
      const beside = `${point.validity}; ${round(cores, 2)} cores, ${errors.merged} answers with tokens that came together`;
      rows.push(
        ...timeRows(`${name}: first token`, errors.first, point, beside),
        ...timeRows(`${name}: gap`, errors.gaps, point, `${errors.gaps.length} gaps`),
      );
      if (open !== OPEN.at(-1)) continue;
      const peak = { what: `${name}: open at once`, measured: point.peakInFlight, unit: 'streams', target: `${open}` };
      const memory = { what: `${name}: memory`, measured: round(peakMb, 0), unit: 'MB', target: `at most ${MOST_MB}` };
      rows.push(
        { ...peak, ok: point.peakInFlight === open, compare: `${where}; ${JSON.stringify(point.outcomes)}` },
        {
          ...memory,
          ok: peakMb <= MOST_MB,
          compare: 'peak of resident memory of the generator, as it is built',
        },
      );
    }
    const base = new URL('/', target.url).href.replace(/\/$/, '');
    const streamSeconds = RAMP_SECONDS + OPEN_SECONDS;
    rows.push(...(await peerRows({ url: base, streamSeconds, truth: target.truth<Float64Array> })));
    return { name: 'open streams beside when their tokens were written', rows };
  });
}

function timeRows(what: string, sorted: Float64Array, { validity }: PointSummary, compare: string): BenchRow[] {
  const isMarked = validity.startsWith('invalid');
  return (['p50', 'p99'] as const).map((name) => {
    const measured = quantile(sorted, name === 'p50' ? 0.5 : 0.99);
    const isWithin = sorted.length > 0 && measured <= WITHIN[name];
    const target = `off by at most ${WITHIN[name]}, or marked`;
    const value = sorted.length === 0 ? null : round(measured, 3);
    const note = isWithin || !isMarked ? compare : `marked: ${compare}`;
    return { what: `${what}, ${name}`, measured: value, unit: 'ms', target, ok: isWithin || isMarked, compare: note };
  });
}

/** As it is built: from source, 40 MB of a process are the compiler. */
async function builtGenerator(): Promise<LocalGenerator> {
  const built = new URL('../../dist/services/load/generators/local-generator.js', import.meta.url);
  const module: { readonly LocalGenerator: typeof LocalGenerator } = await import(built.href);
  return module.LocalGenerator.start(16);
}

async function offer(open: number, url: string, truth: () => Promise<Float64Array>): Promise<Measured> {
  const before = childrenOf(process.pid);
  const generator = await builtGenerator();
  try {
    const pid = childrenOf(process.pid).find((each) => !before.includes(each)) ?? 0;
    const rate = open / RAMP_SECONDS;
    const durationMs = RAMP_SECONDS * 1000;
    const t0 = steadyNow() + 100;
    const form = { api: 'raw', stream: true };
    const order = { ...ORDER, url, form, rate, durationMs, drainMs: 60_000, maxInFlight: 20_000, t0 };
    const records: RequestRecord[] = [];
    const end = await generator.run(
      order,
      (batch) => void records.push(...batch.records),
      new AbortController().signal,
      0,
    );
    if (end.type === 'lost') throw new Error(`the generator stopped: ${end.why}`);
    const { progress } = end;
    const peakMb = memoryOf(pid).peakRss / 1e6;
    const collected = new Collector(protocolNamed(form.api));
    for (const record of records) collected.add(record);
    const facts = {
      index: 0,
      rate,
      startedAt: '',
      status: 'complete',
      perRequestCsv: '',
      maxInFlight: 20_000,
    } as const;
    const seconds = progress.elapsedMs / 1000;
    const scheduled = progress.sent + progress.dropped;
    const point = summarizePoint(
      { ...facts, scheduled, durationSeconds: RAMP_SECONDS, progress, wallSeconds: seconds },
      collected,
    );
    const errors = stampErrors(records, toldStreams(await truth()), t0);
    return { point, errors, cores: progress.cpuSeconds / seconds, peakMb };
  } finally {
    await generator.close();
  }
}
