import { expect, test } from 'vitest';
import { summaryRow } from '../../../src/services/load/record/csv-rows.ts';
import type { PointSummary } from '../../../src/services/load/types.ts';
import { FORMATS, type FormatName, renderReport } from '../../../src/services/results/formats.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { factsOf } from '../../../src/services/results/recorded.ts';
import { sloJunit } from '../../../src/services/results/slo-junit.ts';
import { elasticRun } from '../scaling/fixture.ts';
import { distribution, failedPoint, ladder, pointOf, recordedRun, reportOf } from './fixture.ts';

const two = [pointOf(0, 1), pointOf(1, 500, { change: { hosts: { 'b|1': 3, '<b>': 1 } } })];

test('markdown: which condition ended the run, and its command as a shell reads it', () => {
  const run = recordedRun();
  const report = reportOf(two, { status: 'interrupted', abortedBy: 'error-rate=20%: 75 % after 0.3 s' });
  expect(markdownOf({ ...run, report })).toContain('\n> Ended by --abort-on error-rate=20%: 75 % after 0.3 s\n');
  expect(factsOf({ ...run.manifest, commandLine: ['load', '--slo', 'p95<2s'] })).toContainEqual([
    'command',
    "chainctl load --slo 'p95<2s'",
  ]);
});

test('markdown: foreign text cannot leave its cell', () => {
  const run = recordedRun();
  const plan = { ...reportOf(two).plan, simulated: true };
  expect(markdownOf({ ...run, report: reportOf(two, { plan, status: 'interrupted' }) })).toMatchInlineSnapshot(`
    "# aws: \`http://127.0.0.1:8001/chain\`

    > **SIMULATED**: the engine was simulated, these figures say nothing about a real model.

    > Interrupted: not the whole ladder was measured.

    - Knee: no point was sustained.

    | rps | verdict | sent/s | ok/s | served/s | ok | errors | p50 | p90 | p95 | p99 | errors by class | refused or failed at |
    | ---: | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | :--- | :--- |
    | 1 | steady | 1.00 | 1.00 | 0.96 | 10 | 0 | 5.20 | ~5.98 | ~6.76 | ~8.71 | - | - |
    | 500 | overloaded | 500 | 420 | 403 | 4200 | 800 | 9.81 | 14.22 | 18.63 | 29.66 | 503 x 800 | the load balancer x 799, B x 1 |

    p50 to p99: response time of successes in seconds, from the intended time of each request.

    ~: too few independent answers for a 99 % bound (p99: 459 or more).

    ## Totals, and response times of successes in seconds

    | rps | seconds | sent | min | mean | max |
    | ---: | ---: | ---: | ---: | ---: | ---: |
    | 1 | 10 | 10 | 2.60 | 5.72 | 9.88 |
    | 500 | 10 | 5000 | 4.90 | 10.79 | 36.28 |
    | all | 20 | 5010 |  |  |  |

    ## Where the mean response time went, seconds

    | rps | client wait | A's engine | network | B's engine | B's wait | sum | answers |
    | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | 1 | 0.00 | 0.40 | 0.01 | 0.70 | 4.61 | 5.72 | 10 |
    | 500 | 0.00 | 0.40 | 0.18 | 0.70 | 9.50 | 10.79 | 4200 |

    ## Remarks

    - 500 rps: overloaded: requests in flight grew by 80 a second

    ## Answers by host

    | host | answers | share |
    | :--- | ---: | ---: |
    | b-1 | 4 | 26.7 % |
    | b-2 | 4 | 26.7 % |
    | b-3 | 3 | 20.0 % |
    | b\\|1 | 3 | 20.0 % |
    | \\<b\\> | 1 | 6.7 % |

    - least even at 1 rps: Jain's index 0.966, largest by smallest share 1.6

    ## This run

    - started: 2026-01-31 10:00:00 UTC
    - ended: 2026-01-31 10:06:30 UTC
    - command: chainctl load --tag aws
    - chainctl: 0.1.0
    - Node: v26.10.0
    - load machine: linux-x64, 2 cores, A processor, 8.0 GiB
    - run: 20260131-095900-aws-chain
    "
  `);
});

test('junit: a suite per threshold, a case per point, what was not decided is skipped', () => {
  const run = recordedRun();
  expect(sloJunit({ ...run, report: { ...ladder(), points: ladder().points.slice(6) } })).toMatchInlineSnapshot(`
    "<?xml version="1.0" encoding="UTF-8"?>
    <testsuites tests="26" failures="2" errors="0" skipped="16">
      <testsuite name="SLO p95&lt;9s" timestamp="2026-01-31T10:00:00" tests="13" failures="2" errors="0" skipped="4">
        <properties>
          <property name="run" value="20260131-095900-aws-chain"/>
          <property name="target" value="http://127.0.0.1:8001/chain"/>
          <property name="simulated" value="false"/>
        </properties>
        <testcase classname="load.aws" name="p95&lt;9s at 1 rps" time="0">
          <system-out><![CDATA[observed: 6.76 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 10 rps" time="0">
          <system-out><![CDATA[observed: 6.79 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 50 rps" time="0">
          <system-out><![CDATA[observed: 6.90 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 100 rps" time="0">
          <system-out><![CDATA[observed: 7.03 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 200 rps" time="0">
          <system-out><![CDATA[observed: 7.30 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 300 rps" time="0">
          <system-out><![CDATA[observed: 7.57 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 400 rps" time="10">
          <system-out><![CDATA[observed: 7.84 s]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 500 rps" time="10">
          <failure message="observed: 18.63 s, wanted: p95&lt;9s" type="slo-missed"/>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 600 rps" time="10">
          <failure message="observed: 28.00 s, wanted: p95&lt;9s" type="slo-missed"/>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 700 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 800 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 900 rps" time="10">
          <skipped/>
          <system-out><![CDATA[invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of the schedule sent); overloaded: requests in flight grew by 80 a second]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="p95&lt;9s at 1000 rps" time="0">
          <skipped/>
          <system-out><![CDATA[skipped: above the knee]]></system-out>
        </testcase>
      </testsuite>
      <testsuite name="SLO ok>10%" timestamp="2026-01-31T10:00:00" tests="13" failures="0" errors="0" skipped="12">
        <properties>
          <property name="run" value="20260131-095900-aws-chain"/>
          <property name="target" value="http://127.0.0.1:8001/chain"/>
          <property name="simulated" value="false"/>
        </properties>
        <testcase classname="load.aws" name="ok>10% at 1 rps" time="0">
          <system-out><![CDATA[observed: 100.0 %]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 10 rps" time="0">
          <skipped/>
          <system-out><![CDATA[not measured]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 50 rps" time="0">
          <skipped/>
          <system-out><![CDATA[not measured]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 100 rps" time="0">
          <skipped/>
          <system-out><![CDATA[not measured]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 200 rps" time="0">
          <skipped/>
          <system-out><![CDATA[not measured]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 300 rps" time="0">
          <skipped/>
          <system-out><![CDATA[not measured]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 400 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 500 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 600 rps" time="10">
          <skipped/>
          <system-out><![CDATA[contaminated: the probe still took 9.1 s after 60 s of waiting; overloaded: requests in flight grew by 80 a second]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 700 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 800 rps" time="10">
          <skipped/>
          <system-out><![CDATA[not decided]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 900 rps" time="10">
          <skipped/>
          <system-out><![CDATA[invalid: client-limited (200 dropped at 9800 in flight; 98.0 % of the schedule sent); overloaded: requests in flight grew by 80 a second]]></system-out>
        </testcase>
        <testcase classname="load.aws" name="ok>10% at 1000 rps" time="0">
          <skipped/>
          <system-out><![CDATA[skipped: above the knee]]></system-out>
        </testcase>
      </testsuite>
    </testsuites>"
  `);
});

test('junit: a threshold that no point decided fails', () => {
  const run = recordedRun({ slos: [{ expression: 'ok>99%', passed: false, points: [] }] });
  expect(sloJunit(run)).toContain('not passed: no point decided it');
});

test('a point of failures only is called failed by every format, and nothing else of it valid', async () => {
  const report = reportOf([pointOf(0, 1), failedPoint(1, 10)]);
  const run = { ...recordedRun(), report };
  expect(await renderReport('table', 'run', run, 80)).toMatch(/^ *10 .* failed$/m);
  expect(markdownOf(run)).toContain('| 10 | failed |');
  expect(pageOf(run, { css: '', script: '' })).toContain(
    '<tr class="unsound"><th scope="row">10</th><td class="word">failed',
  );
  const { points } = JSON.parse(await renderReport('json', 'run', run, 80)).report;
  expect(points.map(({ validity }: PointSummary) => validity)).toEqual(['valid', 'failed']);
  expect(report.points.map((point) => summaryRow(report.plan, point))).toEqual([
    expect.stringContaining(',complete,valid,'),
    expect.stringContaining(',complete,failed,'),
  ]);
  // Without a threshold, too.
  const junit = sloJunit(run);
  expect(junit).toContain('<testsuites tests="2" failures="1" errors="0" skipped="0">');
  expect(junit).toContain('<failure message="observed: 0.00 %, wanted: ok>0%" type="slo-missed"/>');
  expect(sloJunit({ ...run, report: { ...report, points: [] } })).toContain('failures="0" errors="0" skipped="2"');
});

test('junit: a run that a condition aborted has a failure, whatever its points had reached', () => {
  const report = { ...reportOf([pointOf(0, 1)]), abortedBy: 'error-rate=50%: 61.00 % after 3.0 s' };
  const junit = sloJunit({ ...recordedRun(), report });
  expect(junit).toContain('failures="1"');
  expect(junit).toContain('<failure message="aborted by error-rate=50%: 61.00 % after 3.0 s" type="aborted"/>');
});

test('a point that was stopped before any request had ended is no failure, in no format', async () => {
  const cut = { ...pointOf(0, 1).outcomes, ok: 0, incomplete: 100 };
  const why = 'invalid: stopped before any request had ended';
  const change = { status: 'interrupted', validity: why, outcomes: cut, errorsByClass: { interrupted: 100 } } as const;
  const report = reportOf([pointOf(0, 1), { ...failedPoint(1, 10), ...change }]);
  const run = { ...recordedRun(), report };
  expect(sloJunit(run)).toContain('<testsuites tests="2" failures="0" errors="0" skipped="1">');
  for (const format of ['table', 'markdown', 'html', 'junit'] as const) {
    const text = await renderReport(format, 'run', run, 80);
    expect(text).toContain(why);
    expect(text).not.toContain('failed: all');
  }
});

test('facts of a killed run', () => {
  const { endedAt: _endedAt, ...manifest } = recordedRun().manifest;
  expect(factsOf({ ...manifest, status: 'running' })).toMatchInlineSnapshot(`
    [
      [
        "started",
        "2026-01-31 10:00:00 UTC",
      ],
      [
        "ended",
        "not recorded",
      ],
      [
        "command",
        "chainctl load --tag aws",
      ],
      [
        "chainctl",
        "0.1.0",
      ],
      [
        "Node",
        "v26.10.0",
      ],
      [
        "load machine",
        "linux-x64, 2 cores, A processor, 8.0 GiB",
      ],
    ]
  `);
});

test('streamed answers get a table of their own', async () => {
  const stream = {
    ttft: distribution(180, 500),
    tpot: distribution(31, 500),
    outputTokens: 6400,
    outputTokensPerSecond: 640,
  };
  const report = reportOf([pointOf(0, 50, { change: { stream } })]);
  expect(await renderReport('table', 'run', { ...recordedRun(), report }, 80)).toContain(
    [
      'Streamed answers, milliseconds:',
      '       ttft  ttft itl itl tpot  tpot   server one user',
      '  rps   p50   p99 p50 p99  p50   p99 tokens/s tokens/s',
      '   50 180.0 585.0   -   - 31.0 100.8    640.0        -',
    ].join('\n'),
  );
});

test('every format is a text that ends with a line', async () => {
  for (const format of (Object.keys(FORMATS) as FormatName[]).filter((each) => each !== 'html')) {
    expect(await renderReport(format, 'run', elasticRun(), 80)).toMatch(/\S\n?$/);
  }
});

test('csv: of a run beside which no group was watched there is none', async () => {
  await expect(renderReport('csv', 'run', recordedRun(), 80)).rejects.toMatchObject({ code: 'no-timeline', exit: 2 });
});
