import { describe, expect, it } from 'vitest';
import type { Step } from '../../../src/services/load/profiles/profile.ts';
import { findServers, isPrivate, onlyServer } from '../../../src/services/load/quick/find-servers.ts';
import { findingsOf } from '../../../src/services/load/quick/findings.ts';
import {
  BILLED,
  boundDoubling,
  boundSearch,
  FREE,
  isSaturated,
  isTooBusy,
  planSearch,
  refusalOf,
} from '../../../src/services/load/quick/quick-plan.ts';
import { quickText } from '../../../src/services/load/quick/quick-text.ts';
import type { QuickRuns } from '../../../src/services/load/quick/run-quick.ts';
import type { PointSummary, SweepReport } from '../../../src/services/load/types.ts';
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

const report = (points: readonly PointSummary[]) => ({ points, status: 'complete' }) as unknown as SweepReport;
const runs = (points: readonly PointSummary[], change: Partial<QuickRuns> = {}): QuickRuns => ({
  ...{ targetUrl: 'http://127.0.0.1:9/v1/chat/completions', api: 'openai-chat', model: 'm', isStreamed: true },
  ...{ aloneSeconds: 0.1, doubling: report(points), ...change },
});

describe('the numbers of requests at once', () => {
  it('double until twice as many get hardly more done', () => {
    const steps = walk(
      boundDoubling(0.1, FREE, () => 50, 60),
      (index) => closed(index, 4, 0.1),
    );
    expect(steps.map(({ rate }) => rate)).toEqual([1, 2, 4, 8]);
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
    const invalid = [0, 1, 2].map((index) =>
      pointOf(index, 10, { change: { validity: 'invalid: client-limited (late)' } }),
    );
    expect(isTooBusy(invalid)).toBe(true);
    expect(bound(20)(invalid)).toBeUndefined();
  });
});

describe('what is said', () => {
  it('names how many requests are worked on at a time, and a command that goes on from there', () => {
    const points = [0, 1, 2, 3].map((index) => closed(index, 4, 0.1));
    const knee = { ...report([pointOf(0, 30)]), knee: { rate: 34, index: 0, above: 38 } };
    const findings = findingsOf(runs(points, { search: knee }), ['--api-key-file', 'key']);
    expect(findings).toMatchObject({ parallel: 4, isSaturated: true, knee: { rps: 34, below: 38 }, unknown: [] });
    expect(findings.next[0]).toBe(
      'chainctl load --target http://127.0.0.1:9/v1/chat/completions --api openai-chat --model m --stream --max-tokens 64 --api-key-file key --rps 17,51 --find-knee --duration 30s',
    );
    const text = quickText(runs(points, { search: knee }), findings, ['results/x/report.html']);
    expect(text).toContain('It works on about 4 requests at a time: more at once only wait longer.');
    expect(text).toContain('Knee: it sustains 34 requests/s; 38 requests/s was not sustained.');
    expect(text).toContain('report    results/x/report.html');
  });

  it('says what a minute did not tell of a slow target', () => {
    const points = [closed(0, 1, 8)];
    const slow = runs(points, { aloneSeconds: 8 });
    const findings = findingsOf(slow);
    expect(findings.unknown).toEqual([
      'what more than 1 request at once would bring',
      'the knee, the highest rate that it sustains: answers of 8.0 s are too long for it',
    ]);
    expect(quickText(slow, findings, [])).toContain('Not found out in a minute:');
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
    expect(findings).not.toHaveProperty('parallel');
    expect(findings.unknown.join()).not.toContain('what more than');
    expect(findings.next[1]).toContain('--concurrency 4');
    const text = quickText(runs(points), findings, []);
    expect(text).toContain('At most 20.0 answers/s. More at once are refused (429): 400 of 440 at 4 at once.');
    expect(text).not.toContain('wait');
    const broken = refusing({ timeout: 390, ECONNRESET: 10 });
    expect(quickText(runs(broken), findingsOf(runs(broken)), [])).toContain('More at once fail (timeout): 400 of 440');
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

  it('says what failed, in the words of the server', () => {
    const failed = closed(0, 1, 1, {
      outcomes: { ...closed(0, 1, 1).outcomes, ok: 0, http_error: 40 },
      ...{ errorsByClass: { 429: 40 }, errorTexts: { 429: 'slow down' }, okRps: 0 },
    });
    const { response: _, ...point } = failed;
    const findings = findingsOf(runs([point]));
    expect(findings.failures).toEqual(['40 x 429: slow down']);
    expect(quickText(runs([point]), findings, [])).toContain('Nothing succeeded');
  });
});

describe('which server is meant', () => {
  const client = (answers: Readonly<Record<string, string>>) => ({
    raw: async ({ url }: { readonly url: string }) => {
      const text = answers[url];
      return text === undefined
        ? ({ kind: 'transport', code: 'x', reason: 'refused', remedy: '', seconds: 0 } as never)
        : ({ kind: 'raw', status: 200, text, simulated: false, seconds: 0 } as never);
    },
  });
  const models = '{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm"}]}';
  const ports = [
    { port: 8000, of: 'vLLM' },
    { port: 8080, of: 'llama-server' },
  ];
  const find = (answers: Readonly<Record<string, string>>) =>
    findServers({ client: client(answers), headers: {}, signal: new AbortController().signal }, ports);

  it('is the only one that answers', async () => {
    const servers = await find({ 'http://127.0.0.1:8000/v1/models': models });
    expect(onlyServer(servers, ports)).toEqual({ url: 'http://127.0.0.1:8000', title: 'vLLM', api: 'openai-chat' });
  });

  it('is none where nothing answers: the ports that were tried are named', async () => {
    const servers = await find({});
    expect(() => onlyServer(servers, ports)).toThrow('tried the ports 8000 (vLLM), 8080 (llama-server)');
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
  ])('%s is private: %s', (url, expected) => {
    expect(isPrivate(url)).toBe(expected);
  });
});
