import { expect, test } from 'vitest';
import { littleRemark, sessionRemark } from '../../../src/services/results/loop-remarks.ts';
import { pointOf } from './fixture.ts';

const point = pointOf(0, 8);

test('sessions say how they came out, those that a failed turn ended by name', () => {
  expect(sessionRemark(point)).toEqual([]);
  expect(sessionRemark({ ...point, sessions: { complete: 8, broken: 0, cut: 0 } })).toEqual(['sessions: 8 complete']);
  expect(sessionRemark({ ...point, sessions: { complete: 8, broken: 1, cut: 2 } })).toEqual([
    'sessions: 8 complete, 1 ended by a turn that failed, 2 cut by the end of the point',
  ]);
});

test('a closed loop whose throughput and times do not fit its places says so', () => {
  expect(littleRemark({ ...point, little: { expected: 8, observed: 7.7 } })).toEqual([]);
  expect(littleRemark({ ...point, little: { expected: 8, observed: 6.123 } })).toEqual([
    "by Little's law 6.12 requests were open on average, and 8 should have been: a longer --duration tells more",
  ]);
});
