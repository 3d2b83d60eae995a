import { describe, expect, test } from 'vitest';
import type { ChainClient } from '../../../src/services/chain/client.ts';
import type { Clock } from '../../../src/services/clock.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { redirectOf } from '../../../src/services/load/sweep/health.ts';
import { measureBaseline, type Probe, prober, waitUntilCalm } from '../../../src/services/load/sweep/probe.ts';
import { planSweep, predictInFlight, predictions } from '../../../src/services/load/sweep/sweep-plan.ts';

const { signal } = new AbortController();

/** A clock that only moves when somebody waits, and probes that take what is told. */
function held(times: (number | string)[]) {
  let now = 0;
  const sleep = async (ms: number) => {
    now += ms;
  };
  const clock: Clock = { now: () => now, monotonic: () => now, sleep };
  let asked = 0;
  const probe: Probe = async (timeoutMs) => {
    const next = times[Math.min(asked++, times.length - 1)] ?? 0;
    if (typeof next === 'string') return { ms: 1, ok: false, why: next };
    const ms = Math.min(next, timeoutMs);
    now += ms;
    return ms < next ? { ms, ok: false, why: 'timeout' } : { ms, ok: true, why: '' };
  };
  return { clock, probe, asked: () => asked, now: () => now };
}

describe('the baseline', () => {
  test('the median of three; one where the target is slow; a failure is told', async () => {
    expect(await measureBaseline(held([300, 20, 30]).probe, 5000, signal)).toMatchObject({ ok: true, ms: 30 });
    const slow = held([9000, 8800]);
    expect(await measureBaseline(slow.probe, 60_000, signal)).toEqual({ ms: 8800, ok: true, why: '' });
    expect(slow.asked()).toBe(2);
    expect(await measureBaseline(held([20, 'status 503']).probe, 5000, signal)).toMatchObject({ ok: false });
  });

  const told = (loads: readonly (readonly [ms: number, a: number, b: number])[]) => {
    let asked = 0;
    const probe: Probe = async () => {
      const [ms, a, b] = loads[asked++] ?? [0, 0, 0];
      const timing = (load_seconds: number) => ({ timing: { engine: { load_seconds } } });
      return { ms, ok: true, why: '', text: JSON.stringify({ ...timing(a), b_result: timing(b) }) };
    };
    return { probe, asked: () => asked };
  };

  test('the first request that pays for loading is told apart, by what the engines say', async () => {
    const loads = told([
      [15_000, 2.6, 3.4],
      [9000, 0.4, 0.3],
    ]);
    const found = await measureBaseline(loads.probe, 60_000, signal);
    expect(found).toMatchObject({ ms: 9000, loadingMs: 5300 });
    expect(loads.asked()).toBe(2);
  });

  test('one that says that it has loaded next to nothing is enough', async () => {
    const loads = told([[15_000, 0.4, 0.3]]);
    expect(await measureBaseline(loads.probe, 60_000, signal)).toMatchObject({ ms: 15_000 });
    expect(loads.asked()).toBe(1);
  });

  test('without such figures, by what the next one takes', async () => {
    const loads = held([9000, 300, 320]);
    expect(await measureBaseline(loads.probe, 60_000, signal)).toEqual({ ms: 300, ok: true, why: '', loadingMs: 8700 });
    // A target that is twice as slow by chance has not loaded anything, if it says so.
    const spread = told([
      [15_000, 2, 0],
      [7000, 1.9, 0],
    ]);
    expect(await measureBaseline(spread.probe, 60_000, signal)).not.toHaveProperty('loadingMs');
  });
});

describe('the gate', () => {
  const seen: string[] = [];
  const calm = ({ probe, clock }: ReturnType<typeof held>, boundMs: number) =>
    waitUntilCalm({ probe, ms: 50 }, { boundMs, signal, clock, onBusy: (what) => seen.push(what) });

  test('opens when a probe is as fast as before', async () => {
    const lab = held([900, 'status 503', 200, 95]);
    expect(await calm(lab, 10_000)).toBeUndefined();
    expect(lab.asked()).toBe(4);
    expect(seen).toEqual(['takes 900 ms', 'fails (status 503)', 'takes 200 ms']);
  });

  test('is bounded, and says what it saw', async () => {
    const lab = held([800]);
    expect(await calm(lab, 3000)).toMatch(/^a probe still takes 800 ms after 2\.9 s, and took 50 ms before the sweep/);
    const dead = held(['connect ECONNREFUSED']);
    expect(await calm(dead, 1000)).toContain('fails (connect ECONNREFUSED)');
    const hung = held([1e9]);
    expect(await calm(hung, 1000)).toContain('fails (timeout)');
    expect(hung.now()).toBeLessThan(1500);
  });
});

test('a probe is an ordinary request; what came instead of a success is told', async () => {
  const seen: unknown[] = [];
  const answers: Awaited<ReturnType<ChainClient['raw']>>[] = [
    { kind: 'raw', status: 200, text: 'ok', simulated: false, seconds: 0.25 },
    { kind: 'raw', status: 503, text: 'no', simulated: false, seconds: 0 },
    { kind: 'raw', status: 404, text: `{"error":"model '' not found"}`, simulated: false, seconds: 0 },
    { kind: 'raw', status: 308, text: '', simulated: false, seconds: 0, location: 'https://h2/chain' },
    { kind: 'transport', code: 'dns', reason: 'the name cannot be resolved', remedy: 'spell it', seconds: 0 },
  ];
  const raw: ChainClient['raw'] = async ({ url, method, body, timeoutMs }) => {
    seen.push([url, method, body, timeoutMs]);
    return answers.shift() ?? Promise.reject(new Error('asked too often'));
  };
  const probe = prober({
    targetUrl: 'http://h/chain',
    nextBody: () => 'body',
    client: { raw },
    reading: () => ({ judge: protocolNamed('raw').judge }),
  });
  expect(await probe(999.5, signal)).toEqual({ ok: true, ms: 250, why: '', text: 'ok', status: 200 });
  expect(seen).toEqual([['http://h/chain', 'POST', 'body', 1000]]);
  expect(await probe(1000, signal)).toMatchObject({ ok: false, why: 'status 503: no' });
  expect(await probe(1000, signal)).toMatchObject({ ok: false, why: "status 404: model '' not found" });
  expect(await probe(1000, signal)).toMatchObject({
    ok: false,
    why: 'status 308, redirects to https://h2/chain',
    redirect: { status: 308, to: 'https://h2/chain' },
  });
  expect(await probe(1000, signal)).toMatchObject({ ok: false, why: 'the name cannot be resolved' });
});

test.each([
  [301, 'https://h2:8443/chain', 'https://h2:8443/chain'],
  [302, '/other?x=1', 'http://h/other?x=1'],
  [307, '//u:p@h2/chain#part', 'http://h2/chain'],
  // What a terminal would obey, or would end a line, is escaped.
  [308, 'http://h2/\u001b[31m\u202e', 'http://h2/%1B[31m%E2%80%AE'],
  [308, 'javascript:alert(1)', undefined],
  [308, `http://h2/${'x'.repeat(1000)}`, undefined],
  [308, undefined, undefined],
  [304, 'http://h2/', undefined],
  [200, 'http://h2/', undefined],
])('status %i with location %j sends to %j', (status, location, to) => {
  expect(redirectOf({ status, ...(location === undefined ? {} : { location }) }, 'http://h/chain')).toBe(to);
});

test("Little's law foretells what will be in flight, and which limits it meets", () => {
  const settings = {
    ...{ targetUrl: 'http://h/chain', tag: 't', rates: [1, 100, 1000] },
    ...{ durationSeconds: 10, warmupSeconds: 2, timeoutSeconds: 20, drainSeconds: 120 },
  };
  expect(predictInFlight(settings, 100, 500)).toBe(50);
  expect(predictInFlight(settings, 100, 60_000)).toBe(1200);
  expect(predictInFlight({ ...settings, timeoutSeconds: 5 }, 100, 60_000)).toBe(500);
  const known = { runId: 'r', simulated: false, maxInFlight: 4000 };
  expect(predictions(planSweep(settings, known))).toEqual([]);
  const plan = planSweep(settings, { ...known, probeMs: 5000 });
  expect(plan.predictedInFlight).toEqual([5, 500, 5000]);
  expect(predictions(plan)).toEqual([
    {
      level: 'info',
      text: 'a request alone takes 5.0 s: at least 5000 in flight at 1000 rps; 11010 requests in 1m 01s, drains of as long included',
    },
    { level: 'warn', text: expect.stringMatching(/^the points 1000 rps need more than the 4000 in flight/) },
    { level: 'warn', text: expect.stringMatching(/^points of 10 s may not tell .*; --duration 60s would show more$/) },
  ]);
  const search = { low: 1, high: 1000, maxPoints: 10 };
  expect(
    predictions(planSweep(settings, { ...known, probeMs: 5000 }, { rates: settings.rates, search }))[0]?.text,
  ).toBe('a request alone takes 5.0 s: at least 5000 in flight at 1000 rps');
});
