import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { linesReporter } from '../../../src/ui/lines/lines-reporter.ts';
import { plan, point, tick } from './events.ts';

/** Lines written for events, each with the time in milliseconds at which it comes. */
function lines(...timed: readonly (readonly [at: number, event: Event])[]): string {
  let now = 0;
  let written = '';
  const reporter = linesReporter(
    (line) => (written += line),
    () => now,
  );
  for (const [at, event] of timed) {
    now = at;
    reporter.handle(event);
  }
  return written;
}

test('one line per change; a waiting reason only when it changes', () => {
  const waiting = (reason: string): Event => ({ type: 'step-waiting', key: 'engine', action: 'ready', reason });
  expect(
    lines(
      [0, { type: 'phase', name: 'Deploying', estimateSeconds: 12 }],
      [0, { type: 'plan', changes: [{ key: 'engine', action: 'create', reason: 'not there yet' }] }],
      [0, { type: 'step-started', key: 'engine', action: 'create' }],
      [1, waiting('no answer')],
      [2, waiting('no answer')],
      [3, waiting('no model')],
      [4, { type: 'step-done', key: 'engine', action: 'ready', seconds: 4 }],
      [5, { type: 'note', level: 'info', text: 'hello' }],
      [5, { type: 'note', level: 'warn', text: 'careful' }],
    ),
  ).toMatchInlineSnapshot(`
    "Deploying (about 12 s)
    Plan: 1 to create
      + create     engine  not there yet
    • engine: creating
    • engine: still waiting until ready: no answer
    • engine: still waiting until ready: no model
    ✓ engine ready after 4.0 s
    • hello
    ! warning: careful
    "
  `);
});

test('progress is thinned to every 2 s or 10 %, and its end is said once', () => {
  const progress = (done: number): Event => ({
    type: 'progress',
    key: 'p',
    label: 'pulling',
    done,
    total: 100,
    unit: 'files',
  });
  const written = lines(
    [0, progress(0)],
    [100, progress(1)],
    [200, progress(11)],
    [2300, progress(12)],
    [2400, progress(100)],
    [2500, progress(100)],
  );
  expect(written).toMatchInlineSnapshot(`
    "• pulling: 0 files of 100 files (0 %)
    • pulling: 11 files of 100 files (11 %)
    • pulling: 12 files of 100 files (12 %)
    • pulling: 100 files of 100 files (100 %)
    "
  `);
});

test('a sweep says one line per two seconds, one per new point and one per finished point', () => {
  const at = (index: number): Event => ({ type: 'sweep-tick', tick: { ...tick, index } });
  const written = lines(
    [0, { type: 'sweep-started', plan }],
    [0, at(0)],
    [500, at(0)],
    [2100, at(0)],
    [2200, { type: 'point-done', point }],
    [2300, at(1)],
    [2400, at(1)],
  );
  expect(written.match(/^• point 1 of 2/gm)).toHaveLength(2);
  expect(written.match(/^• point 2 of 2/gm)).toHaveLength(1);
  expect(written.match(/^✓ /gm)).toHaveLength(1);
  expect(written).not.toContain('\u001b');
});

test('lines fit the columns that there are, and a command at their end stays whole to be pasted', () => {
  let written = '';
  const reporter = linesReporter(
    (line) => (written += line),
    () => 0,
    40,
  );
  const command = 'chainctl report results/20260131-095900-a-chain --format html';
  reporter.handle({
    type: 'note',
    level: 'warn',
    text: `the page could not be written (disk full); make it with: ${command}`,
  });
  reporter.handle({ type: 'note', level: 'info', text: 'a sentence that is somewhat longer than forty columns are' });
  expect(written).toBe(
    [
      '! warning: the page could not be written',
      '  (disk full); make it with:',
      `  ${command}`,
      '• a sentence that is somewhat longer',
      '  than forty columns are',
      '',
    ].join('\n'),
  );
});
