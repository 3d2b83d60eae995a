import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { splitRow } from '../../../src/services/load/record/csv-reader.ts';
import { readTimeline } from '../../../src/services/scaling/read-timeline.ts';
import { openTimeline, type TimelineOptions } from '../../../src/services/scaling/timeline-record.ts';
import type { ScaleSample } from '../../../src/services/scaling/types.ts';
import { oneToThree, timelineOf } from './fixture.ts';
import { instance } from './samples.ts';

let folder: string;
let failures: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-timeline-'));
  failures = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const whole = timelineOf(oneToThree);

function options(change: Partial<TimelineOptions> = {}): TimelineOptions {
  return { ...whole.about, folder, tag: 'gcp', onFailure: (message) => failures.push(message), ...change };
}

async function write(samples: readonly ScaleSample[], change: Partial<TimelineOptions> = {}): Promise<void> {
  const record = await openTimeline(options(change));
  for (const sample of samples) record.add(sample);
  await record.close();
}

async function rows(): Promise<Record<string, string>[]> {
  const [head = '', ...lines] = (await readFile(join(folder, 'gcp_scale.csv'), 'utf8')).trimEnd().split('\n');
  const names = splitRow(head);
  return lines.map((line) => Object.fromEntries(splitRow(line).map((cell, place) => [names[place] ?? '', cell])));
}

test('what was recorded is read back whole', async () => {
  await write(whole.samples, { url: 'http://127.0.0.1:8080', capacityPerInstance: 10 });
  expect(await readTimeline(folder)).toEqual({
    about: { ...whole.about, url: 'http://127.0.0.1:8080', capacityPerInstance: 10 },
    samples: whole.samples,
  });
  expect(failures).toEqual([]);
});

test('a row per look: the states nest, and what is not known is empty', async () => {
  const [, , , , , , , , , creating, , verifying, serving] = whole.samples;
  const told: ScaleSample = {
    group: {
      ...(serving as ScaleSample).group,
      stable: false,
      autoscaler: { status: 'ACTIVE', recommendedSize: 3, min: 1, max: 3, details: ['CAPPED', 'x'] },
      errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded,\nlimit 8" }],
    },
    hosts: [
      { host: 'b-1', answers: 3 },
      { host: '=cmd', answers: 2 },
    ],
    load: { offeredRps: 25, okRps: 19.5, inFlight: 7 },
  };
  const blind: ScaleSample = {
    ...{ group: { at: whole.about.startedAt + 65_000, instances: [], errors: [] }, hosts: [], problem: '-timed out' },
  };
  await write([creating, verifying, told, blind] as ScaleSample[]);
  const [first, second, third, fourth] = await rows();
  expect(first).toMatchObject({
    ...{ time: '2026-01-31T10:00:45.000Z', offset_s: '45.000', group: 'b', target_size: '3', instances: '3' },
    ...{ creating: '2', running: '1', healthy: '1', serving: '1', leaving: '0', stable: '', recommended_size: '' },
  });
  expect(second).toMatchObject({ creating: '0', running: '3', healthy: '2', serving: '2' });
  expect(third).toMatchObject({
    ...{ healthy: '3', serving: '3', stable: '0', recommended_size: '3', autoscaler_status: 'ACTIVE' },
    ...{ autoscaler_details: 'CAPPED; x', hosts_seen: '2', answers: '5', hosts: 'b-1=3 =cmd=2' },
    ...{ offered_rps: '25', ok_rps: '19.5', in_flight: '7', errors: '1' },
    error: "QUOTA_EXCEEDED: Quota 'CPUS' exceeded, limit 8",
  });
  expect(fourth).toMatchObject({ target_size: '', offered_rps: '', problem: "'-timed out" });
});

test('a group that nobody calls healthy has no number of healthy instances', async () => {
  const samples = whole.samples.slice(0, 2).map((sample) => ({
    ...sample,
    group: { ...sample.group, instances: [instance('b-1', { stage: 'running' })], healthKnown: false },
  }));
  await write(samples);
  expect((await rows())[1]).toMatchObject({ running: '1', healthy: '', serving: '' });
});

test('killed in a line: the rest is read, and the watch goes on where it was', async () => {
  const path = join(folder, 'scale.jsonl');
  await write(whole.samples.slice(0, 10));
  const text = await readFile(path, 'utf8');
  const lastLine = text.trimEnd().lastIndexOf('\n') + 1;
  for (const cut of [lastLine + 1, lastLine + 40, text.length - 2]) {
    await writeFile(path, text.slice(0, cut));
    expect((await readTimeline(folder))?.samples).toEqual(whole.samples.slice(0, 9));
  }
  await truncate(join(folder, 'gcp_scale.csv'), (await readFile(join(folder, 'gcp_scale.csv'))).length - 5);
  await write(whole.samples.slice(9));
  expect(await readTimeline(folder)).toEqual(whole);
  expect((await rows()).map(({ offset_s }) => offset_s)).toEqual(
    whole.samples.map((_, place) => (place * 5).toFixed(3)),
  );
});

test('the order of the lines does not matter; a broken one in the middle does', async () => {
  const path = join(folder, 'scale.jsonl');
  await write(whole.samples);
  const [about = '', ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  await writeFile(path, `${[about, ...lines.reverse()].join('\n')}\n`);
  expect(await readTimeline(folder)).toEqual(whole);
  await appendFile(path, '{"group":\n{}\n');
  await expect(readTimeline(folder)).rejects.toMatchObject({ exit: 2, code: 'record-broken' });
});

test('no timeline, and one in which nothing was seen, are none', async () => {
  expect(await readTimeline(folder)).toBeUndefined();
  await write([]);
  expect(await readTimeline(folder)).toBeUndefined();
});

test('the latest timeline of a tag shows in the results folder', async () => {
  const outFolder = await mkdtemp(join(tmpdir(), 'chainctl-timeline-out-'));
  await write(whole.samples, { outFolder });
  const shown = await readFile(join(outFolder, 'gcp_scale.csv'), 'utf8');
  expect(shown).toBe(await readFile(join(folder, 'gcp_scale.csv'), 'utf8'));
  await rm(outFolder, { recursive: true });
});

test('a folder that is not there is told with a remedy', async () => {
  await expect(openTimeline(options({ folder: join(folder, 'none') }))).rejects.toMatchObject({
    ...{ code: 'results-unwritable', exit: 3 },
  });
});

test('a timeline of version 0.1, in the words of a managed instance group, gives the same figures', async () => {
  const words = {
    creating: { action: 'CREATING', status: 'PROVISIONING', health: 'UNKNOWN' },
    running: { action: 'VERIFYING', status: 'RUNNING', health: 'UNHEALTHY', backend: 'UNHEALTHY' },
    healthy: { action: 'NONE', status: 'RUNNING', health: 'HEALTHY', backend: 'UNHEALTHY' },
    serving: { action: 'NONE', status: 'RUNNING', health: 'HEALTHY', backend: 'HEALTHY' },
    leaving: { action: 'DELETING', status: 'STOPPING', health: 'UNKNOWN', backend: 'DRAINING' },
  } as const;
  const earlier = whole.samples.map(({ group: { healthKnown: _, ...group }, ...sample }) => ({
    ...sample,
    group: {
      ...group,
      autoscaler: { status: 'ACTIVE', recommendedSize: 3, details: [], retold: true },
      instances: group.instances.map(({ name, stage }) => ({ name, zone: 'z', createdAt: 1, ...words[stage] })),
    },
  }));
  await write(earlier as unknown as ScaleSample[]);
  const read = await readTimeline(folder);
  expect(read?.samples.map(({ group }) => group.instances.map(({ stage }) => stage))).toEqual(
    whole.samples.map(({ group }) => group.instances.map(({ stage }) => stage)),
  );
  expect(read?.samples[0]?.group).toMatchObject({
    healthKnown: true,
    autoscaler: { status: 'ACTIVE', stale: true },
    instances: [{ name: 'b-1', zone: 'z', createdAt: 1, stage: 'serving', detail: words.serving }],
  });
  expect(read?.samples[0]?.group.instances[0]).not.toHaveProperty('action');
});
