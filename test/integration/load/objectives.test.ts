import { expect, test } from 'vitest';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { parseAbort, parseLimit, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { parseUntilCertain } from '../../../src/services/load/stats/until-certain.ts';
import { ANSWER, pointOf, serve, sweep } from './lab.ts';

/** Answers at once, but for every n-th request, which it never answers. */
const hangingEvery = (nth: number) => {
  let count = 0;
  return serve((request, response) => {
    count++;
    if (count % nth !== 0) request.resume().on('end', () => response.end(ANSWER));
  });
};

test('one request in ten hangs: the successes are fast, and the objective is missed', async () => {
  const { url } = await hangingEvery(10);
  const outcome = await sweep(url, {
    ...{ durationSeconds: 1, warmupSeconds: 0, timeoutSeconds: 1 },
    slos: ['p95<60s', 'p80<60s', 'good>=80%'].map(parseSlo),
    goodput: [parseLimit('e2e<60s')],
  });
  const { objectives, good, outcomes } = pointOf(outcome);
  expect(outcomes).toMatchObject({ ok: 90, timeout: 10 });
  expect(objectives).toMatchObject([
    { met: false, observed: 'without end: 10.0 % of the requests did not succeed', within: 90, of: 100, needed: 0.95 },
    { met: true, within: 90, of: 100, needed: 0.8 },
    { met: true, observed: '90.00 %' },
  ]);
  expect(good).toEqual({ count: 90, share: 0.9, rps: 90, missed: { 'e2e<60s': 10 } });
  const read = await readRun(outcome.report.runFolder);
  expect(read.points[0]).toMatchObject({ objectives, good });
  expect(read.report.plan.goodput).toEqual(['e2e<60s']);
});

test('what hangs is infinitely slow for a condition to end on, too', async () => {
  const { url } = await hangingEvery(2);
  const abortOn = [parseAbort('p60>1m')];
  const { report } = await sweep(url, { durationSeconds: 30, timeoutSeconds: 0.5, abortOn });
  expect(report.abortedBy).toMatch(/^p60>1m: without end: \d\d\.\d % of the requests did not succeed after /);
  expect(report.points[0]?.status).toBe('aborted');
});

test('a point lasts until its percentile is certain, and is a whole one', async () => {
  let count = 0;
  // Between 20 and 60 ms, spread evenly: what a busy machine adds is little against it.
  const { url } = await serve((request, response) => {
    const ms = 20 + ((count++ * 37) % 41);
    request.resume().on('end', () => setTimeout(() => response.end(ANSWER), ms));
  });
  const untilCertain = { ...parseUntilCertain('p50:200%'), maxDurationSeconds: 60 };
  const outcome = await sweep(url, { durationSeconds: 0.5, untilCertain });
  const point = pointOf(outcome);
  expect(point.status).toBe('complete');
  expect(point.durationSeconds).toBeGreaterThanOrEqual(0.5);
  expect(point.durationSeconds).toBeLessThan(60);
  expect(point.sent).toBe(point.outcomes.ok);
  expect(point.certainty).toMatchObject({ metric: 'p50', width: 2, reached: true, count: point.outcomes.ok });
  expect(point.certainty?.estimate).toBe(point.response?.p50);
  expect(outcome.report.plan.untilCertain).toEqual({ metric: 'p50', width: 2, maxDurationSeconds: 60 });
});

test('one that does not get there within its bound says so', async () => {
  const { url } = await serve((request, response) => void request.resume().on('end', () => response.end(ANSWER)));
  const untilCertain = { ...parseUntilCertain('p99.9'), maxDurationSeconds: 0.6 };
  const outcome = await sweep(url, { durationSeconds: 0.5, untilCertain });
  expect(pointOf(outcome)).toMatchObject({ status: 'complete', durationSeconds: 0.6, sent: 60 });
  expect(pointOf(outcome).certainty).toMatchObject({ metric: 'p99.9', reached: false });
  const notes = outcome.events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
  expect(notes).toContainEqual(
    'p99.9 cannot be certain at 100 req/s within 600 ms: --max-duration 2m is the least that may do',
  );
});
