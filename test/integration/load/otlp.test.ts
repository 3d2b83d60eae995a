import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { CsvOutput } from '../../../src/services/load/outputs/csv.ts';
import { openMetricsExport } from '../../../src/services/load/outputs/otlp/metrics-export.ts';
import type { SweepOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { otlpReceiver, type ReceivedMetric } from '../../support/otlp-receiver.ts';
import { ANSWER, type Outcome, pointOf, refusingUrl, serve, sweep } from './lab.ts';

interface Exported extends Outcome {
  /** Warnings, those of the export among them. */
  readonly warnings: readonly string[];
}

/** A short sweep whose metrics go to `url`. */
async function exported(targetUrl: string, url: string, change: Partial<SweepOptions> = {}): Promise<Exported> {
  const heard: Event[] = [];
  const metrics = openMetricsExport({ url, version: '1.2.3', clock: systemClock, emit: (event) => heard.push(event) });
  const outcome = await sweep(targetUrl, change, {
    outputs: [new CsvOutput(), metrics],
    onEvent: (event) => heard.push(event),
  });
  const warnings = heard.flatMap((event) => (event.type === 'note' && event.level === 'warn' ? [event.text] : []));
  return { ...outcome, warnings };
}

/** Every tenth answer is refused, every seventh is cut off, two hosts share the others. */
async function mixed() {
  let n = 0;
  return serve((request, response) => {
    request.resume().on('end', () => {
      n++;
      if (n % 10 === 0) response.writeHead(503).end('{"detail":"full"}');
      else if (n % 7 === 0) request.socket.destroy();
      else response.end(n % 2 === 0 ? ANSWER.replace('b-1', 'b-2') : ANSWER);
    });
  });
}

const sumOf = (metric: ReceivedMetric | undefined, pick: (attributes: Record<string, unknown>) => boolean) =>
  (metric?.points ?? []).filter(({ attributes }) => pick(attributes)).reduce((sum, each) => sum + (each.value ?? 0), 0);

test('what a collector receives adds up to what the run recorded', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20s3cret');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { url } = await mixed();
  const collector = await otlpReceiver();
  const outcome = await exported(url, `${collector.url}/v1/metrics`, { rates: [100, 50] });
  expect(outcome.warnings).toEqual([]);
  const last = collector.received.at(-1);
  expect(last?.path).toBe('/v1/metrics');
  expect(last?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'content-type': 'application/x-protobuf' });
  expect(last?.resource).toMatchObject({ 'service.name': 'chainctl', 'service.version': '1.2.3' });
  const metrics = last?.metrics ?? {};
  for (const { cumulative, kind } of Object.values(metrics)) expect(cumulative).toBe(kind !== 'gauge');
  expect(outcome.report.points).toHaveLength(2);
  for (const point of outcome.report.points) {
    const own = (attributes: Record<string, unknown>) => attributes['chainctl.point.rate'] === point.rate;
    const requests = metrics['chainctl.load.requests'];
    for (const [name, count] of Object.entries(point.outcomes)) {
      expect(sumOf(requests, (each) => own(each) && each['chainctl.outcome'] === name)).toBe(count);
    }
    for (const [name, count] of Object.entries(point.errorsByClass)) {
      expect(sumOf(requests, (each) => own(each) && each['error.type'] === name)).toBe(count);
    }
    for (const [host, count] of Object.entries(point.hosts)) {
      expect(sumOf(requests, (each) => own(each) && each['chainctl.host'] === host)).toBe(count);
    }
    for (const name of ['gen_ai.client.operation.duration', 'http.client.request.duration', 'chainctl.load.lateness']) {
      const series = metrics[name]?.points.filter(({ attributes }) => own(attributes)) ?? [];
      expect(series.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(point.sent);
      for (const { buckets = [], bounds = [], count } of series) {
        expect(buckets.reduce((sum, each) => sum + each, 0)).toBe(count);
        expect(buckets).toHaveLength(bounds.length + 1);
      }
    }
    const successes = metrics['gen_ai.client.operation.duration']?.points.find(
      ({ attributes }) => own(attributes) && attributes['error.type'] === undefined,
    );
    expect(successes?.count).toBe(point.outcomes.ok);
    expect((successes?.sum ?? 0) / point.outcomes.ok).toBeCloseTo((point.response?.mean ?? 0) / 1000, 5);
    expect(successes?.attributes).toMatchObject({
      'chainctl.run_id': outcome.report.plan.runId,
      'chainctl.tag': 'lab',
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'gen_ai.operation.name': 'text_completion',
    });
  }
  expect(metrics['chainctl.load.in_flight']?.points[0]?.value).toBe(0);
  expect(metrics['gen_ai.client.operation.time_to_first_chunk']).toBeUndefined();
});

test('streamed answers bring their chunks', async () => {
  const { url } = await serve((request, response) => {
    request.resume().on('end', async () => {
      response.setHeader('content-type', 'application/x-ndjson');
      for (const word of ['one ', 'two ', 'three']) {
        response.write(`${JSON.stringify({ response: word, done: false })}\n`);
        await systemClock.sleep(10);
      }
      response.end(`${JSON.stringify({ response: '', done: true, eval_count: 3, host: 'b-1' })}\n`);
    });
  });
  const collector = await otlpReceiver();
  const { stream, outcomes } = pointOf(
    await exported(url.replace('/invoke', '/generate'), collector.url, { rates: [30], stream: true }),
  );
  const metrics = collector.received.at(-1)?.metrics ?? {};
  const first = metrics['gen_ai.client.operation.time_to_first_chunk']?.points[0];
  expect(first?.count).toBe(outcomes.ok);
  expect((first?.sum ?? 0) / outcomes.ok).toBeCloseTo((stream?.ttft?.mean ?? 0) / 1000, 5);
  const next = metrics['gen_ai.client.operation.time_per_output_chunk']?.points[0];
  expect(next?.count).toBe(stream?.itl?.count);
});

test.each(['down', '500', '401', 'hangs'])(
  'a collector that is %s: one note, and the sweep is as without',
  async (how) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20s3cret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const target = await serve((request, response) => void request.resume().on('end', () => response.end(ANSWER)));
    const bad = await serve((request, response) => {
      request.resume();
      if (how !== 'hangs') response.writeHead(Number(how)).end('no s3cret today');
    });
    const url = how === 'down' ? await refusingUrl() : bad.url;
    const outcome = await exported(target.url, url, { rates: [50, 60] });
    expect(outcome.report.status).toBe('complete');
    expect(outcome.report.points.map(({ outcomes, sent }) => [sent, outcomes.ok])).toEqual([
      [30, 30],
      [36, 36],
    ]);
    const [note, ...more] = outcome.warnings.filter((text) => text.includes('metrics'));
    expect(more).toEqual([]);
    const reason = { down: /ECONNREFUSED/, 500: /HTTP 500/, 401: /HTTP 401/, hangs: /timed out|not taken within/ }[how];
    expect(note).toMatch(reason as RegExp);
    expect(note).toContain(`metrics did not reach ${url}`);
    expect(note).toContain('see that something takes OTLP');
    expect(JSON.stringify(outcome.events)).not.toContain('s3cret');
  },
);

test('a header that cannot be sent costs a note as well, which does not repeat it', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=s3cret%0Ainjected');
  onTestFinished(() => void vi.unstubAllEnvs());
  const target = await serve((request, response) => void request.resume().on('end', () => response.end(ANSWER)));
  const collector = await otlpReceiver();
  const { warnings, report } = await exported(target.url, collector.url, { rates: [50] });
  expect(report.status).toBe('complete');
  expect(warnings).toEqual([expect.stringContaining('metrics did not reach')]);
  expect(warnings.join()).not.toContain('s3cret');
});

/** Version 2 cannot, or calls it otherwise. */
const receives = spawnSync('prometheus', ['--help'], { encoding: 'utf8' }).stdout?.includes('enable-otlp-receiver');

test.skipIf(!receives)('Prometheus understands them (skipped without Prometheus 3 on PATH)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chainctl-prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), 'global: {}\n');
  const base = new URL(await refusingUrl()).origin;
  const child = spawn('prometheus', ['--web.enable-otlp-receiver', `--web.listen-address=${new URL(base).host}`], {
    cwd: folder,
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await gone;
    await rm(folder, { recursive: true, force: true });
  });
  const ready = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(ready, { timeout: 30_000 }).toBe(true);
  const { url } = await mixed();
  const outcome = await exported(url, `${base}/api/v1/otlp/v1/metrics`);
  expect(outcome.warnings).toEqual([]);
  const ask = async (query: string) => {
    const answer = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result;
  };
  const byOutcome = await ask('sum by (chainctl_outcome) (chainctl_load_requests_total)');
  const counts = Object.fromEntries(byOutcome.map(({ metric, value }) => [metric.chainctl_outcome, Number(value[1])]));
  expect(counts).toEqual(
    Object.fromEntries(Object.entries(pointOf(outcome).outcomes).filter(([, count]) => count > 0)),
  );
  const [count] = await ask('sum(gen_ai_client_operation_duration_seconds_count)');
  expect(Number(count?.value[1])).toBe(pointOf(outcome).sent);
});
