import { describe, expect, test } from 'vitest';
import { limit } from '../../../src/services/load/profiles/limit.ts';
import { concludedRate, concludeLimit } from '../../../src/services/load/profiles/limit-conclusion.ts';
import { CAPACITY, limitTried } from '../../../src/services/load/profiles/limit-evidence.ts';
import { type LimitSearch, nextLimitPoint } from '../../../src/services/load/profiles/limit-search.ts';
import { planProfile, profileOf } from '../../../src/services/load/profiles/profiles.ts';
import { splitmix32 } from '../../../src/services/load/random-numbers.ts';
import { parseLimit, parseSlo } from '../../../src/services/load/stats/criterion.ts';
import { skippedPoint } from '../../../src/services/load/stats/point-summary.ts';
import { searchedObjectives } from '../../../src/services/load/stats/searched-objectives.ts';
import type { PointSummary, SweepPlan } from '../../../src/services/load/types.ts';
import { limitLines } from '../../../src/services/results/limit-line.ts';

const P95 = 'p95<75ms';
const ERRORS = 'error-rate<1%';
const BOUNDS: LimitSearch = { low: 1, high: 1000, durationSeconds: 10, maxDurationSeconds: 3600 };

/** What a target shows at a rate: by how much each objective is missed, as if it were never disturbed by chance. */
type Target = (
  rate: number,
  nth: number,
) => { readonly excess: Readonly<Record<string, number>>; readonly served?: number };

/** A queue whose excess grows by `slope` with the logarithm of the rate, up to its capacity. */
const queue =
  (limitAt: number, slope: number, capacity = Number.POSITIVE_INFINITY): Target =>
  (rate) => ({ excess: { [P95]: slope * Math.log(rate / limitAt) }, served: Math.min(rate, capacity) });

function point(index: number, rate: number, seconds: number, target: Target, noise: () => number): PointSummary {
  const nothing = skippedPoint(index, rate, 'valid', '');
  const { excess, served = rate } = target(rate, index);
  const count = rate * seconds;
  // What one request tells: as of a p95 where seven neighbours say as much as one that is on its own.
  const error = 12 / Math.sqrt(count);
  const objectives = Object.entries(excess).map(([expression, true_]) => {
    const seen = true_ + error * noise();
    return { expression, met: seen < 0, observed: `${seen < 0 ? 70 : 80} ms`, evidence: { excess: seen, error } };
  });
  return {
    ...nothing,
    ...{
      status: 'complete',
      durationSeconds: seconds,
      scheduled: count,
      sent: count,
      servedRps: served,
      okRps: served,
    },
    outcomes: { ...nothing.outcomes, ok: count },
    objectives,
  };
}

function search(target: Target, seed: number, objectives: readonly string[] = [P95], bounds: LimitSearch = BOUNDS) {
  const uniform = splitmix32(seed);
  const noise = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const points: PointSummary[] = [];
  for (;;) {
    const next = nextLimitPoint(
      bounds,
      points.map((each) => limitTried(each, objectives)),
    );
    if (next === undefined) break;
    points.push(point(points.length, next.rate, next.durationSeconds, target, noise));
  }
  return { points, ...concludeLimit(bounds, objectives, points) };
}

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

describe('a search under objectives', () => {
  test.each([
    [160, 12, 200],
    [100, 4, 200],
    [50, 6, 200],
    [195, 200, 200],
  ])('finds a limit of %d rps to 2 % in at most ten points, whatever chance does', (at, slope, capacity) => {
    const runs = SEEDS.map((seed) => search(queue(at, slope, capacity), seed));
    expect(runs.filter(({ points }) => points.length > 10)).toEqual([]);
    const off = runs.map(({ knee }) => Math.abs((knee?.rate ?? 0) / at - 1));
    expect(off.filter((each) => each > 0.02)).toEqual([]);
    const missing = runs.filter(({ limit: { interval: [low, high] = [0, 0] } }) => low > at || at > high);
    expect(missing.length).toBeLessThanOrEqual(1);
    expect(runs.map((run) => run.limit.limitedBy)).toEqual(SEEDS.map(() => P95));
  });

  test('names the objective that gives way first, and what was seen of it above', () => {
    const target: Target = (rate) => ({
      excess: { [P95]: 12 * Math.log(rate / 180), [ERRORS]: 12 * Math.log(rate / 150) },
    });
    const { knee, limit: found } = search(target, 1, [P95, ERRORS]);
    expect(found).toMatchObject({ state: 'found', limitedBy: ERRORS, missed: { observed: '80 ms' } });
    expect(knee?.rate).toBeGreaterThan(150 / 1.02);
    expect(knee?.rate).toBeLessThan(150 * 1.02);
    expect(found.missed?.rate).toBeGreaterThan(knee?.rate ?? 0);
  });

  test('is limited by the capacity where nothing else gives way before', () => {
    const target: Target = (rate) => ({ excess: { [P95]: rate > 160 ? 4 : -6 }, served: Math.min(rate, 160) });
    const unmissed: Target = (rate) => ({ excess: { [ERRORS]: -6 }, served: Math.min(rate, 160) });
    for (const { knee } of [search(target, 3), search(unmissed, 4, [ERRORS])]) {
      expect(knee?.rate).toBeGreaterThan(160 / 1.02);
      expect(knee?.rate).toBeLessThan(160 * 1.02);
    }
    expect(search(unmissed, 4, [ERRORS]).limit).toMatchObject({
      state: 'found',
      limitedBy: CAPACITY,
      missed: { observed: '160/s served' },
    });
  });

  test('ends at the bounds: missed at the lowest rate already, held at the highest still', () => {
    const low = search(queue(0.1, 12), 1);
    expect(low.knee).toBeUndefined();
    expect(low.limit).toMatchObject({ state: 'below', limitedBy: P95, missed: { rate: 1, observed: '80 ms' } });
    const high = search(queue(5000, 12), 1);
    expect(high.knee).toMatchObject({ rate: 1000 });
    expect(high.points.length).toBeLessThanOrEqual(3);
    expect(high.limit).toEqual({ state: 'above', objectives: [P95] });
  });

  test('says what was reached where points may not be long enough, and which would do', () => {
    const { limit: found, points } = search(queue(160, 4, 200), 5, [P95], { ...BOUNDS, maxDurationSeconds: 30 });
    expect(points.length).toBe(10);
    expect(points.every(({ durationSeconds }) => durationSeconds <= 200)).toBe(true);
    expect(found.state).toBe('undecided');
    const [low = 0, high = 0] = found.interval ?? [];
    expect(low).toBeLessThan(160);
    expect(high).toBeGreaterThan(160);
    expect(found.wantedSeconds).toBeGreaterThan(30);
  });

  test('of a target that changes it says so', () => {
    const target: Target = (rate, nth) => ({ excess: { [P95]: 12 * Math.log(rate / (nth < 6 ? 160 : 100)) } });
    const { limit: found } = search(target, 3);
    expect(found.state).toBe('changing');
    expect(found.interval).toBeUndefined();
    expect(found.changed?.held).toBeGreaterThanOrEqual((found.changed?.missed ?? 0) * 0.999);
  });

  test('takes what held just above the likeliest limit where none held near below it', () => {
    const limit = {
      ...{ low: 140, middle: 143.85, high: 146, below: 0, above: 0, by: P95, error: 0.007 },
      slopes: new Map(),
    };
    const held = (offered: number, yes = true) => ({ ...{ offered, durationSeconds: 60, held: yes }, readings: [] });
    const at = (...tried: ReturnType<typeof held>[]) => concludedRate(BOUNDS, tried, limit).best?.offered;
    expect(at(held(97.5), held(143.9), held(146))).toBe(143.9);
    expect(at(held(97.5), held(142), held(143.9))).toBe(142);
    expect(at(held(97.5), held(143.9, false), held(146))).toBe(97.5);
  });

  test('tries whole numbers in a closed loop, up to the last one that holds', () => {
    const bounds = { ...BOUNDS, high: 64, whole: true };
    const target: Target = (rate) => ({ excess: { [P95]: 10 * Math.log(rate / 12.5) } });
    const { points, knee, limit: found } = search(target, 1, [P95], bounds);
    expect(points.every(({ rate }) => Number.isInteger(rate))).toBe(true);
    expect(knee?.rate).toBe(12);
    expect(found.state).toBe('found');
  });

  test('tries no number of open requests again while one is left between what held and what did not', () => {
    const bounds = { ...BOUNDS, high: 200, maxDurationSeconds: 10, whole: true };
    const { points, knee } = search((rate) => ({ excess: { [P95]: rate > 84 ? 3 : -5 } }), 1, [P95], bounds);
    const rates = points.map(({ rate }) => rate);
    const again = rates.filter((rate, i) => rates.indexOf(rate) < i);
    if (!rates.includes(85)) expect(again).toEqual([]);
    expect(knee?.rate).toBe(Math.max(...rates.filter((rate) => rate <= 84)));
    expect(knee?.rate).toBeGreaterThan(82);
  });

  test('offers what a busy machine spoiled again, and takes what it spoils twice for a bound', () => {
    const invalid = { ...skippedPoint(0, 1, 'invalid: client-limited (late)', ''), status: 'complete' as const };
    const spoiled = limitTried(invalid, [P95]);
    expect(spoiled).toMatchObject({ readings: [], invalid: true });
    expect(nextLimitPoint(BOUNDS, [spoiled])).toEqual({ rate: 1, durationSeconds: 40 });
    expect(nextLimitPoint(BOUNDS, [spoiled, spoiled])).toBeUndefined();
    expect(concludeLimit(BOUNDS, [P95], [invalid]).limit).toEqual({
      ...{ state: 'undecided', objectives: [P95] },
      unmeasured: [{ rate: 1, why: 'client-limited (late)' }],
    });
  });

  test('goes on below what this machine cannot offer, until that is near to what it could', () => {
    const bounds = { ...BOUNDS, maxDurationSeconds: 20 };
    const late = { validity: 'invalid: client-limited (late)' };
    const tried: ReturnType<typeof limitTried>[] = [];
    for (let next = nextLimitPoint(bounds, tried); next !== undefined; next = nextLimitPoint(bounds, tried)) {
      const made = point(tried.length, next.rate, next.durationSeconds, queue(900, 12, 950), () => 0);
      tried.push(limitTried(next.rate > 100 ? { ...made, ...late } : made, [P95]));
    }
    const told = tried.filter(({ readings }) => readings.length > 0).map(({ offered }) => offered);
    expect(Math.max(...told)).toBeGreaterThan(50);
    expect(tried.length).toBeLessThanOrEqual(10);
  });

  test('knows nothing above what held where this machine spoiled all of that, and names no longer points', () => {
    const held = point(0, 10, 60, queue(160, 12), () => 0);
    const late = { ...point(1, 1000, 10, queue(160, 12), () => 0), validity: 'invalid: client-limited (late)' };
    const { knee, limit: found } = concludeLimit(BOUNDS, [P95], [held, late]);
    expect(knee).toEqual({ rate: 10, index: 0 });
    expect(found).toEqual({
      ...{ state: 'undecided', objectives: [P95] },
      unmeasured: [{ rate: 1000, why: 'client-limited (late)' }],
    });
  });

  test('has a limit where no error is known, as of answers that were all alike, and in runs of earlier versions', () => {
    const seen = [32, 64].map((rate, index): PointSummary => {
      const { objectives = [], ...rest } = point(index, rate, 10, queue(45, 3), () => 0);
      return {
        ...rest,
        objectives: objectives.map((each) => ({ ...each, evidence: { excess: 3 * Math.log(rate / 45), error: 0 } })),
      };
    });
    const { limit: found } = concludeLimit(BOUNDS, [P95], seen);
    expect(found.estimate).toBeGreaterThan(32);
    expect(found.estimate).toBeLessThan(64);
    expect(found.interval?.every(Number.isFinite)).toBe(true);
  });

  test('takes nothing from a point that felt the one before, or was stopped', () => {
    const one = point(0, 100, 10, queue(160, 12), () => 0);
    expect(limitTried(one, [P95]).readings.map(({ name }) => name)).toEqual([P95, CAPACITY]);
    expect(limitTried({ ...one, contaminated: 'busy' }, [P95]).readings).toEqual([]);
    expect(limitTried({ ...one, status: 'aborted' }, [P95]).readings).toEqual([]);
    expect(limitTried({ ...one, loop: 'closed' }, [P95]).readings.map(({ name }) => name)).toEqual([P95]);
    expect(limitTried(one, [P95, ERRORS]).held).toBe(false);
  });
});

describe('its plan', () => {
  const settings = { rates: [1, 10, 1000], durationSeconds: 10, maxDurationSeconds: 600, findKnee: true };

  test('is made where objectives are asked for, and else the knee is searched as ever', () => {
    const { profile, own } = planProfile({ ...settings, slos: [parseSlo(P95)] });
    expect(profile).toBe(limit);
    expect(own.limit).toEqual({
      ...{ low: 1, high: 1000, maxPoints: 10, maxDurationSeconds: 600 },
      objectives: [P95, 'ok>=98%'],
    });
    expect(profileOf(own)).toBe(limit);
    expect(planProfile({ ...settings, slos: [] }).profile.name).toBe('search');
    expect(planProfile({ ...settings, findKnee: false, slos: [parseSlo(P95)] }).profile.name).toBe('list');
    expect(planProfile({ ...settings, loop: 'closed', slos: [parseSlo(P95)] }).own.loop).toBe('closed');
  });

  test('has the implied objectives, unless shares are asked for otherwise', () => {
    const named = (slos: string[], goodput: string[] = [], findKnee = true) =>
      searchedObjectives({ findKnee, slos: slos.map(parseSlo), goodput: goodput.map(parseLimit) }).map(
        ({ expression }) => expression,
      );
    expect(named([P95])).toEqual([P95, 'ok>=98%']);
    expect(named([P95, ERRORS])).toEqual([P95, ERRORS]);
    expect(named([], ['ttft<500ms'])).toEqual(['good>=98%', 'ok>=98%']);
    expect(named(['good>=90%'], ['ttft<500ms'])).toEqual(['good>=90%']);
    expect(named([P95], [], false)).toEqual([P95]);
    expect(named([])).toEqual([]);
  });
});

describe('what it came to, in words', () => {
  const plan = { limit: { ...{ low: 1, high: 1000, maxPoints: 10, maxDurationSeconds: 60 }, objectives: [P95] } };
  const line = (more: object) => limitLines({ plan: plan as unknown as SweepPlan, ...more }).join(' ');
  const objectives = [P95];
  const interval = [156.1, 161.2] as const;
  const knee = { rate: 158.2, index: 4 };
  const missed = { rate: 161.9, observed: '81.2 ms' };

  test('each end of a search has its sentence', () => {
    const known = { objectives, interval, estimate: 159, limitedBy: P95, missed };
    expect(line({ knee, limit: { state: 'found', ...known } })).toBe(
      'Knee: 158.2 rps is the highest rate at which p95<75ms holds (99 %: 156.1 to 161.2); above it p95<75ms gives way, 81.2 ms at 161.9 rps.',
    );
    expect(line({ knee, limit: { state: 'undecided', ...known, wantedSeconds: 5400 } })).toBe(
      'Knee: 158.2 rps held, and the limit is about 159 rps (99 %: 156.1 to 161.2), known to 1.9 % and not to 2 %, and --max-duration 1h30m would tell it to 2 %; above it p95<75ms gives way, 81.2 ms at 161.9 rps.',
    );
    // No duration makes a point longer that ends with its requests.
    const counted = limitLines({
      plan: { ...plan, requests: 25 } as unknown as SweepPlan,
      ...{ knee, limit: { state: 'undecided', ...known, wantedSeconds: 5400 } },
    }).join();
    expect(counted).toContain('and not to 2 %, and a larger --requests would show more; above it');
    expect(counted).not.toContain('--max-duration');
    const wide = (from: number, to: number) =>
      line({ knee, limit: { state: 'undecided', objectives, estimate: 200, interval: [from, to] } });
    expect(wide(40, 327)).toBe('Knee: 158.2 rps held, and the limit is between 40 and 327 rps (99 %).');
    expect(wide(150, 1100)).toBe(
      'Knee: 158.2 rps held, and the limit is above 150 rps (99 %), and how far is not known.',
    );
    expect(wide(0.9, 300)).toContain('the limit is below 300 rps (99 %).');
    expect(wide(0.9, 1100)).toContain('where the limit is between 1 and 1000 rps is not known.');
    const unmeasured = [{ rate: 1000, why: 'client-limited (lateness p99 9.0 ms, 1.0 ms allowed)' }];
    expect(line({ knee, limit: { state: 'undecided', objectives, unmeasured } })).toBe(
      'Knee: at least 158.2 rps, the highest rate at which p95<75ms held; nothing is known above it. Not measured: 1000 rps (this machine: lateness p99 9.0 ms, 1.0 ms allowed): a machine with less to do, or a faster one, tells more.',
    );
    const atOnce = { rate: 1, observed: '1.20 s' };
    const alone = (more: object) =>
      limitLines({
        plan: { ...plan, ...more } as unknown as SweepPlan,
        limit: { state: 'below', objectives, limitedBy: P95, missed: atOnce } as never,
      }).join();
    // What is offered cannot be less than one request.
    expect(alone({ probeMs: 1200 })).toBe(
      'Knee: none: p95<75ms gives way at the lowest rate already, 1.20 s at 1 rps; one request alone takes 1.20 s already.',
    );
    expect(alone({ probeMs: 70 })).toContain('--find-knee searches below it');
    expect(alone({ probeFailure: 'status 500' })).toContain('; one request alone failed already (status 500).');
    expect(line({ limit: { state: 'below', objectives, limitedBy: P95, missed: atOnce } })).toBe(
      'Knee: none: p95<75ms gives way at the lowest rate already, 1.20 s at 1 rps: --rps 0.1,1 --find-knee searches below it.',
    );
    expect(line({ knee: { rate: 1000, index: 1 }, limit: { state: 'above', objectives } })).toBe(
      'Knee: p95<75ms holds up to 1000 rps, the highest rate that was offered: the limit is above.',
    );
    const changed = { missed: 120, held: 150 };
    expect(line({ knee, limit: { state: 'changing', objectives, changed } })).toBe(
      'Knee: not known: the target changed meanwhile: an objective was missed at 120 rps and held at 150 rps; 158.2 rps held.',
    );
    expect(line({ limit: { state: 'undecided', objectives } })).toBe(
      'Knee: not known: no point told anything of p95<75ms.',
    );
    expect(line({})).toBe('');
  });
});
