import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../../src/events.ts';
import { findRun, RUN_OR_WATCH } from '../../../src/services/results/find-run.ts';
import { renderReport } from '../../../src/services/results/formats.ts';
import { type Chart, chartData } from '../../../src/services/results/html/chart.ts';
import { drawChart } from '../../../src/services/results/html/draw.ts';
import { pageOf } from '../../../src/services/results/html/page.ts';
import { scalingCharts } from '../../../src/services/results/html/scaling-charts.ts';
import { watchPageOf } from '../../../src/services/results/html/scaling-section.ts';
import { markdownOf } from '../../../src/services/results/markdown.ts';
import { readReportedRun, readWatchedGroup } from '../../../src/services/results/recorded.ts';
import { scalingCsv } from '../../../src/services/results/scaling-csv.ts';
import { scalingText } from '../../../src/services/results/scaling-sections.ts';
import { reportRun } from '../../../src/services/results/write-report.ts';
import { writeWatchFigures } from '../../../src/services/results/write-watch.ts';
import { givenCapacity } from '../../../src/services/scaling/capacity.ts';
import { scalingFigures } from '../../../src/services/scaling/elasticity.ts';
import { openTimeline } from '../../../src/services/scaling/timeline-record.ts';
import { writeRun } from '../../browser/run-folder.ts';
import { elasticRun, life, oneToThree, timelineOf } from '../scaling/fixture.ts';
import { recordedRun } from './fixture.ts';

const run = elasticRun();
const { scaling } = run;
if (scaling === undefined) throw new Error('the fixture has no figures');
const { figures } = scaling;
const load = { plan: run.report.plan, points: run.report.points, series: run.series };

const cellsByPlace = (chart: Chart) => new Map(chartData(chart).columns.map(({ x, cells }) => [x, cells]));

test('the table', () => {
  expect(scalingText(figures, 80)).toMatchInlineSnapshot(`
    "Scaling of b, times since the load began:
      1 to 3 at 35.0-40.0 s, 5.0-10.0 s after the load went from 10.0 to 25.0 rps;
        all new instances answered 30.0-31.0 s after that
      3 to 1 at 110-115 s, 20.0-25.0 s after the load went from 25.0 to 5.00 rps

    Scale-out, seconds:
      instance size    decided  created  running   healthy   answers fair share
      b-2      1 to 3 5.0-10.0 0.0-10.0 5.0-15.0 10.0-20.0 17.0-23.0  17.0-23.0
      b-3                      0.0-10.0 5.0-15.0 15.0-25.0 20.0-26.0  27.0-33.0

    Scale-in, seconds:
      instance size     decided drained     gone failed
      b-2      3 to 1 20.0-25.0 0.0-5.0 0.0-10.0      2
      b-3                       0.0-5.0 0.0-10.0

    How to read them:
      decided: since the load changed. The others: since the decision. Polled every
        5.0 s: 5.0-10.0 is not before 5 s, and by 10 s.
      answers, fair share: from answers of the load. Fair is 80 % of an even share
        over the 10 s that follow, or more.
      failed: requests of the load that failed from the decision until all were
        gone.

    Elasticity (metrics of the SPEC research group), per cent:
      metric  what                                               %
      theta_U of the demand not supplied                 10.0-12.2
      tau_U   of the time with too little                16.7-20.0
      theta_O supplied beyond the demand                 26.7-33.3
      tau_O   of the time with too much                  13.3-16.7
      upsilon of the time not changing as the demand did      16.7
      Demand: the fewest instances for what is offered, at 10 rps each (as given
        with --capacity-per-instance), and at least 1. Supply: instances that serve.
      Over 150 s, in steps of 5.0 s.
    "
  `);
});

test('long names: columns go before a line does', () => {
  const name = (suffix: string) => `my-stack-of-the-chain-b-mig-${suffix}`;
  const instances = { [name('1')]: life({}), [name('x7f3')]: life({ made: 42, runs: 47, healthy: 1000 }) };
  const text = scalingText(scalingFigures(timelineOf({ ...oneToThree, instances })), 80);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toMatch(/x7f3: healthy, serving: not seen before the\s+timeline ended/);
  expect(text).toMatch(/instance +size +decided healthy answers fair share\n/);
  expect(text).toContain('1 never came');
});

test('a size that did not change is said', () => {
  const still = scalingFigures(timelineOf({ target: () => 1, instances: { 'b-1': life({}) } }));
  expect(scalingText(still, 80)).toContain('the size did not change in 31 polls over 150 s');
});

test('csv: a row per figure, with its bounds, or why it is not known', () => {
  const lines = scalingCsv('gcp', figures).trimEnd().split('\n');
  expect(lines[0]).toBe('run_tag,group,kind,event,from_size,to_size,instance,figure,unit,since,least,most,why');
  expect(lines).toContain('gcp,b,scale_out,1,1,3,b-2,first_answer,seconds,decision,17,23,');
  expect(lines).toContain('gcp,b,elasticity,,,,,tau_u,percent,,16.67,20,');
  const alone = scalingCsv('=x', scalingFigures(timelineOf(oneToThree)));
  expect(alone).toContain("'=x,b,scale_out,1,1,3,,decided,seconds,load_step,,,no load was recorded\n");
  expect(alone).toMatch(/elasticity,,,,,upsilon,percent,,,,no load was recorded/);
});

test('markdown: the same figures, foreign text escaped', () => {
  const evil = elasticRun({ ...oneToThree, instances: { 'b-1': life({}), 'b|<2>': life({ made: 41 }) } });
  const text = markdownOf(evil);
  expect(text).toContain('## Scaling of b, times since the load began');
  expect(text).toContain('b\\|\\<2\\>');
  expect(markdownOf(run)).toContain('| theta\\_U | of the demand not supplied | 10.0-12.2 |');
});

test('the chart: two panels over one axis, decisions marked, each column told', () => {
  const [chart] = scalingCharts(scaling, load);
  if (chart === undefined) throw new Error('no chart');
  expect(chart.series.map(({ name, lower = false }) => [name, lower])).toEqual([
    ...[
      ['serving', false],
      ['running', false],
      ['target', false],
      ['demand', false],
    ],
    ...[
      ['offered', true],
      ['ok', true],
      ['failed', true],
    ],
  ]);
  expect(chart.marks).toEqual([
    { x: 40, label: '1 to 3' },
    { x: 115, label: '3 to 1' },
  ]);
  expect(chart.summary).toContain('its size went 1 to 3 after 40 s, 3 to 1 after 115 s');
  const told = cellsByPlace(chart);
  expect(told.get(55)).toEqual(['2', '3', '3', '3', '25.0/s', '16.0/s', '0/s']);
  expect(told.get(110)).toEqual(['3', '3', '3', '1', '5.00/s', '5.00/s', '0.4/s']);
  const svg = drawChart(chart, { name: 'wide', width: 760, height: 340 });
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.match(/class="axis"/g)).toHaveLength(2);
});

test('a row for every instance: how far it had come, and nothing before it was there', () => {
  const [, chart] = scalingCharts(scaling, load);
  if (chart === undefined) throw new Error('no chart');
  expect([chart.id, chart.series.map(({ name }) => name)]).toEqual(['group-instances', ['b-1', 'b-2', 'b-3']]);
  const told = cellsByPlace(chart);
  expect(told.get(40)).toEqual(['serving', '', '']);
  expect(told.get(45)).toEqual(['serving', 'creating', 'creating']);
  expect(told.get(55)).toEqual(['serving', 'serving', 'running']);
  expect(told.get(115)).toEqual(['serving', 'leaving', 'leaving']);
  // The rows stand above each other: b-3 is the lowest.
  expect(chart.series.map(({ data }) => data.find(({ x }) => x === 60)?.base)).toEqual([2, 1, 0]);
});

test('what was seen too long ago is not drawn', () => {
  const { timeline } = scaling;
  const samples = timeline.samples.filter((_, place) => place < 4 || place > 10);
  const [chart] = scalingCharts({ timeline: { ...timeline, samples }, figures }, load);
  const target = chart?.series.find(({ name }) => name === 'target')?.data.map(({ x, y }) => [x, y]);
  // The last look before the hole is at 15 s, the next at 55 s; the load rises at 30 s.
  expect(target?.filter(([x = 0]) => x >= 15 && x <= 55)).toEqual([
    [15, 1],
    [30, Number.NaN],
    [55, 3],
  ]);
});

test('the page has a section only where a group was watched', () => {
  const assets = { css: '', script: '' };
  expect(pageOf(run, assets)).toContain('Scaling of b, times since the load began</h2>');
  expect(pageOf(recordedRun(), assets)).not.toContain('Scaling of');
  const evil = elasticRun({ ...oneToThree, instances: { 'b-1': life({}), '<img src=x>': life({ made: 41 }) } });
  expect(pageOf(evil, assets)).not.toContain('<img');
});

test('from the folder alone, with the capacity that was asked for', async () => {
  const results = await mkdtemp(join(tmpdir(), 'chainctl-elastic-'));
  const folder = await writeRun(results, run);
  expect((await readReportedRun(folder)).scaling).toBeUndefined();
  const { about, samples } = timelineOf(oneToThree);
  const record = await openTimeline({ ...about, folder, tag: 'gcp', outFolder: results, onFailure: () => {} });
  for (const sample of samples) record.add(sample);
  await record.close();
  const read = await readReportedRun(folder, givenCapacity(10));
  expect(read.scaling?.figures).toEqual(figures);
  expect(await renderReport('table', 'run', read, 80)).toContain('all new instances answered 30.0-31.0 s after that');
  const twice = await readReportedRun(folder, givenCapacity(5));
  expect(twice.scaling?.figures.metrics?.underAccuracy).not.toEqual(figures.metrics?.underAccuracy);
  expect((await readReportedRun(folder)).scaling?.figures.capacity).toMatchObject({
    source: 'plateau',
    perInstance: 10,
  });
  expect(await readdir(results)).toContain('gcp_scale.csv');
  expect((await readFile(join(results, 'gcp_scale.csv'), 'utf8')).split('\n')).toHaveLength(33);
  await rm(results, { recursive: true });
});

test.each([
  ['running', []],
  ['complete', ['gcp_elasticity.csv', 'report.html']],
] as const)(
  'a watch that ends in the folder of a load that is %s makes its figures from that',
  async (status, made) => {
    const results = await mkdtemp(join(tmpdir(), 'chainctl-beside-'));
    const folder = await writeRun(results, run);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    const { tag } = manifest.plan;
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, status }));
    const { about, samples } = timelineOf(oneToThree);
    const record = await openTimeline({ ...about, folder, tag, onFailure: () => {} });
    for (const sample of samples) record.add(sample);
    await record.close();
    const before = await readdir(folder);
    const told = await writeWatchFigures({ runFolder: folder, tag: 'other' }, () => {});
    expect(told.figures).toEqual((await readReportedRun(folder)).scaling?.figures);
    const added = (await readdir(folder)).filter((name) => !before.includes(name));
    expect(added.sort()).toEqual(made.map((name) => name.replace('gcp', tag)));
    await rm(results, { recursive: true });
  },
);

test('a page that cannot be written is a warning, and the figures are there all the same', async () => {
  const results = await mkdtemp(join(tmpdir(), 'chainctl-unwritten-'));
  const folder = await writeRun(results, run);
  const { about, samples } = timelineOf(oneToThree);
  const { tag } = run.report.plan;
  const record = await openTimeline({ ...about, folder, tag, onFailure: () => {} });
  for (const sample of samples) record.add(sample);
  await record.close();
  const page = join(folder, 'report.html');
  const good = await reportRun(folder, () => expect.unreachable());
  expect(good.page).toBe(page);
  await rm(page);
  await rm(join(folder, `${tag}_elasticity.csv`));
  // What is a folder cannot be replaced by a file.
  await mkdir(page);
  const events: Event[] = [];
  const written = await reportRun(folder, (event) => events.push(event));
  expect(written).toEqual({ run: good.run });
  expect(events).toMatchObject([
    {
      type: 'note',
      level: 'warn',
      text: expect.stringContaining(`make it with: chainctl report ${folder} --format html --out report.html`),
    },
  ]);
  expect(await readdir(folder)).toContain(`${tag}_elasticity.csv`);
  await rm(results, { recursive: true });
});

test('a watch without a run is reported from its timeline', async () => {
  const results = await mkdtemp(join(tmpdir(), 'chainctl-watched-'));
  const folder = join(results, '20260131-100000-gcp-scale');
  await mkdir(folder);
  expect(await readWatchedGroup(folder)).toBeUndefined();
  const { about, samples } = timelineOf(oneToThree);
  const record = await openTimeline({ ...about, folder, tag: 'gcp', onFailure: () => {} });
  for (const sample of samples) record.add(sample);
  await record.close();
  expect(await findRun('latest', results, { marks: RUN_OR_WATCH })).toBe(folder);
  await expect(findRun('latest', results)).rejects.toMatchObject({ code: 'run-unknown' });
  const watch = await readWatchedGroup(folder, givenCapacity(10));
  if (watch === undefined) throw new Error('nothing was read');
  expect([watch.name, watch.tag]).toEqual(['20260131-100000-gcp-scale', 'gcp']);
  expect(await renderReport('table', 'watch', watch, 80)).toContain('Scaling of b, times since the first poll:');
  expect(await renderReport('markdown', 'watch', watch, 80)).toMatch(
    /^# 20260131-100000-gcp-scale\n\n## Scaling of b,/,
  );
  expect(await renderReport('csv', 'watch', watch, 80)).toContain(
    'gcp,b,scale_out,1,1,3,b-2,healthy,seconds,decision,10,20,',
  );
  expect(JSON.parse(await renderReport('json', 'watch', watch, 80)).scaling.figures.scaleOuts).toHaveLength(1);
  await expect(renderReport('junit', 'watch', watch, 80)).rejects.toMatchObject({ exit: 2 });
  const html = watchPageOf(watch, { css: '', script: '' });
  expect(html).toContain("default-src 'none'");
  expect(html).toContain('id="group-size"');
  await writeFile(join(folder, 'manifest.json'), '{}');
  expect(await readWatchedGroup(folder)).toBeUndefined();
  await rm(results, { recursive: true });
});
