import type { RunManifest, SeriesSample } from '../../../src/services/load/record/read-run.ts';
import type { Distribution, PointState, PointSummary, SweepReport } from '../../../src/services/load/types.ts';
import { type DiffOptions, diffRuns, type RunDiff } from '../../../src/services/results/diff.ts';
import type { Chart } from '../../../src/services/results/html/chart.ts';
import { pointCharts } from '../../../src/services/results/html/point-charts.ts';
import type { ReportedRun } from '../../../src/services/results/recorded.ts';

/** A distribution whose median is `ms`, with intervals that narrow with the sample. */
export function distribution(ms: number, count: number, tail = 1): Distribution {
  const at = { p50: ms, p90: ms * (1 + 0.5 * tail), p95: ms * (1 + tail), p99: ms * (1 + 2.25 * tail) };
  const width = 1.2 / Math.sqrt(Math.max(1, count));
  const around = (value: number, spread: number) => [value * (1 - spread), value * (1 + spread)] as const;
  return {
    ...{ ...at, mean: ms * 1.1, min: ms / 2, max: ms * (1 + 3 * tail), count },
    ci: {
      p50: around(at.p50, width),
      p95: around(at.p95, 2 * width),
      ...(count < 300 ? {} : { p99: around(at.p99, 3 * width) }),
    },
  };
}

interface Shape {
  /** Successful answers per second that the target can do. */
  readonly capacity?: number;
  readonly change?: Partial<PointSummary>;
}

/** A point of 10 s against a chain that serves 420 a second and then queues. */
export function pointOf(index: number, rate: number, { capacity = 420, change = {} }: Shape = {}): PointSummary {
  const sent = rate * 10;
  const ok = Math.round(Math.min(sent, capacity * 10));
  const overload = Math.max(0, rate / capacity - 1);
  const median = 5200 * (1 + rate / 2500) * (1 + 3 * overload);
  const failed = sent - ok;
  const response = distribution(median, ok, overload > 0 ? 0.9 : 0.3);
  const state: PointState =
    overload > 0
      ? { state: 'overloaded', reason: 'requests in flight grew by 80 a second', inFlightSlope: 80 }
      : { state: 'steady', reason: "in flight as Little's law says", inFlightSlope: 0.1 };
  return {
    ...{ index, rate, status: 'complete', validity: 'valid', durationSeconds: 10 },
    startedAt: new Date(Date.UTC(2026, 0, 31, 10, 0, 0) + index * 30_000).toISOString(),
    ...{ scheduled: sent, sent, dropped: 0, sentRps: rate, okRps: ok / 10, servedRps: Math.min(rate, capacity) * 0.96 },
    outcomes: { ok, http_error: failed, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 },
    errorsByClass: failed === 0 ? {} : { 503: failed },
    ...{ response, service: response, lateness: distribution(0.2, sent) },
    ...{ peakInFlight: Math.round((rate * median) / 1000), newConnections: rate, generatorCores: 0.05 },
    hosts: { 'b-1': Math.round(ok * 0.4), 'b-2': Math.round(ok * 0.35), 'b-3': Math.round(ok * 0.25) },
    ...{ fairness: { jain: 0.966, maxMin: 1.6 }, state },
    waterfall: {
      ...{ clientWait: 0.2, a: 400, network: 12 + 900 * overload, bModel: 700, count: ok },
      bWait: median * 1.1 - 1112.2 - 900 * overload,
    },
    ...(failed === 0 ? {} : { refusedBy: { load_balancer: failed - 1, b: 1 } }),
    perRequestCsv: `results/aws_chain_rps${rate}.csv`,
    ...change,
  };
}

/** A point of which every request was refused, as {@link readRun} has it. */
export function failedPoint(index: number, rate: number): PointSummary {
  const { response: _r, service: _s, waterfall: _w, state: _st, fairness: _f, ...point } = pointOf(index, rate);
  return {
    ...point,
    ...{ validity: 'failed', okRps: 0, servedRps: 0, hosts: {} },
    outcomes: { ...point.outcomes, ok: 0, http_error: point.sent },
    errorsByClass: { 503: point.sent },
  };
}

/** A point of few, long answers whose engines tell what they did; `waiting` is in B's engine, milliseconds. */
export function toldPoint(
  index: number,
  rate: number,
  waiting: number,
  change: Partial<PointSummary> = {},
): PointSummary {
  return pointOf(index, 1, {
    change: {
      rate,
      ...{ sentRps: rate, okRps: rate, servedRps: rate * 0.9 },
      waterfall: {
        ...{ clientWait: 1, aQueue: 120, aEngineQueue: 10, a: 2900, network: 39, bQueue: 0, bEngineQueue: waiting },
        aWork: { load: 100, prompt: 800, generation: 2000 },
        ...{ bModel: 5200, bWork: { load: 200, prompt: 1500, generation: 3500 }, bWait: 4.5, count: 10 },
      },
      ...change,
    },
  });
}

const RATES = [1, 10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];

export function reportOf(points: readonly PointSummary[], change: Partial<SweepReport> = {}): SweepReport {
  return {
    plan: {
      ...{ runId: '20260131-095900-aws-chain', tag: 'aws', targetUrl: 'http://127.0.0.1:8001/chain', simulated: false },
      ...{ rates: points.map(({ rate }) => rate), durationSeconds: 10, warmupSeconds: 2, timeoutSeconds: 180 },
      ...{ drainSeconds: 120, totalRequests: 55_610, warmupRequests: 11_122, maxInFlight: 9800, estimateSeconds: 156 },
    },
    ...{ points, status: 'complete', summaryCsv: 'results/aws_summary.csv' },
    ...{ runFolder: 'results/20260131-095900-aws-chain', ...change },
  };
}

/** The contract's ladder with everything that can happen to a point: a knee at 400, an invalid, a dirty, a skipped one. */
export function ladder(): SweepReport {
  const special: Readonly<Record<number, Partial<PointSummary>>> = {
    600: { contaminated: 'the probe still took 9.1 s after 60 s of waiting' },
    900: {
      validity: 'invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of the schedule sent)',
      dropped: 200,
    },
  };
  const points = RATES.map((rate, index) => pointOf(index, rate, { change: special[rate] ?? {} }));
  const {
    response: _r,
    lateness: _l,
    service: _s,
    waterfall: _w,
    state: _st,
    fairness: _f,
    ...last
  } = points.pop() as PointSummary;
  const nothing = { ok: 0, http_error: 0, transport_error: 0, timeout: 0, invalid: 0, incomplete: 0 };
  const skipped: PointSummary = {
    ...last,
    ...{ status: 'skipped', validity: 'above the knee', sent: 0, scheduled: 0, sentRps: 0, okRps: 0, servedRps: 0 },
    ...{ outcomes: nothing, errorsByClass: {}, refusedBy: {}, hosts: {}, peakInFlight: 0 },
  };
  return reportOf([...points, skipped], {
    knee: { rate: 400, index: 6, above: 500 },
    slos: [
      {
        ...{ expression: 'p95<9s', passed: false },
        points: points.slice(0, 9).map(({ rate, response }) => ({
          ...{ rate, passed: (response?.p95 ?? 0) < 9000, observed: `${((response?.p95 ?? 0) / 1000).toFixed(2)} s` },
        })),
      },
      { expression: 'ok>10%', passed: true, points: [{ rate: 1, passed: true, observed: '100.0 %' }] },
    ],
  });
}

/** Two seconds of warm-up, the window and some drain of every measured point. */
export function seriesOf(report: SweepReport): SeriesSample[] {
  return report.points.flatMap((point) => {
    if (point.status === 'skipped') return [];
    const answers = Object.values(point.hosts).reduce((sum, count) => sum + count, 0);
    return Array.from({ length: 20 }, (_, at): SeriesSample => {
      const second = at - 2;
      const phase = second < 0 ? 'warmup' : second < 10 ? 'measure' : 'drain';
      const sent = phase === 'drain' ? 0 : point.rate;
      const share = second < 3 ? 0 : Math.min(1, (second - 2) / 5) * (phase === 'drain' ? (18 - second) / 8 : 1);
      const hosts = Object.entries(point.hosts).map(([host, count]) => [
        host,
        Math.round((point.okRps * share * count) / Math.max(1, answers)),
      ]);
      return {
        ...{ index: point.index, rate: point.rate, second, phase, sent, ok: Math.round(point.okRps * share) },
        ...{ failed: Math.round((point.outcomes.http_error / 10) * share), hosts: Object.fromEntries(hosts) },
        inFlight: Math.round(
          point.peakInFlight * Math.max(0, Math.min(1, (second + 2) / 8) * (phase === 'drain' ? (18 - second) / 8 : 1)),
        ),
        ...(share === 0 ? {} : { p50: point.response?.p50 ?? 0, p99: point.response?.p99 ?? 0 }),
        latenessP99: 0.3,
      };
    });
  });
}

export function recordedRun(change: Partial<SweepReport> = {}): ReportedRun {
  const report = { ...ladder(), ...change };
  const { runId } = report.plan;
  const manifest: RunManifest = {
    ...{
      runId,
      plan: report.plan,
      status: 'complete' as const,
      version: '0.1.0',
      node: 'v26.10.0',
      platform: 'linux-x64',
    },
    ...{ startedAt: '2026-01-31T10:00:00.000Z', endedAt: '2026-01-31T10:06:30.500Z' },
    machine: { cpus: 2, cpuModel: 'A processor', memoryBytes: 8 * 2 ** 30 },
    commandLine: ['load', '--tag', 'aws'],
  };
  return { report, series: seriesOf(report), manifest };
}

/** Compares runs with the same settings. */
export function diffReports(a: SweepReport, b: SweepReport, change: Partial<DiffOptions> = {}): RunDiff {
  const manifest = { settings: { stream: false }, settingsVersion: 2 };
  const options = { tolerance: 0.02, anyTarget: false, anyWorkload: false, ...change };
  return diffRuns({ report: a, manifest }, { report: b, manifest }, options);
}

/** The chart of a report's points with an id, where there is one. */
export function chartOf(report: SweepReport, id: string): Chart | undefined {
  return pointCharts(report).find((chart) => chart.id === id);
}
