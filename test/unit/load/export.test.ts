import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { Histogram } from '../../../src/services/load/outputs/otlp/histogram.ts';
import { LoadMetrics, type MetricFamily } from '../../../src/services/load/outputs/otlp/load-metrics.ts';
import { metricData } from '../../../src/services/load/outputs/otlp/otlp-sender.ts';
import type { PointSummary, SweepPlan, SweepTick } from '../../../src/services/load/types.ts';

const plan = {
  runId: '20260131-095900-lab-chain',
  tag: 'lab',
  targetUrl: 'https://chain.example/chain',
  simulated: true,
} as SweepPlan;

const record = (change: Partial<RequestRecord> = {}): RequestRecord => ({
  index: 0,
  intendedMs: 0,
  latenessMs: 1,
  serviceMs: 40,
  outcome: 'ok',
  class: 'ok',
  status: 200,
  error: '',
  ...change,
});

const begun = () => {
  const metrics = new LoadMetrics();
  metrics.handle({ type: 'sweep-started', plan });
  return metrics;
};
const family = (metrics: LoadMetrics, name: string): MetricFamily | undefined =>
  metrics.families().find(({ metric }) => metric.name === name);
const value = (metrics: LoadMetrics, name: string) => family(metrics, name)?.points[0]?.value;

describe('the metrics of a sweep', () => {
  it('have the names and units of the conventions', () => {
    const metrics = begun();
    metrics.add(5, [record({ ttft_ms: 10, itl_ms: [5] })]);
    expect(metrics.families().map(({ kind, metric: { name, unit } }) => `${kind} ${name} ${unit}`)).toEqual([
      'histogram gen_ai.client.operation.duration s',
      'histogram gen_ai.client.operation.time_to_first_chunk s',
      'histogram gen_ai.client.operation.time_per_output_chunk s',
      'histogram http.client.request.duration s',
      'histogram chainctl.load.lateness s',
      'counter chainctl.load.requests {request}',
      'counter chainctl.load.dropped {request}',
      'gauge chainctl.load.offered_rate {request}/s',
      'gauge chainctl.load.sent_rate {request}/s',
      'gauge chainctl.load.in_flight {request}',
    ]);
  });

  it('have what each hop did with a request, by phase, where its answer tells', () => {
    const metrics = begun();
    const figures = { a_queue_seconds: 0.5, b_load_seconds: 0.125, b_generation_seconds: 4 };
    metrics.add(5, [
      record({ figures }),
      record({ figures: { total_seconds: 1 } }),
      record({ outcome: 'invalid', figures }),
    ]);
    const found = family(metrics, 'chainctl.load.phase.duration');
    const points = found?.kind === 'histogram' ? found.points : [];
    expect(
      points.map(({ attributes, value: { sum, count } }) => [
        attributes['chainctl.hop'],
        attributes['chainctl.phase'],
        ...[sum, count],
      ]),
    ).toEqual([
      ['a', 'queue', 0.5, 1],
      ['b', 'load', 0.125, 1],
      ['b', 'generation', 4, 1],
    ]);
  });

  it('are nothing before it has begun', () => {
    expect(new LoadMetrics().families()).toEqual([]);
  });

  it('count response time from the intended time, service time from the sending, in seconds', () => {
    const metrics = begun();
    metrics.add(5, [record({ latenessMs: 250, serviceMs: 500, ttft_ms: 100, itl_ms: [125, 375] })]);
    const sums = (name: string) => {
      const found = family(metrics, name);
      return found?.kind === 'histogram' ? found.points.map(({ value: { sum, count } }) => [sum, count]) : undefined;
    };
    expect(sums('gen_ai.client.operation.duration')).toEqual([[0.75, 1]]);
    expect(sums('http.client.request.duration')).toEqual([[0.5, 1]]);
    expect(sums('chainctl.load.lateness')).toEqual([[0.25, 1]]);
    expect(sums('gen_ai.client.operation.time_to_first_chunk')).toEqual([[0.35, 1]]);
    expect(sums('gen_ai.client.operation.time_per_output_chunk')).toEqual([[0.5, 2]]);
  });

  it('have a series per point and ending, and per host for the requests', () => {
    const metrics = begun();
    const refused = record({ outcome: 'http_error', class: '503', status: 503 });
    metrics.add(5, [record({ host: 'b-1' }), record({ host: 'b-2' }), refused]);
    const lost = record({ outcome: 'incomplete', class: 'generator-lost', status: 0 });
    const { latenessMs: _, serviceMs: __, ...unheard } = lost;
    metrics.add(10, [unheard]);
    const own = { 'chainctl.run_id': plan.runId, 'chainctl.tag': 'lab', 'chainctl.simulated': true };
    const target = { 'server.address': 'chain.example', 'server.port': 443 };
    const at5 = { ...own, ...target, 'chainctl.point.rate': 5 };
    expect(family(metrics, 'chainctl.load.requests')?.points).toEqual([
      {
        value: 1,
        attributes: { ...at5, 'chainctl.outcome': 'ok', 'http.response.status_code': 200, 'chainctl.host': 'b-1' },
      },
      {
        value: 1,
        attributes: { ...at5, 'chainctl.outcome': 'ok', 'http.response.status_code': 200, 'chainctl.host': 'b-2' },
      },
      {
        value: 1,
        attributes: {
          ...at5,
          'chainctl.outcome': 'http_error',
          'http.response.status_code': 503,
          'error.type': '503',
        },
      },
      {
        value: 1,
        attributes: {
          ...at5,
          'chainctl.point.rate': 10,
          'chainctl.outcome': 'incomplete',
          'error.type': 'generator-lost',
        },
      },
    ]);
    // A request of whose end nobody heard took no time that anybody knows.
    expect(family(metrics, 'gen_ai.client.operation.duration')?.points.map(({ attributes }) => attributes)).toEqual([
      { ...at5, 'gen_ai.operation.name': 'invoke_workflow' },
      { ...at5, 'gen_ai.operation.name': 'invoke_workflow', 'error.type': '503' },
    ]);
  });

  it('stay few whatever the network says, and lose nothing', () => {
    const metrics = begun();
    metrics.add(
      5,
      Array.from({ length: 1000 }, (_, i) =>
        record({ outcome: 'transport_error', class: `E${i}`, status: 0, host: `host-${i}` }),
      ),
    );
    metrics.add(5, [record()]);
    const durations = family(metrics, 'gen_ai.client.operation.duration');
    expect(durations?.points.length).toBeLessThanOrEqual(56);
    expect(durations?.points.some(({ attributes }) => attributes['error.type'] === '_OTHER')).toBe(true);
    const requests = family(metrics, 'chainctl.load.requests');
    expect(requests?.points.length).toBeLessThan(200);
    expect(requests?.points.reduce((sum, { value: each }) => sum + Number(each), 0)).toBe(1001);
    // What was added last is a success, and was never counted as anything else.
    const ok = requests?.points.filter(({ attributes }) => attributes['chainctl.outcome'] === 'ok');
    expect(ok?.map(({ value: each }) => each)).toEqual([1]);
  });

  it('show what is offered now, and nothing of it after a point', () => {
    const metrics = begun();
    const gauges = () =>
      ['offered_rate', 'sent_rate', 'in_flight'].map((name) => value(metrics, `chainctl.load.${name}`));
    const tick = { index: 0, rate: 5, sentPerSecond: 4.9, inFlight: 3 } as SweepTick;
    expect(gauges()).toEqual([0, 0, 0]);
    metrics.handle({ type: 'sweep-tick', tick: { ...tick, phase: 'measure' } });
    expect(gauges()).toEqual([5, 4.9, 3]);
    metrics.handle({ type: 'sweep-tick', tick: { ...tick, phase: 'drain', sentPerSecond: 0 } });
    expect(gauges()).toEqual([0, 0, 3]);
    metrics.handle({ type: 'point-done', point: { rate: 5, dropped: 7, status: 'complete' } as PointSummary });
    expect(gauges()).toEqual([0, 0, 0]);
    expect(value(metrics, 'chainctl.load.dropped')).toBe(7);
    metrics.handle({ type: 'point-done', point: { rate: 9, dropped: 0, status: 'skipped' } as PointSummary });
    expect(family(metrics, 'chainctl.load.dropped')?.points).toHaveLength(1);
  });

  it('reach 655 s, and begin as the conventions advise', () => {
    const metrics = begun();
    metrics.add(5, [record()]);
    const bounds = (name: string) => {
      const found = family(metrics, name);
      return found?.kind === 'histogram' ? found.metric.boundaries : [];
    };
    expect(bounds('gen_ai.client.operation.duration')).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36,
    ]);
    expect(bounds('http.client.request.duration').at(-1)).toBeGreaterThan(655);
  });
});

describe('a histogram', () => {
  it('puts a value at a bound below it, and one above all of them into the last bucket', () => {
    const histogram = new Histogram([1, 2]);
    for (const each of [0, 1, 1.5, 2, 2.1, 900]) histogram.add(each);
    const before = histogram.value;
    histogram.add(1);
    const buckets = { boundaries: [1, 2], counts: [2, 2, 2] };
    expect(before).toEqual({ buckets, sum: 906.6, count: 6, min: 0, max: 900 });
  });
});

describe("OTLP's form", () => {
  const span = { startedAt: 1_700_000_000_250, now: 1_700_000_005_000 };
  const metric = { name: 'x', unit: 's', description: 'd' };

  it('has cumulative monotonic sums, and both times', () => {
    const points = [{ attributes: { a: 1 }, value: 3 }];
    expect(metricData({ kind: 'counter', metric, points }, span)).toMatchObject({
      descriptor: metric,
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [{ startTime: [1_700_000_000, 250_000_000], endTime: [1_700_000_005, 0], value: 3 }],
    });
    expect(metricData({ kind: 'gauge', metric, points }, span)).not.toHaveProperty('isMonotonic');
  });

  it('has the buckets of a histogram', () => {
    const filled = new Histogram([1]);
    filled.add(3);
    const family = {
      kind: 'histogram',
      metric: { ...metric, boundaries: [1] },
      points: [{ attributes: {}, value: filled.value }],
    } as const;
    expect(metricData(family, span).dataPoints[0]?.value).toEqual({
      buckets: { boundaries: [1], counts: [0, 1] },
      sum: 3,
      count: 1,
      min: 3,
      max: 3,
    });
  });
});
