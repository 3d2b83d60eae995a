import { expect, test } from 'vitest';
import { columnsOf } from '../../../src/services/results/html/chart.ts';
import { escapeHtml } from '../../../src/services/results/html/markup.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { pointCharts } from '../../../src/services/results/html/point-charts.ts';
import { clockStep, linearScale, logScale } from '../../../src/services/results/html/scale.ts';
import { timeCharts } from '../../../src/services/results/html/time-charts.ts';
import { tokenSections } from '../../../src/services/results/token-sections.ts';
import { chartOf, distribution, pointOf, recordedRun, reportOf, seriesOf } from './fixture.ts';

const assets = { css: 'p{color:red}', script: 'void 0' };

test('linear ticks are 1, 2 or 5 times a power of ten and end the axis', () => {
  const scale = linearScale([0, 420], [0, 100], 5);
  expect(scale.ticks).toEqual([0, 100, 200, 300, 400, 500]);
  expect([scale.at(0), scale.at(250), scale.at(500)]).toEqual([0, 50, 100]);
  expect(linearScale([0, 0], [0, 100], 5).ticks.at(-1)).toBe(1);
});

test('logarithmic ticks', () => {
  expect(logScale([1, 1000], [0, 90]).ticks).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
  expect(logScale([1, 1000], [0, 90]).at(100)).toBeCloseTo(60);
  expect(logScale([0.3, 70_000], [0, 90]).ticks).toEqual([1, 10, 100, 1000, 10_000, 100_000]);
  expect(logScale([5, 5], [0, 90]).at(5)).toBe(0);
});

test('steps of a clock', () => {
  expect([0.4, 40, 61, 100_000].map(clockStep)).toEqual([1, 60, 120, 172_800]);
});

test('escapes', () => {
  expect(escapeHtml(`<a href="x">'&\u0007`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;?');
});

test('the latency chart: intervals where there are any, hollow where not sound, the knee', () => {
  const chart = chartOf(recordedRun().report, 'latency');
  if (chart === undefined) throw new Error('no chart');
  expect(columnsOf(chart).map(({ name, cells }) => [name, ...cells].join(' | '))).toMatchInlineSnapshot(`
    [
      "1 rps, steady | 5.20 s (3.23 s to 7.18 s) | 5.98 s | 6.76 s (1.63 s to 11.9 s) | 8.71 s",
      "10 rps, steady | 5.22 s (4.59 s to 5.85 s) | 6.00 s | 6.79 s (5.16 s to 8.42 s) | 8.74 s",
      "50 rps, steady | 5.30 s (5.02 s to 5.59 s) | 6.10 s | 6.90 s (6.16 s to 7.64 s) | 8.88 s (7.45 s to 10.3 s)",
      "100 rps, steady | 5.41 s (5.20 s to 5.61 s) | 6.22 s | 7.03 s (6.50 s to 7.56 s) | 9.06 s (8.03 s to 10.1 s)",
      "200 rps, steady | 5.62 s (5.47 s to 5.77 s) | 6.46 s | 7.30 s (6.91 s to 7.69 s) | 9.41 s (8.65 s to 10.2 s)",
      "300 rps, steady | 5.82 s (5.70 s to 5.95 s) | 6.70 s | 7.57 s (7.24 s to 7.90 s) | 9.76 s (9.11 s to 10.4 s)",
      "400 rps, steady | 6.03 s (5.92 s to 6.15 s) | 6.94 s | 7.84 s (7.54 s to 8.14 s) | 10.1 s (9.53 s to 10.7 s)",
      "500 rps, overloaded | 9.81 s (9.62 s to 9.99 s) | 14.2 s | 18.6 s (17.9 s to 19.3 s) | 29.7 s (28.0 s to 31.3 s)",
      "600 rps, contaminated | 14.7 s (14.5 s to 15.0 s) | 21.4 s | 28.0 s (27.0 s to 29.0 s) | 44.6 s (42.1 s to 47.1 s)",
      "700 rps, overloaded | 20.0 s (19.6 s to 20.3 s) | 29.0 s | 37.9 s (36.5 s to 39.3 s) | 60.4 s (57.0 s to 63.8 s)",
      "800 rps, overloaded | 25.5 s (25.0 s to 26.0 s) | 37.0 s | 48.4 s (46.6 s to 50.2 s) | 77.1 s (72.8 s to 81.4 s)",
      "900 rps, invalid | 31.3 s (30.7 s to 31.9 s) | 45.4 s | 59.5 s (57.3 s to 61.7 s) | 94.7 s (89.5 s to 100 s)",
    ]
  `);
  expect(chart.series[0]?.data.filter(({ hollow }) => hollow).map(({ x }) => x)).toEqual([600, 900]);
  expect(chart.marks).toEqual([{ x: 400, label: 'knee 400' }]);
  expect(chart.flags?.map(({ label }) => label)).toEqual(['contaminated', 'invalid']);
});

test('the speed-up begins at the lowest sound rate', () => {
  const report = reportOf([pointOf(0, 1, { change: { validity: 'invalid: x' } }), pointOf(1, 10), pointOf(2, 100)]);
  const chart = chartOf(report, 'speedup');
  expect([chart?.title, chart?.series.map(({ data }) => data.map(({ text }) => text))]).toEqual([
    'Speed-up against 10 rps',
    [
      ['1 x', '10 x'],
      ['1 x', '10 x'],
    ],
  ]);
});

test('over time: nothing is drawn between points, and a long sweep is put together', () => {
  const run = recordedRun();
  const charts = timeCharts(run);
  expect(charts.map(({ id }) => id)).toEqual(['rates', 'in-flight', 'response-over-time', 'hosts']);
  const data = charts[0]?.series[1]?.data ?? [];
  expect(data.filter(({ y }) => Number.isNaN(y)).length).toBe(11);
  expect(charts[0]?.bands?.slice(0, 2)).toEqual([
    { from: 0, to: 10, label: '1' },
    { from: 30, to: 40, label: '10' },
  ]);
  const second5 = seriesOf(run.report)[5];
  const long = Array.from({ length: 4000 }, (_, second) => ({
    ...second5,
    index: 0,
    rate: 1,
    second,
    phase: 'measure' as const,
  }));
  const [rates] = timeCharts({ ...run, series: long as typeof run.series });
  expect(rates?.series[1]?.data.length).toBeLessThanOrEqual(601);
});

test('a clock that was set back in mid-run puts no point over another', () => {
  const run = recordedRun();
  const points = run.report.points.map((point) =>
    point.index < 2 ? point : { ...point, startedAt: point.startedAt.replace('T10', 'T09') },
  );
  const bands = timeCharts({ ...run, report: { ...run.report, points } })[0]?.bands ?? [];
  expect(bands.slice(0, 2)).toEqual(timeCharts(run)[0]?.bands?.slice(0, 2));
  expect(bands.length).toBeGreaterThan(3);
  for (const [place, { from, to }] of bands.entries()) {
    expect(to).toBeGreaterThan(from);
    expect(from).toBeGreaterThanOrEqual(bands[place - 1]?.to ?? 0);
  }
});

test('the page: policy, no reference to anything outside, foreign text escaped', () => {
  const evil = pointOf(0, 10, { change: { hosts: { '</script><img src=x onerror=alert(1)>': 5, b: 1 } } });
  const report = reportOf([evil]);
  const html = pageOf({ ...recordedRun(), report, series: seriesOf(report) }, assets);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toContain('<img');
  expect(html.match(/<\/script>/g)?.length).toBe(1);
  expect(html.match(/(?:src|href)="(?!data:,)[^"]*"/g)).toBeNull();
  expect(html).not.toContain('SIMULATED');
});

test('the page of a simulated, interrupted run says both', () => {
  const { plan } = recordedRun().report;
  const html = pageOf(recordedRun({ plan: { ...plan, simulated: true }, status: 'interrupted' }), assets);
  expect(html).toContain('<strong>SIMULATED</strong>');
  expect(html).toContain('<title>SIMULATED ');
  expect(html).toContain('Interrupted: not the whole ladder was measured.');
});

test('a run without a single point has a page', () => {
  const html = pageOf({ ...recordedRun(), report: reportOf([]), series: [] }, assets);
  expect(html).toContain('No point was measured');
  expect(pointCharts(reportOf([]))).toEqual([]);
});

test('tokens and streams are told as in the other formats: tables, and what is to be known of them', () => {
  const [ttft, itl] = [distribution(180, 500), distribution(40, 500)];
  const stream = { ttft, itl, tpot: distribution(10, 500), hops: [{ name: 'a', ttft, itl }] };
  const told = { outputTokens: 6400, outputTokensPerSecond: 640, answers: 500, oneRead: 1, withoutDone: 500 };
  const tokens = { prompt: 50_000, output: 12_800, outputPerSecond: 1280, answers: 500, estimated: 25 };
  const report = reportOf([pointOf(0, 10, { change: { tokens, stream: { ...stream, ...told } } })]);
  const html = pageOf({ ...recordedRun(), report, series: [] }, assets);
  for (const { title, table, lines = [] } of tokenSections(report.points, 'rps')) {
    expect(html).toContain(`<caption>${escapeHtml(title)}</caption>`);
    for (const cell of table?.rows[0]?.slice(1) ?? []) expect(html).toContain(`>${escapeHtml(cell)}</td>`);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(html).toContain(escapeHtml(line).replace(/^10 rps/, '<b>10 rps</b>'));
  }
  expect(html).toContain('>output each</th>');
});

test('streamed answers have charts of their own, of the figures that there are', () => {
  const stream = (ms: number) => ({ ttft: distribution(ms, 500), outputTokens: 6400, outputTokensPerSecond: 640 });
  const points = [
    pointOf(0, 10, { change: { stream: stream(180) } }),
    pointOf(1, 20, { change: { stream: stream(300) } }),
  ];
  const charts = pointCharts(reportOf(points)).filter(({ id }) => id === 'stream' || id === 'tokens');
  expect(charts.map(({ id, series }) => [id, ...series.map(({ name }) => name)])).toEqual([
    ['stream', 'TTFT p50', 'TTFT p99'],
    ['tokens', 'output tokens'],
  ]);
  expect(chartOf(recordedRun().report, 'stream')).toBeUndefined();
  expect(pageOf({ ...recordedRun(), report: reportOf(points), series: [] }, assets)).toContain('id="stream"');
});
