import { describe, expect, it } from 'vitest';
import { remedy } from '../../../src/errors.ts';
import type { Step } from '../../../src/services/load/profiles/profile.ts';
import { findServers, isPrivate, onlyServer } from '../../../src/services/load/quick/find-servers.ts';
import { findingsOf } from '../../../src/services/load/quick/findings.ts';
import {
  BILLED,
  billedText,
  boundDoubling,
  boundSearch,
  FREE,
  isSaturated,
  isTooBusy,
  planSearch,
  refusalOf,
  windowFor,
} from '../../../src/services/load/quick/quick-plan.ts';
import { quickText } from '../../../src/services/load/quick/quick-text.ts';
import type { QuickRuns } from '../../../src/services/load/quick/run-quick.ts';
import type { PointSummary, SweepReport } from '../../../src/services/load/types.ts';
import { exitOfQuick } from '../../../src/services/results/exit-codes.ts';
import { distribution, pointOf } from '../results/fixture.ts';

/** A closed point against a target that works on `places` at a time, `seconds` each. */
function closed(index: number, places: number, seconds: number, change: Partial<PointSummary> = {}): PointSummary {
  const open = 2 ** index;
  const rps = Math.min(open, places) / seconds;
  const { state: _, ...point } = pointOf(index, open);
  return {
    ...point,
    ...{ loop: 'closed', concurrency: open, sent: 40, okRps: rps, servedRps: rps, durationSeconds: 2 },
    outcomes: { ...point.outcomes, ok: 40, http_error: 0 },
    errorsByClass: {},
    response: distribution((1000 * open) / rps, 40),
    ...change,
  };
}

/** All steps that a bound lets through, each done as `of` says. */
function walk(bound: ReturnType<typeof boundDoubling>, of: (index: number) => PointSummary, ladder = FREE.ladder) {
  const next = bound((done) => {
    const rate = ladder[done.length];
    return rate === undefined ? undefined : { index: done.length, rate };
  });
  const done: PointSummary[] = [];
  const steps: Step[] = [];
  for (;;) {
    const step = next(done);
    if (step === undefined || 'problem' in step) return steps;
    steps.push(step);
    done.push(of(steps.length - 1));
  }
}

const report = (points: readonly PointSummary[]) =>
  ({ points, status: 'complete', plan: { rates: [] } }) as unknown as SweepReport;
const runs = (points: readonly PointSummary[], change: Partial<QuickRuns> = {}): QuickRuns => ({
  ...{ targetUrl: 'http://127.0.0.1:9/v1/chat/completions', api: 'openai-chat', model: 'm', isStreamed: true },
  ...{ prompt: 'x'.repeat(1040), maxTokens: 64, seconds: 53, status: 'complete' },
  ...{ aloneSeconds: 0.1, doubling: report(points), ...change },
});
const textOf = (all: QuickRuns, findings = findingsOf(all), reports: readonly string[] = []) =>
  quickText({ runs: all, findings, reports }, 80);
/** As it is where no line is broken. */
const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

describe('the numbers of requests at once', () => {
  it('double until twice as many get hardly more done', () => {
    const steps = walk(
      boundDoubling(0.1, FREE, () => 50, 60),
      (index) => closed(index, 4, 0.1),
    );
    expect(steps.map(({ rate }) => rate)).toEqual([1, 2, 4, 8]);
  });

  it.each([0.05, 0.3, 0.48, 1.2])('last as long as the plan says, where an answer takes %d s', (seconds) => {
    const [first] = walk(
      boundDoubling(seconds, FREE, () => 50, 60),
      (index) => closed(index, 4, seconds),
    );
    expect(first?.durationSeconds).toBe(windowFor(seconds));
  });

  it('fill each place once where answers are long, and end where the next would take too long', () => {
    let left = 44;
    const steps = walk(
      boundDoubling(8, FREE, () => left, 60),
      (index) => {
        left -= 8 * 2 ** index;
        return closed(index, 1, 8, {
          okRps: 2 ** index,
          durationSeconds: 8 * 2 ** index,
          response: distribution(2000, 40),
        });
      },
    );
    expect(steps.map(({ rate, requests }) => [rate, requests])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('ask for five of few at once where that takes no longer than some seconds', () => {
    const asked = (seconds: number) => {
      const steps = walk(
        boundDoubling(seconds, FREE, () => 50, 60),
        (index) => closed(index, 8, seconds),
      );
      return steps.map(({ rate, requests }) => [rate, requests]);
    };
    expect(asked(3)).toEqual([
      [1, 5],
      [2, 6],
      [4, 8],
      [8, 8],
      [16, 16],
    ]);
    expect(asked(5).slice(0, 3)).toEqual([
      [1, 3],
      [2, 6],
      [4, 8],
    ]);
  });

  it('send no more than a server may get done that works on all of them: refusals come at once', () => {
    const steps = walk(
      boundDoubling(0.4, FREE, () => 50, 60),
      (index) => closed(index, 64, 0.4),
    );
    expect(steps.slice(0, 2).map(({ requests }) => requests)).toEqual([22, 24]);
  });

  it('send no more than somebody may bill for', () => {
    const steps = walk(
      boundDoubling(0.1, BILLED, () => 50, 60),
      (index) => closed(index, 99, 0.1, { sent: 30 }),
      BILLED.ladder,
    );
    const most = steps.reduce((sum, { requests = Number.POSITIVE_INFINITY }) => sum + requests, 0);
    expect(most).toBeLessThanOrEqual(BILLED.total);
  });
});

describe('what ends the doubling', () => {
  const steps = (of: (index: number) => PointSummary) =>
    walk(
      boundDoubling(0.1, FREE, () => 50, 60),
      of,
    ).map(({ rate }) => rate);

  it('is no point that only says something of this machine', () => {
    const validity = 'invalid: client-limited (lateness p99 9.0 ms, 1.0 ms allowed)';
    const late = closed(2, 8, 0.1, { validity, okRps: 21 });
    expect(steps((index) => (index === 2 ? late : closed(index, 8, 0.1)))).toEqual([1, 2, 4, 8, 16]);
  });

  it('is one of which the target refuses many', () => {
    const refused = (index: number) => closed(index, 99, 0.1, { sent: 400, errorsByClass: { 429: 360 } });
    expect(steps((index) => (index < 3 ? closed(index, 99, 0.1) : refused(index)))).toEqual([1, 2, 4, 8]);
    const late = { validity: 'invalid: client-limited (lateness p99 9.0 ms, 1.0 ms allowed)' };
    const lateAndRefused = (index: number) => ({ ...refused(index), ...late });
    expect(steps((index) => (index < 3 ? closed(index, 99, 0.1) : lateAndRefused(index)))).toEqual([1, 2, 4, 8]);
    const ofThisMachine = { ...lateAndRefused(1), errorsByClass: { EMFILE: 360 } };
    expect(refusalOf([closed(0, 99, 0.1), ofThisMachine])).toBeUndefined();
  });
});

describe('the search for the knee', () => {
  const points = [0, 1, 2, 3].map((index) => closed(index, 4, 0.1));

  it('is around what the target got done', () => {
    expect(isSaturated(points)).toBe(true);
    expect(planSearch(points, 0.1, 40)).toMatchObject({ low: 16, high: 46 });
  });

  it('is left out where there is no room for points that tell anything', () => {
    expect(planSearch([closed(0, 1, 8), closed(1, 1, 8)], 8, 30)).toBeUndefined();
    expect(planSearch([], 8, 30)).toBeUndefined();
  });

  it('ends in time, and where this machine cannot send on time', () => {
    const bound = (left: number) => boundSearch(FREE, 100, () => left, 5)(() => ({ index: 0, rate: 10 }));
    expect(bound(20)([])).toMatchObject({ rate: 10, durationSeconds: 5 });
    expect(bound(1)([])).toBeUndefined();
    const invalid = [0, 1, 2, 3].map((index) =>
      pointOf(index, 10, { change: { validity: 'invalid: client-limited (late)' } }),
    );
    expect(isTooBusy(invalid)).toBe(true);
    expect(bound(20)(invalid)).toBeUndefined();
  });

  it('offers a rate again that this machine spoiled, once', () => {
    const late = (index: number) => pointOf(index, 30, { change: { validity: 'invalid: client-limited (late)' } });
    const next = boundSearch(FREE, 100, () => 40, 5)((done) => ({ index: done.length, rate: 20 }));
    expect(next([late(0)])).toMatchObject({ index: 1, rate: 30 });
    expect(next([late(0), late(1)])).toMatchObject({ index: 2, rate: 20 });
    expect(next([pointOf(0, 30)])).toMatchObject({ rate: 20 });
  });
});

describe('what is said', () => {
  const served = [0, 1, 2, 3].map((index) => closed(index, 4, 0.1));
  /** A search up to 46 requests/s that sustained 34, and 38 not. */
  const searched = (last: Partial<PointSummary> = {}) => ({
    ...report([
      pointOf(0, 34, { change: { durationSeconds: 7, outcomes: allOk(100), sent: 100, scheduled: 100 } }),
      { ...overloaded(38), ...last },
    ]),
    ...{ knee: { rate: 34, index: 0, above: 38 }, plan: { rates: [16, 46] } as unknown as SweepReport['plan'] },
  });
  const allOk = (ok: number) => ({ ...pointOf(0, 1).outcomes, ok, http_error: 0 });
  const overloaded = (rate: number) => {
    const { state: _, ...point } = pointOf(1, rate);
    const state = { state: 'overloaded', reason: 'in flight +1/s' } as const;
    return { ...point, state, outcomes: allOk(100), sent: 100, scheduled: 100, errorsByClass: {} };
  };

  it('names what limits, the knee with its interval, and commands that go on from there', () => {
    const all = runs(served, { search: searched() });
    const findings = findingsOf(all, ['--api-key-file', 'key']);
    expect(findings).toMatchObject({ isSaturated: true, knee: { rps: 34, below: 38, seconds: 7 }, unknown: [] });
    expect(findings.next.map(({ command }) => command)).toEqual([
      'chainctl load --target http://127.0.0.1:9/v1/chat/completions --model m --api-key-file key --stream --max-tokens 64 --rps 17,51 --find-knee --duration 30s',
      "chainctl load --target http://127.0.0.1:9/v1/chat/completions --model m --api-key-file key --stream --max-tokens 64 --rps 8.5,51 --find-knee --slo 'p95<200ms' --duration 10s --max-duration 60s",
    ]);
    const text = textOf(all, findings, ['results/x/report.html']);
    expect(flat(text)).toContain(
      'Knee: between 34 and 38 requests/s: it sustained 34 requests/s for 7 s; at 38 requests/s requests piled up.',
    );
    expect(text).toContain('Report: results/x/report.html');
  });

  it('says what was asked, of how many answers a figure is, and breaks lines as shells can read them', () => {
    const one = closed(0, 1, 8, { sent: 1, outcomes: allOk(1) });
    const all = runs([one], { aloneSeconds: 8, targetUrl: `http://127.0.0.1:9/${'x'.repeat(60)}` });
    const text = textOf(all);
    expect(flat(text)).toContain(
      'One request in 53 s: a prompt of about 200 tokens, and a streamed answer of at most 64 tokens.',
    );
    expect(flat(text)).toContain('(of a single answer)');
    const command = text.slice(text.indexOf('chainctl load')).split('\n\n')[0]?.split(/:\n/)[0] ?? '';
    expect(command).toMatch(/^chainctl load \\\n {6}--target /);
    const [first] = findingsOf(all).next;
    expect(command.replaceAll(/ \\\n +/g, ' ')).toContain(first?.command);
    const tokens = { prompt: 900, output: 16, outputPerSecond: 2, answers: 3 };
    expect(findingsOf(runs([closed(0, 1, 1, { tokens })])).asked).toEqual({ promptTokens: 300, maxTokens: 64 });
  });

  it('says of a chain who answers, and that an engine is simulated', () => {
    const { maxTokens: _, ...chain } = runs(served, { api: 'chain', isStreamed: false });
    const plan = { ...chain.doubling.plan, simulated: true };
    const text = flat(textOf({ ...chain, doubling: { ...chain.doubling, plan } }));
    expect(text).toContain(
      'an answer of the chain, as long as its steps make it. The engine is simulated: what it takes is made up.',
    );
  });

  it.each([true, false])('goes on with a chain as it was asked: streamed %s', (isStreamed) => {
    const { maxTokens: _, ...chain } = runs(served, { api: 'chain', isStreamed });
    const loads = findingsOf(chain).next.filter(({ words }) => words[1] === 'load');
    expect(loads).not.toHaveLength(0);
    for (const { words } of loads) {
      expect(words.includes('--stream')).toBe(isStreamed);
      expect(words).not.toContain('--max-tokens');
    }
  });

  it('keeps every line within 80 columns', () => {
    const failures = { errorsByClass: { 500: 4 }, errorTexts: { 500: 'out of memory '.repeat(20) } };
    const points = served.map((point) => ({ ...point, ...failures, sent: 44 }));
    const all = runs(points, { search: searched(failures) });
    const lines = textOf(all, findingsOf(all, ['--api-key-file', 'key'])).split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it('tells requests that wait for their turn from requests that share what there is', () => {
    const speed = (tokensPerSecond: number) => ({
      stream: {
        ...{ outputTokens: 100, outputTokensPerSecond: 100 },
        perUser: { p50: tokensPerSecond, p10: 1, p5: 1, p1: 1 },
      },
    });
    const points = (last: number) => served.map((point, index) => ({ ...point, ...speed(index === 3 ? last : 50) }));
    expect(findingsOf(runs(points(49)))).toMatchObject({ crowd: 'wait', parallel: 4 });
    expect(flat(textOf(runs(points(49))))).toContain('It works on about 4 requests at a time');
    expect(findingsOf(runs(points(20)))).toMatchObject({ crowd: 'share' });
    expect(flat(textOf(runs(points(20))))).toContain(
      'More than about 4 at once bring no more: they share what there is, and each is slower.',
    );
    expect(flat(textOf(runs(served)))).toContain('More than about 4 at once bring no more: each only takes longer.');
  });

  it.each([
    ['above', { knee: { rate: 46, index: 0 } }, [], 'Knee: 46 requests/s or more: it sustained 46'],
    ['below', {}, [16], 'Knee: below 16 requests/s: at that rate requests piled up.'],
  ])('knows a knee that is %s of what was offered', (_, change, missed, expected) => {
    const steady = pointOf(0, 46, { change: { outcomes: allOk(100), sent: 100, scheduled: 100 } });
    const points = missed.length === 0 ? [steady] : missed.map(overloaded);
    const search = { ...searched(), ...change, points } as SweepReport;
    const { knee, ...without } = search;
    expect(flat(textOf(runs(served, { search: 'knee' in change ? { ...without, ...change } : without })))).toContain(
      expected,
    );
  });

  it('knows from rates that more at once bring no more, where these were not seen to', () => {
    const two = served.slice(0, 2);
    expect(findingsOf(runs(two)).isSaturated).toBe(false);
    const findings = findingsOf(runs(two, { search: searched({ rate: 22 }) }));
    expect(findings).toMatchObject({ isSaturated: true, most: { rps: 20 }, unknown: [] });
  });

  it('knows it from a rate far above, too, where no more came than these got done', () => {
    const two = served.slice(0, 2);
    const far = (servedRps: number) => findingsOf(runs(two, { search: searched({ rate: 60, servedRps }) }));
    expect(far(21)).toMatchObject({ isSaturated: true, unknown: [] });
    expect(far(40)).toMatchObject({ isSaturated: false });
  });

  it('goes on from the most at once that it knows of, and not from what this machine spoiled', () => {
    const late = closed(3, 8, 0.1, { validity: 'invalid: client-limited (late)' });
    const { next, unknown } = findingsOf(runs([...[0, 1, 2].map((index) => closed(index, 8, 0.1)), late]));
    expect(unknown).toContain('what more than 4 requests at once would bring');
    expect(next.at(-1)).toMatchObject({ why: expect.stringContaining('what more than 4 requests at once bring') });
    expect(next.at(-1)?.command).toContain('--concurrency 8,16,32');
  });

  it('says that requests are refused above the knee', () => {
    const refused = { outcomes: { ...allOk(80), http_error: 20 }, errorsByClass: { 429: 20 } };
    expect(flat(textOf(runs(served, { search: searched(refused) })))).toContain(
      'at 38 requests/s 20 of 100 requests were refused (429).',
    );
  });

  it('says what was not found out of a slow target', () => {
    const slow = runs([closed(0, 1, 8)], { aloneSeconds: 8 });
    const findings = findingsOf(slow);
    expect(findings.unknown).toEqual([
      'what more than 1 request at once would bring',
      'the knee, the highest rate that it sustains: a minute has no room for it: an answer takes 8.0 s, and 0.125 come a second',
    ]);
    expect(textOf(slow)).toContain('Not found out:');
    expect(findings.next[0]?.why).toBe('the knee, from points of 8 minutes: about 49 minutes');
  });

  /** 1, 2, 4 at once get 10, 20, 20 answers/s, and of the last most requests the status 429. */
  const refusing = (errorsByClass: Readonly<Record<string, number>> = { 429: 400 }) => {
    const last = closed(2, 2, 0.1, { sent: 440, errorsByClass });
    return [closed(0, 2, 0.1), closed(1, 2, 0.1), { ...last, outcomes: { ...last.outcomes, http_error: 400 } }];
  };

  it('does not take refusals for requests that wait', () => {
    const points = refusing();
    expect(isSaturated(points)).toBe(false);
    expect(refusalOf(points)).toEqual({ concurrent: 4, failed: 400, sent: 440, why: '429' });
    const findings = findingsOf(runs(points));
    const chance = { ...points[2], okRps: 99 } as PointSummary;
    expect(findingsOf(runs([...points.slice(0, 2), chance])).most).toMatchObject({ concurrent: 2, rps: 20 });
    expect(findings).not.toHaveProperty('parallel');
    expect(findings.unknown.join()).not.toContain('what more than');
    expect(findings.next.some(({ command }) => command.includes('--concurrency'))).toBe(false);
    const text = flat(textOf(runs(points)));
    expect(text).toContain('It makes at most 20.0 answers/s. More at once are refused (429): 400 of 440 at 4 at once.');
    expect(text).not.toContain('wait');
    const broken = refusing({ timeout: 390, ECONNRESET: 10 });
    expect(flat(textOf(runs(broken)))).toContain('More at once fail (timeout): 400 of 440');
  });

  it('takes what always fails a little for no answer to more at once', () => {
    const points = [0, 1, 2, 3].map((index) => closed(index, 4, 0.1, { sent: 44, errorsByClass: { 500: 4 } }));
    expect(refusalOf(points)).toBeUndefined();
    expect(isSaturated(points)).toBe(true);
  });

  it('names the most frequent failures, and how many more kinds there are', () => {
    const errorsByClass = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`made-up-${n}`, 30 - n]));
    const { failures } = findingsOf(runs([closed(0, 1, 0.1, { errorsByClass })]));
    expect(failures).toHaveLength(6);
    expect(failures.at(-1)).toMatch(/^325 x and 25 more$/);
  });

  const LATE = { validity: 'invalid: client-limited (lateness p99 9.0 ms, 1.0 ms allowed)' };

  it('does not say that nothing succeeded where only this machine was too busy, and marks what it was late with', () => {
    const all = runs([closed(0, 4, 0.1, LATE)]);
    expect(findingsOf(all).unknown.join()).toContain(
      'the knee, the highest rate that it sustains: this machine did not',
    );
    const text = flat(textOf(all));
    expect(text).not.toContain('Nothing succeeded');
    expect(text).toContain('this machine was late, and its delay is in them');
  });

  it('says from which number at once on this machine is the limit, and offers no more of it', () => {
    const points = [closed(0, 64, 0.1), ...[1, 2, 3, 4].map((index) => closed(index, 64, 0.1, LATE))];
    const findings = findingsOf(runs(points));
    expect(findings).toMatchObject({ machineLimit: { concurrent: 2, rps: 160 } });
    expect(findings.unknown.join()).toContain('this machine did not send or read on time');
    expect(flat(textOf(runs(points)))).toContain('From 2 at once on this machine is the limit');
    expect(findings.next.map(({ command }) => command)).toEqual([
      'chainctl quick http://127.0.0.1:9/v1/chat/completions --model m',
    ]);
  });

  it('says what failed, in the words of the server', () => {
    const failed = closed(0, 1, 1, {
      outcomes: { ...closed(0, 1, 1).outcomes, ok: 0, http_error: 40 },
      ...{ errorsByClass: { 429: 40 }, errorTexts: { 429: 'slow down' }, okRps: 0 },
    });
    const { response: _, ...point } = failed;
    const findings = findingsOf(runs([point]), ['--ca-file', 'ca.pem']);
    expect(findings.failures).toEqual(['40 x 429: slow down']);
    expect(textOf(runs([point]))).toContain('Nothing succeeded');
    expect(findings.next[0]?.command).toBe(
      'chainctl smoke --api openai-chat --target http://127.0.0.1:9/v1/chat/completions --model m --count 3',
    );
  });

  it('says that it was stopped, and of what its figures are', () => {
    const stopped = runs([closed(0, 4, 0.1)], { status: 'interrupted' });
    expect(textOf(stopped)).toContain('It was stopped: what follows is of the part before that.');
    expect(findingsOf(stopped).unknown.at(-1)).toMatch(/: it was stopped before$/);
  });

  it('tells what was measured before a search that failed, and exits as that does', () => {
    const failure = remedy.unhealthy('target-unhealthy', 'it reports that it cannot serve');
    const all = runs(served, { failure });
    expect(flat(textOf(all))).toContain('It ended early: it reports that it cannot serve. One request alone:');
    expect(exitOfQuick(all, new AbortController().signal)).toBe(5);
  });

  it('asks for a header again that no record has', () => {
    const [next] = findingsOf(runs(served), ['--header', 'x-key: VALUE']).next;
    expect(next?.why).toContain('put in what --header carries for VALUE');
    expect(next?.command).toContain("--header 'x-key: VALUE'");
  });

  it('says what somebody may bill for, before it is sent', () => {
    const asked = { targetUrl: 'https://x/v1', prompt: 'x'.repeat(1040), maxTokens: 64 };
    expect(billedText(BILLED, asked)).toBe(
      'sending up to 207 requests to https://x/v1: prompts of about 200 tokens each (41,000 in all), answers of at most 64 tokens each (13,000)',
    );
  });
});

describe('which server is meant', () => {
  type Answers = Readonly<Record<string, string | readonly [status: number, text: string]>>;
  const client = (answers: Answers) => ({
    raw: async ({ url }: { readonly url: string }) => {
      const answer = answers[url];
      if (answer === undefined)
        return { kind: 'transport', code: 'x', reason: 'refused', remedy: '', seconds: 0 } as never;
      const [status, text] = typeof answer === 'string' ? [200, answer] : answer;
      return { kind: 'raw', status, text, simulated: false, seconds: 0 } as never;
    },
  });
  const models = '{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm"}]}';
  const ports = [
    { port: 8000, of: 'vLLM' },
    { port: 8080, of: 'llama-server' },
  ];
  const find = (answers: Answers) =>
    findServers({ client: client(answers), headers: {}, signal: new AbortController().signal }, ports);

  it('is the only one that answers', async () => {
    const servers = await find({ 'http://127.0.0.1:8000/v1/models': models });
    expect(onlyServer(servers, ports)).toEqual({ url: 'http://127.0.0.1:8000', title: 'vLLM' });
  });

  it('is none where nothing answers: the ports that were tried are named', async () => {
    const servers = await find({});
    expect(() => onlyServer(servers, ports)).toThrow('tried the ports 8000 (vLLM), 8080 (llama-server)');
  });

  const locked = { 'http://127.0.0.1:8080/v1/models': [401, '{"error":"no key"}'] } as const;

  it('is not one that asks for a key: it is named where there is no other', async () => {
    const both = await find({ 'http://127.0.0.1:8000/v1/models': models, ...locked });
    expect(onlyServer(both, ports)).toMatchObject({ url: 'http://127.0.0.1:8000' });
    const servers = await find(locked);
    const steps = expect.arrayContaining(['chainctl quick http://127.0.0.1:8080 --api-key-file FILE']);
    expect(() => onlyServer(servers, ports)).toThrow(expect.objectContaining({ exit: 3, nextSteps: steps }));
  });

  it('is for the operator to say where there are several', async () => {
    const servers = await find({
      'http://127.0.0.1:8000/v1/models': models,
      'http://127.0.0.1:8080/v1/models': models,
    });
    expect(() => onlyServer(servers, ports)).toThrow('there are 2 servers');
  });

  it.each([
    ['http://127.0.0.1:8000', true],
    ['http://localhost:8000', true],
    ['http://[::1]:8000', true],
    ['http://192.168.1.7', true],
    ['http://172.20.0.1', true],
    ['http://172.32.0.1', false],
    ['https://api.openai.com/v1', false],
    ['https://8.8.8.8', false],
    ['http+unix://%2Frun%2Fx.sock/v1', true],
  ])('%s is private: %s', (url, expected) => {
    expect(isPrivate(url)).toBe(expected);
  });
});
