import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { plain } from '../../../src/ui/format/text.ts';
import { liveRows } from '../../../src/ui/ink/live-rows.ts';
import { emptyView, isActive, reduceView, type ViewModel } from '../../../src/ui/ink/view-model.ts';
import { linesReporter } from '../../../src/ui/lines/lines-reporter.ts';
import { renderWatch } from '../../../src/ui/render-scale.ts';
import { creating, group, instance, look, NOON } from '../scaling/samples.ts';
import { plan, tick } from './events.ts';

const started: Event = {
  type: 'watch-started',
  plan: { group: 'llm-b-mig', url: 'http://127.0.0.1:80', intervalSeconds: 5, forSeconds: 900, until: 'size=3' },
};
const seen = (sample: ScaleSample, elapsedSeconds = 0): Event => ({
  type: 'scale-sample',
  sample,
  seen: true,
  elapsedSeconds,
});
const autoscaler = { status: 'ACTIVE', recommendedSize: 1, min: 1, max: 3, details: [] };
const one = look(group([instance('llm-b-x1c2', { createdAt: NOON - 125_000 })], { autoscaler }), {
  hosts: [{ host: 'llm-b-x1c2', answers: 6 }],
});
const growing = look(
  group(
    [instance('llm-b-x1c2', { createdAt: NOON - 130_000 }), instance('llm-b-9fk1', { ...creating, createdAt: NOON })],
    {
      at: NOON + 5000,
      stable: false,
      autoscaler: { ...autoscaler, recommendedSize: 2 },
      errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 8.0", instance: 'llm-b-9fk1' }],
    },
  ),
  {
    hosts: [
      { host: 'llm-b-x1c2', answers: 4 },
      { host: 'llm-b-9fk1', answers: 2 },
    ],
    load: { offeredRps: 8, okRps: 6.9, inFlight: 14 },
  },
);
const unseen: Event = {
  type: 'scale-sample',
  sample: {
    group: { at: NOON + 10_000, instances: [], errors: [] },
    hosts: [],
    problem: 'the group was not seen: 503',
  },
  seen: false,
  elapsedSeconds: 10,
};

const viewAfter = (...events: readonly Event[]): ViewModel =>
  events.reduce((view, event, index) => reduceView(view, event, index * 5000), emptyView);
const rowsOf = (view: ViewModel, size: { columns?: number; rows?: number } = {}) =>
  liveRows(view, { now: 10_000, columns: 80, rows: 24, ...size }, plain);

describe('the live panel of a group', () => {
  test('shows size, autoscaler, load, every instance, who answers, errors', () => {
    const rows = rowsOf(viewAfter(started, seen(one), seen(growing, 5)));
    expect(rows.slice(1).join('\n')).toMatchInlineSnapshot(`
      "  size       1 of 2 wanted · 1 serving · changing
        autoscaler ACTIVE · recommends 2 · 1 to 3
        history    ██  running, up to 1
        load       offered 8/s · ok 6.9/s · in flight 14
        instance               stage    action   status       health  backend age
        llm-b-x1c2             serving  NONE     RUNNING      HEALTHY HEALTHY 2m 15s
        llm-b-9fk1             creating CREATING PROVISIONING UNKNOWN -       5 s
        answering  llm-b-x1c2 ████████████████░░░░░░░░  67 %
                   llm-b-9fk1 ████████░░░░░░░░░░░░░░░░  33 %
        errors     QUOTA_EXCEEDED (llm-b-9fk1): Quota 'CPUS' exceeded. Limit: 8.0"
    `);
    expect(rows[0]).toMatch(/^. llm-b-mig · until size=3 +10 s of 15m 00s$/);
    for (const row of rows) expect([...row].length).toBeLessThanOrEqual(79);
  });

  test('keeps the last look that saw the group beside what is wrong', () => {
    const rows = rowsOf(viewAfter(started, seen(one), unseen));
    expect(rows.join('\n')).toContain('1 of 1 wanted');
    expect(rows.at(-1)).toMatch(/problem +the group was not seen: 503/);
  });

  test('never fills the screen, however many instances there are', () => {
    const many = look(group(Array.from({ length: 60 }, (_, index) => instance(`b-${index}`))));
    for (const rows of [5, 10, 24]) {
      expect(rowsOf(viewAfter(started, seen(many)), { rows }).length).toBeLessThanOrEqual(rows - 3);
    }
    expect(rowsOf(viewAfter(started, seen(many)), { rows: 24 }).join('\n')).toMatch(/and \d+ more instances/);
  });

  test('never wraps, however narrow the terminal is', () => {
    for (const columns of [20, 40, 60, 200]) {
      for (const row of rowsOf(viewAfter(started, seen(one), seen(growing)), { columns })) {
        expect([...row].length).toBeLessThan(Math.max(21, columns));
      }
    }
  });

  test('keeps the end of long names, which tells them apart', () => {
    const long = look(group([instance('chainctl-default-llm-b-mig-x1c2')]));
    expect(rowsOf(viewAfter(started, seen(long))).join('\n')).toContain('llm-b-mig-x1c2');
  });

  test('becomes two rows beside a sweep', () => {
    const sweep: readonly Event[] = [
      { type: 'sweep-started', plan: { ...plan, elastic: { low: 1, high: 50, maxPoints: 74, group: 'g', size: 3 } } },
      { type: 'sweep-tick', tick },
    ];
    const rows = rowsOf(viewAfter(...sweep, started, seen(growing)));
    expect(rows[0]).toContain('point 2 of at most 74');
    expect(rows.slice(-2).join('\n')).toMatchInlineSnapshot(`
      "  group      1 of 2 wanted · 1 serving · changing · autoscaler ACTIVE · recomm…
        answering  llm-b-x1c2 67 %, llm-b-9fk1 33 %"
    `);
    expect(rows.length).toBeLessThanOrEqual(21);
  });

  test('goes when the watch is over, and leaves what changed', () => {
    const view = viewAfter(started, seen(one), { type: 'watch-ended' });
    expect(isActive(view)).toBe(false);
    expect(view.entries.length).toBeGreaterThan(3);
  });
});

test('elsewhere one line per change, and none where nothing changes', () => {
  let written = '';
  const reporter = linesReporter((line) => (written += line));
  const gone = look(group([instance('llm-b-9fk1', { createdAt: NOON })], { at: NOON + 15_000, autoscaler }), {
    hosts: [{ host: 'llm-b-9fk1', answers: 6 }],
  });
  for (const event of [started, seen(one), seen(one), seen(growing), seen(growing), unseen, unseen, seen(gone)]) {
    reporter.handle(event);
  }
  expect(written).toMatchInlineSnapshot(`
    "Watching llm-b-mig every 5 s for at most 15m 00s until size=3
      hosts are probed at http://127.0.0.1:80
    • 12:30:00 autoscaler: ACTIVE · recommends 1 · 1 to 3
    • 12:30:00 llm-b-x1c2: serving, action NONE, status RUNNING, health HEALTHY, backend HEALTHY
    • 12:30:00 size: 1 of 1 wanted · 1 serving · stable
    • 12:30:00 answering: llm-b-x1c2 100 %
    • 12:30:05 wanted size 1 -> 2
    • 12:30:05 autoscaler: ACTIVE · recommends 2 · 1 to 3
    • 12:30:05 llm-b-9fk1: creating, action CREATING, status PROVISIONING, health UNKNOWN
    • 12:30:05 size: 1 of 2 wanted · 1 serving · changing
    ✗ 12:30:05 QUOTA_EXCEEDED (llm-b-9fk1): Quota 'CPUS' exceeded. Limit: 8.0
    • 12:30:05 answering: llm-b-x1c2 67 %, llm-b-9fk1 33 %
    • 12:30:05 load: 8/s offered, 6.9/s right answers
    • 12:30:10 answering: no host
    • 12:30:10 load: none
    ! 12:30:10 the group was not seen: 503
    • 12:30:15 wanted size 2 -> 1
    • 12:30:15 autoscaler: ACTIVE · recommends 1 · 1 to 3
    • 12:30:15 llm-b-9fk1: serving, action CREATING -> NONE, status PROVISIONING -> RUNNING, health UNKNOWN -> HEALTHY, backend - -> HEALTHY
    • 12:30:15 llm-b-x1c2: gone
    • 12:30:15 size: 1 of 1 wanted · 1 serving · stable
    • 12:30:15 answering: llm-b-9fk1 100 %
    • 12:30:15 seen again, without a problem
    "
  `);
});

test('what comes from a cloud cannot move the cursor', () => {
  const evil = look(group([instance('b\u001b[2J')], { errors: [{ code: 'X\n', message: '\u001b]0;t\u0007' }] }));
  const rows = rowsOf(viewAfter(started, seen(evil)));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(rows.join('')).not.toMatch(/[\u0000-\u001f]/);
  expect(
    renderWatch({ group: 'g', intervalSeconds: 5, end: 'for', seconds: 9, looks: 2, problems: 0, last: evil }),
  ).not.toContain('\u001b');
});

test('the report says how the watch ended and what the group was like', () => {
  const report = {
    ...{ group: 'llm-b-mig', url: 'http://203.0.113.9', intervalSeconds: 5, until: 'size=3' },
    ...{ seconds: 62, looks: 13, problems: 1 },
  };
  expect(
    renderWatch({ ...report, end: 'for', last: growing, runFolder: 'results/r', scaleCsv: 'results/r/gcp_scale.csv' }),
  ).toMatchInlineSnapshot(`
    "llm-b-mig: not size=3 after 1m 02s (13 polls, 1 with a problem).
    Size: 1 of 2 wanted · 1 serving · changing
    Autoscaler: ACTIVE · recommends 2 · 1 to 3
    ┌────────────┬──────────┬──────────┬──────────────┬─────────┬─────────┬────────┐
    │ instance   │ stage    │ action   │ status       │ health  │ backend │ age    │
    ├────────────┼──────────┼──────────┼──────────────┼─────────┼─────────┼────────┤
    │ llm-b-x1c2 │ serving  │ NONE     │ RUNNING      │ HEALTHY │ HEALTHY │ 2m 15s │
    │ llm-b-9fk1 │ creating │ CREATING │ PROVISIONING │ UNKNOWN │ -       │ 5 s    │
    └────────────┴──────────┴──────────┴──────────────┴─────────┴─────────┴────────┘
    Answering: llm-b-x1c2 67 %, llm-b-9fk1 33 %
    Load: offered 8/s · ok 6.9/s · in flight 14
    Error: QUOTA_EXCEEDED (llm-b-9fk1): Quota 'CPUS' exceeded. Limit: 8.0
    Timeline: results/r/gcp_scale.csv
    Run:      results/r"
  `);
  expect(renderWatch({ ...report, end: 'until' })).toMatch(
    /^llm-b-mig: size=3 after 1m 02s \(13 polls, 1 with a problem\)\./,
  );
});
