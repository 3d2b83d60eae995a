import { afterEach, describe, expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { systemClock } from '../../../src/runtime.ts';
import { createChainClient } from '../../../src/services/chain/client.ts';
import { runSmoke, type SmokeOptions } from '../../../src/services/smoke/run-smoke.ts';
import type { CheckResult, SmokeReport } from '../../../src/services/smoke/types.ts';
import { aAnswer, bAnswer, type FakeRoutes, goodA, goodB, startFake } from './fake-services.ts';
import { startRealChain } from './real-chain.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function smoke(
  options: Omit<SmokeOptions, 'timeoutSeconds' | 'seed'> & { timeoutSeconds?: number },
  signal?: AbortSignal,
) {
  const { timeoutSeconds = 5 } = options;
  const events: Event[] = [];
  const aborting = signal ?? new AbortController().signal;
  const client = createChainClient({ clock: systemClock, timeoutMs: timeoutSeconds * 1000, signal: aborting });
  cleanups.push(() => client.close());
  const emit = (event: Event) => events.push(event);
  const report = await runSmoke(
    { ...options, timeoutSeconds, seed: 7 },
    { client, clock: systemClock, emit, signal: aborting },
  );
  return { report, events };
}

async function serve(routes: FakeRoutes): Promise<string> {
  const fake = await startFake(routes);
  cleanups.push(fake.close);
  return fake.base;
}

/** Smoke against a chain that keeps the contract except for these routes. */
async function smokeWith(wrong: { a?: FakeRoutes; b?: FakeRoutes }, more: Partial<SmokeOptions> = {}) {
  const [a, b] = await Promise.all([serve({ ...goodA, ...wrong.a }), serve({ ...goodB, ...wrong.b })]);
  return (await smoke({ urls: { a, b }, ...more })).report;
}

function check(report: SmokeReport, id: string): CheckResult {
  const found = report.checks.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}

const statuses = (report: SmokeReport) => Object.fromEntries(report.checks.map(({ id, status }) => [id, status]));

describe('a chain that keeps the contract', () => {
  test('the bundled services pass every check, found from the address of A alone', async () => {
    const chain = await startRealChain(1);
    cleanups.push(chain.stop);
    const { report, events } = await smoke({ urls: { a: `${chain.a}/chain` }, minProcessSeconds: 1 });
    expect(report.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(report).toMatchObject({ passed: 25, failed: 0, skipped: 0, simulated: true, hosts: { 'service-b': 20 } });
    expect(report).toMatchObject({ target: chain.a, bUrl: chain.b });
    expect(check(report, 'chain').seconds).toBeGreaterThan(0.9);
    expect(events.map(({ type }) => type)).toEqual(Array(25).fill(['check-started', 'check-done']).flat());
    const slower = await smoke({ urls: { a: chain.a, b: `${chain.b}/invoke` }, minProcessSeconds: 2 });
    expect(check(slower.report, 'b-invoke')).toMatchObject({
      status: 'failed',
      actual: expect.stringContaining('before the minimum processing time of 2 s'),
      remedy: 'check MIN_PROCESS_SECONDS of B',
    });
    expect(check(slower.report, 'chain').status).toBe('failed');
  });

  test('a pipeline is named with its steps and their times, and B is where it asks B', async () => {
    const steps = (last: string) => `version: 1
name: notes
steps:
  draft: { kind: generate }
  lost: { kind: raw, url: http://127.0.0.1:9/, body: {}, on_error: skip }
  final: { ${last}, needs: [draft, lost], answer: true }
`;
    const alone = await startRealChain(1, steps('kind: generate, prompt: "{{ steps.draft.text }}"'));
    cleanups.push(alone.stop);
    const { report } = await smoke({ urls: { a: alone.a, b: alone.b }, minProcessSeconds: 1 });
    expect(report.checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(check(report, 'a-health').actual).toBe(
      '200, tinyllama, runs the pipeline "notes" (draft, lost, final), which asks no B',
    );
    expect(check(report, 'chain').actual).toMatch(
      /^200 from the pipeline "notes": draft [\d.]+ s, lost [\d.]+ s \(skipped: .+\), final [\d.]+ s, end_to_end [\d.]+ s$/,
    );
    const withB = await startRealChain(1, steps('kind: service-b'));
    cleanups.push(withB.stop);
    const ofB = await smoke({ urls: { a: withB.a, b: withB.b }, minProcessSeconds: 2 });
    expect(check(ofB.report, 'a-health').actual).toContain(`(draft, lost, final), which sends to ${withB.b}/invoke`);
    expect(check(ofB.report, 'chain')).toMatchObject({ status: 'failed', remedy: 'check MIN_PROCESS_SECONDS of B' });
  });

  test('answers are counted per host of B, however uneven', async () => {
    const health = (_: unknown, call: number) =>
      [200, { ok: true, service: 'b', host: call % 7 === 0 ? 'host-2' : 'host-1' }] as const;
    const report = await smokeWith({ b: { 'GET /health': health } });
    expect(report.hosts).toEqual({ 'host-1': 17, 'host-2': 3 });
    expect(check(report, 'b-hosts').actual).toBe('20 times 200 from 2 hosts: host-1 17, host-2 3');
    expect(report.failed).toBe(0);
  });
});

describe('each check can fail, and says what to do', () => {
  const timing = (a: number, b: number, whole: number, total = 0): FakeRoutes => ({
    'POST /chain': (prompt) => [
      (prompt?.length ?? 0) > 1000 ? 200 : 400,
      {
        ...aAnswer,
        b_result: { ...bAnswer, timing: { ollama_seconds: 0, total_seconds: total } },
        timing: { a_local_seconds: a, b_remote_seconds: b, end_to_end_seconds: whole },
      },
    ],
  });
  const invoke = (fields: object): FakeRoutes => ({ 'POST /invoke': () => [200, { ...bAnswer, ...fields }] });
  const down = { ok: false, reason: 'model is loading' };

  test.each<[string, { a?: FakeRoutes; b?: FakeRoutes }, string, string]>([
    ['b-health', { b: { 'GET /health': () => [503, down] } }, '503: model is loading', 'is not ready'],
    ['b-health', { b: { 'GET /health': () => [200, { ok: true, service: 'a', host: 'h' }] } }, 'service:', 'service B'],
    [
      'b-hosts',
      { b: { 'GET /health': (_, n) => (n < 9 ? [200, { ok: true, service: 'b', host: 'h' }] : [503, down]) } },
      'request 8 of 20: 503',
      'not ready',
    ],
    ['b-hosts', { b: { 'GET /health': () => [200, { ok: true, service: 'b' }] } }, 'host:', 'keeps the contract'],
    ['b-invoke', { b: invoke({ llm_text: ' ' }) }, 'llm_text is empty', 'engine behind B'],
    ['b-invoke', { b: invoke({ llm_text: undefined }) }, 'llm_text:', 'keeps the contract'],
    [
      'b-invoke',
      { b: invoke({ timing: { ollama_seconds: 2, total_seconds: 1 } }) },
      'the part is longer',
      'how B measures',
    ],
    [
      'b-invoke',
      { b: invoke({ timing: { ollama_seconds: 1, total_seconds: 900 } }) },
      'whole request took here',
      'seconds',
    ],
    [
      'b-invoke',
      { b: { 'POST /invoke': () => [502, { detail: 'ollama error: gone' }] } },
      '502: ollama error: gone',
      'engine',
    ],
    ['b-invoke', { b: { 'POST /invoke': () => 'hang up' } }, 'closed the connection', 'log of the server'],
    [
      'a-health',
      { a: { 'GET /health': () => [200, '<html>\u001b[31mhello'] } },
      '200, but not as promised: not JSON: <html> [31mhello',
      'service A',
    ],
    ['chain', { a: { 'POST /chain': () => [200, 'garbage'] } }, 'not JSON: garbage', 'keeps the contract'],
    ['chain', { a: { 'POST /chain': () => [504, { detail: 'remote(B) error: timeout' }] } }, '504', 'too slow'],
    ['chain', { a: { 'POST /chain': () => [200, { ...aAnswer, a_summary: '' }] } }, 'a_summary is empty', 'engine'],
    ['chain', { a: timing(0.5, 0.6, 1) }, 'longer than the whole', 'consecutive'],
    ['chain', { a: timing(0, 0, 0, 4) }, 'longer than A waited', 'whole exchange'],
    ['chain', { a: timing(1, 1, 300) }, 'whole request took here', 'seconds'],
    ['b-short-prompt', { b: invoke({}) }, '200', 'accepted what it must refuse'],
    ['b-missing-prompt', { b: { 'POST /invoke': () => [422, { detail: [] }] } }, '422', 'must answer 400'],
    [
      'b-missing-prompt',
      { b: { 'POST /invoke': () => [400, { detail: 'too short' }] } },
      'detail "too short"',
      'exact text',
    ],
    ['b-malformed-json', { b: { 'POST /invoke': () => [500, ''] } }, '500 with an empty body', 'must answer 400'],
    ['b-wrong-method', { b: { 'GET /invoke': () => [200, bAnswer] } }, '200', 'accepted'],
    ['a-short-prompt', { a: { 'POST /chain': () => [200, aAnswer] } }, '200', 'accepted'],
    ['a-missing-prompt', { a: { 'POST /chain': () => [500, 'oops'] } }, '500 with oops', 'must answer 400'],
    ['a-malformed-json', { a: { 'POST /chain': () => [502, {}] } }, '502', 'must answer 400'],
    ['a-wrong-method', { a: { 'GET /chain': () => [404, {}] } }, '404', 'must answer 405'],
  ])('%s %#', async (id, wrong, actual, remedy) => {
    const found = check(await smokeWith(wrong), id);
    expect(found.status).toBe('failed');
    expect(found.actual).toContain(actual);
    expect(found.remedy).toContain(remedy);
  });
});

describe('services that do not answer', () => {
  test('B down: its other checks are skipped, those of A still run', async () => {
    const a = await serve(goodA);
    const { report } = await smoke({ urls: { a, b: 'http://127.0.0.1:9' } });
    expect(statuses(report)).toMatchObject({ 'b-health': 'failed', 'b-hosts': 'skipped', 'b-invoke': 'skipped' });
    expect(statuses(report)).toMatchObject({
      chain: 'passed',
      'b-short-prompt': 'skipped',
      'a-short-prompt': 'passed',
    });
    expect(check(report, 'b-health').actual).toBe('nothing listens at 127.0.0.1:9 (connection refused)');
    expect(check(report, 'b-hosts').actual).toBe('B cannot be reached, see "B is healthy"');
  });

  test('B known only to A: skipped with the flag that helps, and nothing fails', async () => {
    const { report } = await smoke({ urls: { a: await serve(goodA) } });
    expect(report).toMatchObject({ failed: 0, skipped: 13 });
    expect(check(report, 'b-health')).toMatchObject({
      status: 'skipped',
      actual: expect.stringContaining('A sends to http://127.0.0.1:9, which does not answer from here'),
      remedy: 'name the address of B with --b-url',
    });
  });

  test('A hangs: one health timeout, everything else skipped', async () => {
    const a = await serve({ 'GET /health': () => 'never', 'POST /chain': () => 'never' });
    const { report } = await smoke({ urls: { a, b: await serve(goodB) }, timeoutSeconds: 0.4 });
    expect(check(report, 'a-health').actual).toMatch(/^no answer from 127\.0\.0\.1:\d+ within 0\.4 s$/);
    expect(report).toMatchObject({ failed: 1, skipped: 11 });
  });

  test('only B named: A is skipped', async () => {
    const { report } = await smoke({ urls: { b: await serve(goodB) } });
    expect(report).toMatchObject({ passed: 13, failed: 0, skipped: 12, target: report.bUrl });
  });

  test('an interrupt ends a hanging check at once with its own reason', async () => {
    const controller = new AbortController();
    const a = await serve({ ...goodA, 'POST /chain': () => 'never' });
    const running = smoke({ urls: { a, b: await serve(goodB) }, timeoutSeconds: 60 }, controller.signal);
    setTimeout(() => controller.abort(new Error('interrupted')), 300);
    await expect(running).rejects.toThrow('interrupted');
  });
});
