import { expect, it } from 'vitest';
import { elasticLines } from '../../../src/services/results/verdict.ts';
import { elasticSteps } from '../../../src/services/scaling/elastic-steps.ts';
import { group, heldClock, instance } from './samples.ts';

const settings = { lowRps: 1, maxRps: 50, factor: 2, holdSeconds: 20, growSeconds: 60, scaleInSeconds: 40, size: 3 };
const one = group([instance('b-1')], { targetSize: 1 });

/** The rates that are offered, a step of 10 s each; `sees` says whether the group can be seen during a step. */
function offered(sees: (step: number) => boolean) {
  const { clock, pass } = heldClock();
  const { next: nextStep, see, outcome } = elasticSteps('b', settings, one, { clock, emit: () => {} });
  const rates: number[] = [];
  for (let step = 0; step < 50; step++) {
    const next = nextStep([]);
    if (next === undefined || !('rate' in next)) break;
    rates.push(next.rate);
    pass(5000);
    if (sees(step)) see(one);
    pass(5000);
  }
  return { rates, outcome: outcome() };
}

it('the load climbs by what is seen after each step, and ends when the group is small again', () => {
  const { rates, outcome } = offered(() => true);
  expect(rates).toEqual([1, 1, 2, 4, 8, 16, 32, 50, 50, 50, 1]);
  expect(outcome).toMatchObject({ scaledIn: true, endSize: 1 });
  expect(outcome.unseenSeconds).toBeUndefined();
});

it('the load does not climb, and nothing is said to be over, while the group cannot be seen', () => {
  const { rates, outcome } = offered((step) => step < 4);
  expect(rates).toEqual([1, 1, 2, 4, 8, 8, 8, 8, 8, 8, 1, 1, 1, 1]);
  expect(outcome).toMatchObject({ scaledIn: false, endSize: 1, unseenSeconds: 105 });
  expect(outcome.phases.map(({ why }) => why)).toContain(
    '1 of 3 serve after 60 s of stepping up, as last seen 45 s before',
  );
  expect(elasticLines(outcome)).toEqual([
    'Group: b went from 1 to 1 of 3 at up to 8 rps, and still had 1 when the wait for scale-in was over, as last seen 105 s before.',
  ]);
});
