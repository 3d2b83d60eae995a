import { describe, expect, test } from 'vitest';
import { bodyOf as wholeBody } from '../../../src/services/load/bodies.ts';
import { localPorts } from '../../../src/services/load/engine/local-ports.ts';
import { RecordWriter, readColumns } from '../../../src/services/load/engine/record-columns.ts';
import { RequestTemplate } from '../../../src/services/load/engine/request-template.ts';
import { steadyNow } from '../../../src/services/load/engine/steady-clock.ts';
import { sweepGenerators } from '../../../src/services/load/generators/plan-generators.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { remembering } from '../../../src/services/load/protocols/answers.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';

describe('records as columns', () => {
  test('come back as they went in, in every shape', () => {
    const writer = new RecordWriter();
    const figures = { total_seconds: 0, output_tokens: 12 };
    writer.add(3, 0.3, 0.1, 5, 200, { outcome: 'ok', class: 'ok', error: '', host: 'b-1', figures });
    writer.add(4, 0.4, 0.2, 6, 503, { outcome: 'http_error', class: '503', error: 'HTTP 503: no' });
    writer.add(5, 0.5, 0.3, 7, 0, { outcome: 'transport_error', class: 'ECONNREFUSED', error: 'refused' });
    const counts = { events: 4, reads: 3, lateReads: 1, firstLateMs: 1.5, withoutDone: false };
    const times = { ttftMs: 20, reasoningMs: 10, tpotMs: 1.5, gaps: Float32Array.of(1, 2.5) };
    const hops = [
      { name: 'a', ttft_ms: 20, itl_ms: [1] },
      { name: 'b', ttft_ms: 23.5, itl_ms: [] },
    ];
    const none = { ttftMs: undefined, reasoningMs: undefined, tpotMs: undefined, gaps: new Float32Array() };
    const unseen = { events: 0, reads: 0, lateReads: 0, firstLateMs: 0, withoutDone: true };
    writer.add(
      6,
      0.6,
      0.4,
      8,
      200,
      { outcome: 'ok', class: 'ok', error: '', host: 'b-1', finish: 'stop', tokens_estimated: true },
      { ...times, ...counts, hops },
    );
    writer.add(7, 0.7, 0.5, 9, 0, { outcome: 'timeout', class: 'timeout', error: 'late' }, { ...none, ...unseen });
    const columns = structuredClone(writer.take());
    expect(readColumns(columns)).toEqual([
      {
        index: 3,
        intendedMs: 0.3,
        latenessMs: 0.1,
        serviceMs: 5,
        outcome: 'ok',
        class: 'ok',
        status: 200,
        error: '',
        host: 'b-1',
        figures,
      },
      {
        index: 4,
        intendedMs: 0.4,
        latenessMs: 0.2,
        serviceMs: 6,
        outcome: 'http_error',
        class: '503',
        status: 503,
        error: 'HTTP 503: no',
      },
      {
        index: 5,
        intendedMs: 0.5,
        latenessMs: 0.3,
        serviceMs: 7,
        outcome: 'transport_error',
        class: 'ECONNREFUSED',
        status: 0,
        error: 'refused',
      },
      {
        index: 6,
        intendedMs: 0.6,
        latenessMs: 0.4,
        serviceMs: 8,
        outcome: 'ok',
        class: 'ok',
        status: 200,
        error: '',
        host: 'b-1',
        finish: 'stop',
        tokens_estimated: true,
        ttft_ms: 20,
        reasoning_ttft_ms: 10,
        tpot_ms: 1.5,
        itl_ms: [1, 2.5],
        hops,
        stream: counts,
      },
      {
        index: 7,
        intendedMs: 0.7,
        latenessMs: 0.5,
        serviceMs: 9,
        outcome: 'timeout',
        class: 'timeout',
        status: 0,
        error: 'late',
        stream: unseen,
      },
    ]);
    expect(readColumns(writer.take())).toEqual([]);
  });

  test('as many as a batch holds, with figures and labels that begin late', () => {
    const writer = new RecordWriter();
    for (let i = 0; !writer.full; i++) {
      const figures = i > 700 ? { figures: { total_seconds: i } } : {};
      writer.add(i, i, 0, 0, 200, { outcome: 'ok', class: 'ok', error: '', host: `b-${i % 9}`, ...figures });
    }
    const columns = writer.take();
    expect(columns.labels).toHaveLength(9);
    const records = readColumns(columns);
    expect(records).toHaveLength(1000);
    expect(writer.full).toBe(false);
    expect(records[700]).not.toHaveProperty('figures');
    expect(records[999]).toMatchObject({ index: 999, host: 'b-0', figures: { total_seconds: 999 } });
  });
});

describe('requests', () => {
  const url = 'http://127.0.0.1:8001/chain?x=1';
  const make = (prompt: string, stream = false) =>
    new RequestTemplate({
      form: { api: 'raw', stream },
      url,
      prompt,
      seed: 0x11111111,
      series: 1111111111,
      timeoutMs: 1499.2,
      rate: 10,
    });

  const bodyOf = (template: RequestTemplate) => (index: number) =>
    template.request(index).toString().split('\r\n\r\n')[1] ?? '';

  test('are whole, have the length that they say, and differ', () => {
    const template = make(`${DEFAULT_PROMPT} "ä€😀"`);
    const traces = new Set<string>();
    const prompts = new Set<string>();
    const lengths = new Set<number>();
    for (const index of [-12, -1, 0, 1, 11, 12, 1111111111, 9_999_999_999]) {
      const request = template.request(index).toString('latin1');
      const [head, body] = request.split('\r\n\r\n') as [string, string];
      expect(head.startsWith('POST /chain?x=1 HTTP/1.1\r\nhost: 127.0.0.1:8001\r\n')).toBe(true);
      expect(head).toContain(`content-length: ${body.length}`);
      const { prompt } = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
      expect(prompt.endsWith('"ä€😀"')).toBe(true);
      prompts.add(prompt);
      lengths.add(request.length);
      const trace = /^traceparent: (00-([0-9a-f]{32})-([0-9a-f]{16})-0[01])$/m.exec(head);
      expect(trace).not.toBeNull();
      expect(trace?.[3]).not.toBe('0'.repeat(16));
      traces.add(trace?.[2] ?? '');
    }
    expect([prompts.size, traces.size, lengths.size]).toEqual([8, 8, 1]);
    const text = { prompt: `${DEFAULT_PROMPT} "ä€😀"`, seed: 0x11111111, series: 1111111111 };
    const whole = wholeBody({ form: { api: 'raw', stream: false }, ...text }, -12);
    expect(bodyOf(template)(-12)).toBe(whole);
  });

  test('say how long an answer is waited for', () => {
    const template = make(DEFAULT_PROMPT);
    expect(template.request(1).toString()).toContain('\r\nx-request-timeout-ms: 1500\r\n');
  });

  test('ask for a stream where one is wanted', () => {
    expect(JSON.parse(bodyOf(make(DEFAULT_PROMPT, true))(1))).toMatchObject({ stream: true });
    expect(JSON.parse(bodyOf(make(DEFAULT_PROMPT))(1))).not.toHaveProperty('stream');
  });
});

test('how many generators a sweep takes', () => {
  const planGenerators = ({ rate, expectedInFlight, stream, ...machine }: typeof needs & { stream?: boolean }) =>
    sweepGenerators(
      {
        ...{ targetUrl: 'http://127.0.0.1:1/chain', tag: 'lab', rates: [1, rate], maxInFlight: expectedInFlight },
        ...(stream === undefined ? {} : { stream }),
        ...{ durationSeconds: 1e6, warmupSeconds: 0, timeoutSeconds: 180, drainSeconds: 180 },
      },
      machine,
    );
  const needs: { cores: number; rate: number; expectedInFlight: number; descriptorLimit: number | undefined } = {
    ...{ cores: 2, rate: 1000, expectedInFlight: 1000, descriptorLimit: 20_000 },
  };
  expect(planGenerators(needs)).toEqual({ processes: 1, nurseryMb: 16, maxInFlight: 19_936, reason: '' });
  expect(planGenerators({ ...needs, expectedInFlight: 30_000 })).toMatchObject({
    processes: 2,
    nurseryMb: 4,
    maxInFlight: 39_872,
    reason: expect.stringContaining('descriptors'),
  });
  expect(planGenerators({ ...needs, rate: 100_000 }).processes).toBe(1);
  expect(planGenerators({ ...needs, rate: 100_000, cores: 8 })).toMatchObject({ processes: 4 });
  expect(planGenerators({ ...needs, cores: 8, stream: true })).toMatchObject({
    processes: 4,
    reason: 'some 200000 tokens per second are more than one process reads on time',
  });
  expect(planGenerators({ ...needs, descriptorLimit: undefined, expectedInFlight: 1e6 }).processes).toBe(1);
  expect(planGenerators({ ...needs, descriptorLimit: 10, expectedInFlight: 1e6 }).processes).toBe(32);
});

test('source ports: within bounds, none twice before all were used, none shared between generators', () => {
  const seen = new Set<number>();
  for (const index of [0, 1, 2]) {
    const next = localPorts({ index, count: 3 }, [32_768, 33_000], 0);
    for (let i = 0; i < 7000; i++) seen.add(next());
  }
  expect(seen.size).toBe(21_000);
  expect(Math.min(...seen)).toBeGreaterThanOrEqual(10_240);
  expect(Math.max(...seen)).toBe(33_000);
});

test('the clock is the machine clock', () => {
  for (let i = 0; i < 100; i++) {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = steadyNow();
    expect(now).toBeGreaterThan(before - 0.1);
    expect(now).toBeLessThan(Number(process.hrtime.bigint()) / 1e6 + 0.1);
  }
});

test('an answer like the one before is judged alike, and one that differs is not', () => {
  const verdict = remembering(protocolNamed('raw').judge);
  expect(verdict(200, '{"host":"b-1"}')).toBe(verdict(200, '{"host":"b-1"}'));
  expect(verdict(200, '{"host":"b-2"}').host).toBe('b-2');
  expect(verdict(503, '{"host":"b-2"}').outcome).toBe('http_error');
});
