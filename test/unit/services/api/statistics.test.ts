import { expect, test } from 'vitest';
import { Series } from '../../../../templates/services/common/api/statistics.ts';
import { clientGone, Problem } from '../../../../templates/services/common/problem.ts';

function series() {
  const clock = { now: 0 };
  const each = new Series(
    () => 3,
    () => clock.now,
    new Date(0),
  );
  const succeed = (seconds: number, firstTokenSeconds?: number) =>
    each.run(Promise.resolve(), () => ({ seconds, firstTokenSeconds, inputTokens: 2, outputTokens: 5 }));
  return { clock, each, succeed };
}

test('without samples figures are null, and nothing is left out', () => {
  expect(series().each.describe()).toEqual({
    p50_latency: null,
    p99_latency: null,
    average_latency: null,
    p50_latency_first_token: null,
    p99_latency_first_token: null,
    average_latency_first_token: null,
    p95_latency: null,
    requests: 0,
    errors: 0,
    in_flight: 0,
    queued: 3,
    input_tokens: 0,
    output_tokens: 0,
    samples: 0,
    window_seconds: 300,
    since: '1970-01-01T00:00:00.000Z',
  });
});

test('percentiles are of the nearest rank', async () => {
  const { each, succeed } = series();
  for (let at = 1; at <= 100; at++) await succeed(at, at > 98 ? at / 100 : undefined);
  expect(each.describe()).toMatchObject({
    p50_latency: 50,
    p95_latency: 95,
    p99_latency: 99,
    average_latency: 50.5,
    p50_latency_first_token: 0.99,
    p99_latency_first_token: 1,
    samples: 100,
    requests: 100,
    input_tokens: 200,
    output_tokens: 500,
  });
});

test('what ended more than 300 s ago, and all but the newest 10,000, counts only since the start', async () => {
  const { clock, each, succeed } = series();
  await succeed(1);
  clock.now = 300_001;
  await succeed(2);
  expect(each.describe()).toMatchObject({ samples: 1, p50_latency: 2, requests: 2 });
  for (let at = 0; at < 10_000; at++) await succeed(3);
  expect(each.describe()).toMatchObject({ samples: 10_000, p50_latency: 3, average_latency: 3, requests: 10_002 });
});

test('failures are counted, callers who left are not failures', async () => {
  const { each } = series();
  const success = () => ({ seconds: 1 });
  let end = () => {};
  const running = each.run(new Promise<void>((resolve) => (end = resolve)), success);
  await expect(each.run(Promise.reject(new Problem(502, 'x')), success)).rejects.toThrow('x');
  await expect(each.run(Promise.reject(clientGone()), success)).rejects.toThrow();
  expect(each.describe()).toMatchObject({ requests: 3, errors: 1, in_flight: 1, samples: 0 });
  end();
  await running;
  expect(each.describe()).toMatchObject({ in_flight: 0, samples: 1 });
});
