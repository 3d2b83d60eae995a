import type { Histogram as HistogramValue } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/services/load/engine/request-record.ts';
import { LoadMetrics } from '../../../src/services/load/outputs/otlp/load-metrics.ts';
import { Histogram } from '../../../src/services/load/outputs/otlp/series.ts';
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

const begun = () => new LoadMetrics(plan);
const sent = (metrics: LoadMetrics) => metrics.series.metricData(1_700_000_000_250, 1_700_000_005_000);
const found = (metrics: LoadMetrics, name: string) => sent(metrics).find(({ descriptor }) => descriptor.name === name);
/** The series of one metric, without their times. */
const series = <T = number>(metrics: LoadMetrics, name: string) =>
  found(metrics, name)?.dataPoints.map(({ attributes, value }) => ({ attributes, value: value as T }));
const value = (metrics: LoadMetrics, name: string) => series(metrics, name)?.[0]?.value;

describe('the metrics of a sweep', () => {
  it('have the names and units of the conventions', () => {
    const metrics = begun();
    metrics.add(5, [record({ ttft_ms: 10, itl_ms: [5] })]);
    const kinds = ['histogram', 'exponential', 'gauge', 'counter'];
    expect(
      sent(metrics).map(({ dataPointType, descriptor: { name, unit } }) => `${kinds[dataPointType]} ${name} ${unit}`),
    ).toEqual([
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
    expect(
      series<HistogramValue>(metrics, 'chainctl.load.phase.duration')?.map(({ attributes, value: { sum, count } }) => [
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

  it('count response time from the intended time, service time from the sending, in seconds', () => {
    const metrics = begun();
    metrics.add(5, [record({ latenessMs: 250, serviceMs: 500, ttft_ms: 100, itl_ms: [125, 375] })]);
    const sums = (name: string) =>
      series<HistogramValue>(metrics, name)?.map(({ value: { sum, count } }) => [sum, count]);
    expect(sums('gen_ai.client.operation.duration')).toEqual([[0.75, 1]]);
    expect(sums('http.client.request.duration')).toEqual([[0.5, 1]]);
    expect(sums('chainctl.load.lateness')).toEqual([[0.25, 1]]);
    expect(sums('gen_ai.client.operation.time_to_first_chunk')).toEqual([[0.35, 1]]);
    expect(sums('gen_ai.client.operation.time_per_output_chunk')).toEqual([[0.5, 2]]);
  });

  it('count tokens by type, estimates apart, and the time of one', () => {
    const metrics = begun();
    const figures = { prompt_tokens: 9, output_tokens: 7 };
    metrics.add(5, [
      record({ figures, tpot_ms: 250 }),
      record({ figures: { output_tokens: 5 }, tokens_estimated: true }),
    ]);
    metrics.add(5, [record({ outcome: 'invalid', figures })]);
    expect(
      series<HistogramValue>(metrics, 'gen_ai.client.token.usage')?.map(({ attributes, value: { sum } }) => [
        ...[attributes['gen_ai.token.type'], attributes['chainctl.tokens.estimated'], sum],
      ]),
    ).toEqual([
      ['output', true, 5],
      ['input', undefined, 9],
      ['output', undefined, 7],
    ]);
    expect(series<HistogramValue>(metrics, 'chainctl.load.time_per_output_token')?.[0]?.value.sum).toBe(0.25);
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
    expect(series(metrics, 'chainctl.load.requests')).toEqual([
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
    const operation = { 'gen_ai.operation.name': 'invoke_workflow', 'gen_ai.provider.name': 'chainctl' };
    // A request of whose end nobody heard took no time that anybody knows.
    expect(series(metrics, 'gen_ai.client.operation.duration')?.map(({ attributes }) => attributes)).toEqual([
      { ...at5, ...operation },
      { ...at5, ...operation, 'error.type': '503' },
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
    const durations = series(metrics, 'gen_ai.client.operation.duration');
    expect(durations?.length).toBeLessThanOrEqual(56);
    expect(durations?.some(({ attributes }) => attributes['error.type'] === '_OTHER')).toBe(true);
    const requests = series(metrics, 'chainctl.load.requests');
    expect(requests?.length).toBeLessThan(200);
    expect(requests?.reduce((sum, { value: each }) => sum + Number(each), 0)).toBe(1001);
    // What was added last is a success, and was never counted as anything else.
    const ok = requests?.filter(({ attributes }) => attributes['chainctl.outcome'] === 'ok');
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
    expect(series(metrics, 'chainctl.load.dropped')).toHaveLength(1);
  });

  it('reach 655 s, and begin as the conventions advise', () => {
    const metrics = begun();
    metrics.add(5, [record()]);
    const bounds = (name: string) => series<HistogramValue>(metrics, name)?.[0]?.value.buckets.boundaries;
    expect(bounds('gen_ai.client.operation.duration')).toEqual([
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36,
    ]);
    expect(bounds('http.client.request.duration')?.at(-1)).toBeGreaterThan(655);
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
  it('has cumulative monotonic sums, and both times', () => {
    const metrics = begun();
    metrics.add(5, [record()]);
    expect(found(metrics, 'chainctl.load.requests')).toMatchObject({
      descriptor: { unit: '{request}', description: 'Requests that ended, by outcome' },
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [{ startTime: [1_700_000_000, 250_000_000], endTime: [1_700_000_005, 0], value: 1 }],
    });
    expect(found(metrics, 'chainctl.load.in_flight')).not.toHaveProperty('isMonotonic');
  });

  it('has the buckets of a histogram', () => {
    const metrics = begun();
    metrics.add(5, [record({ latenessMs: 20_000 })]);
    const bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    expect(value(metrics, 'chainctl.load.lateness')).toEqual({
      buckets: { boundaries: bounds, counts: [...bounds.map(() => 0), 1] },
      ...{ sum: 20, count: 1, min: 20, max: 20 },
    });
  });
});
