import { expect, test } from 'vitest';
import { ClosedFeed } from '../../../src/services/load/engine/feed/closed-feed.ts';
import type { Due, Feed } from '../../../src/services/load/engine/feed/feed.ts';
import { SessionFeed } from '../../../src/services/load/engine/feed/session-feed.ts';
import { TimetableFeed } from '../../../src/services/load/engine/feed/timetable-feed.ts';

/** Everything that is due at an instant. */
function takeAll(feed: Feed, nowMs: number): Due[] {
  const taken: Due[] = [];
  while (feed.nextMs(nowMs) <= nowMs) taken.push(feed.take(nowMs));
  return taken;
}

/** Runs a feed against a target that takes `serviceMs` for each, in steps of a millisecond; answers say what they are to. */
function simulate(feed: Feed, serviceMs: (due: Due) => number, untilMs: number, fromMs = 0) {
  const open: { due: Due; endMs: number }[] = [];
  const sent: Due[] = [];
  let most = 0;
  for (let now = fromMs; now <= untilMs; now++) {
    for (const each of open.filter(({ endMs }) => endMs <= now)) {
      open.splice(open.indexOf(each), 1);
      feed.ended(each.due, now, `answer ${each.due.turn?.session}.${each.due.turn?.turn}`);
    }
    for (const due of takeAll(feed, now)) {
      sent.push(due);
      open.push({ due, endMs: now + serviceMs(due) });
    }
    most = Math.max(most, open.length);
  }
  return { sent, most };
}

test('a timetable is due at its own instants, and what is not taken is counted once', () => {
  const feed = new TimetableFeed({ rate: 10, first: -2, end: 5 });
  expect(takeAll(feed, 101).map(({ index, intendedMs }) => [index, intendedMs])).toEqual([
    [-2, -200],
    [-1, -100],
    [0, 0],
    [1, 100],
  ]);
  expect(feed.exhausted).toBe(false);
  expect(feed.close()).toBe(3);
  expect(feed.close()).toBe(0);
  expect(feed.exhausted).toBe(true);
});

test('requests of the warm-up that were never sent are in no account', () => {
  expect(new TimetableFeed({ rate: 10, first: -2, end: 5 }).close()).toBe(5);
});

test('a closed loop keeps its places full until the window is over, and counts what begins in it', () => {
  const feed = new ClosedFeed({ concurrency: 3, warmupMs: 20, durationMs: 100 });
  const { sent, most } = simulate(feed, () => 10, 200, -20);
  expect(most).toBe(3);
  const measured = sent.filter(({ index }) => index >= 0);
  expect(measured).toHaveLength(30);
  expect(sent).toHaveLength(36);
  expect(new Set(sent.map(({ index }) => index)).size).toBe(36);
  expect(measured.every(({ intendedMs, latenessMs }) => intendedMs >= 0 && intendedMs < 100 && latenessMs === 0)).toBe(
    true,
  );
});

test('a place that waits for its sending is late, and its request counts from the sending', () => {
  const feed = new ClosedFeed({ concurrency: 1, warmupMs: 0, durationMs: 100 });
  feed.ended(feed.take(0), 10, '');
  expect(feed.take(13)).toMatchObject({ index: 1, intendedMs: 13, latenessMs: 3 });
});

test('a closed loop ends after so many requests', () => {
  const feed = new ClosedFeed({ concurrency: 4, warmupMs: 10, durationMs: 1000, requests: 10 });
  const { sent } = simulate(feed, () => 7, 1100, -10);
  expect(sent.filter(({ index }) => index >= 0)).toHaveLength(10);
  expect(feed.exhausted).toBe(true);
  expect(feed.close()).toBe(0);
});

test('several generators give no number twice', () => {
  const sent = [0, 1, 2].flatMap((index) => {
    const share = { index, count: 3 };
    return simulate(new ClosedFeed({ concurrency: 2, warmupMs: 10, durationMs: 50, share }), () => 10, 60, -10).sent;
  });
  expect(new Set(sent.map(({ index }) => index)).size).toBe(sent.length);
});

test('a further turn is due when the one before has ended and the thinking is over, with all that was said', () => {
  const terms = { turns: 3, thinkMs: 20, durationMs: 1000 };
  const feed = new SessionFeed({ rate: 10, first: 0, end: 1 }, terms);
  const { sent } = simulate(feed, () => 15, 1000);
  expect(sent.map(({ index, intendedMs }) => [index, intendedMs])).toEqual([
    [0, 0],
    [1, 35],
    [2, 70],
  ]);
  expect(sent.map(({ turn }) => turn)).toEqual([
    { session: 0, turn: 0, answers: [] },
    { session: 0, turn: 1, answers: ['answer 0.0'] },
    { session: 0, turn: 2, answers: ['answer 0.0', 'answer 0.1'] },
  ]);
  expect(feed.sessions).toEqual({ complete: 1, broken: 0, cut: 0 });
});

test('a turn that would be due after the window is none, and its session is cut', () => {
  const feed = new SessionFeed({ rate: 10, first: 0, end: 10 }, { turns: 2, thinkMs: 150, durationMs: 1000 });
  const { sent } = simulate(feed, () => 100, 2000);
  // The last two sessions would go on at 1050 and 1150 ms.
  expect(sent).toHaveLength(18);
  expect(sent.every(({ intendedMs }) => intendedMs < 1000)).toBe(true);
  expect(feed.sessions).toEqual({ complete: 8, broken: 0, cut: 2 });
});

test('a turn that failed ends its session', () => {
  const feed = new SessionFeed({ rate: 10, first: 0, end: 1 }, { turns: 3, thinkMs: 0, durationMs: 1000 });
  feed.ended(feed.take(0), 5, undefined);
  expect(takeAll(feed, 900)).toEqual([]);
  expect(feed.sessions).toEqual({ complete: 0, broken: 1, cut: 0 });
});

test('a further turn of a session that began in the warm-up counts where it is due in the window', () => {
  const feed = new SessionFeed({ rate: 10, first: -1, end: 0 }, { turns: 2, thinkMs: 100, durationMs: 1000 });
  const { sent } = simulate(feed, () => 50, 1000, -100);
  expect(sent.map(({ index, intendedMs }) => [index, intendedMs])).toEqual([
    [-1, -100],
    [0, 50],
  ]);
});

test('turns that are due and were not sent are in the account when the point is closed', () => {
  const feed = new SessionFeed({ rate: 10, first: 0, end: 3 }, { turns: 2, thinkMs: 10, durationMs: 1000 });
  feed.ended(feed.take(0), 5, 'yes');
  expect(feed.alarmMs()).toBe(15);
  expect(feed.close()).toBe(3);
  expect(feed.alarmMs()).toBe(Number.POSITIVE_INFINITY);
});

test('with a closed loop of sessions each user has one after another, and thinks after each answer', () => {
  const feed = new ClosedFeed({ concurrency: 2, warmupMs: 0, durationMs: 100, turns: 2, thinkMs: 10 });
  const { sent } = simulate(feed, () => 10, 120);
  expect(sent.map(({ turn, intendedMs }) => [turn?.session, turn?.turn, intendedMs])).toEqual([
    ...[
      [0, 0, 0],
      [1, 0, 0],
      [0, 1, 20],
      [1, 1, 20],
      [2, 0, 40],
      [3, 0, 40],
      [2, 1, 60],
      [3, 1, 60],
      [4, 0, 80],
    ],
    [5, 0, 80],
  ]);
  expect(feed.sessions).toEqual({ complete: 4, broken: 0, cut: 2 });
});
