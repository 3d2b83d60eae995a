import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bodyOf } from '../../../src/services/load/bodies.ts';
import { GeneratorGroup } from '../../../src/services/load/generators/generator-group.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { readRun } from '../../../src/services/load/record/read-run.ts';
import { resumedOptions } from '../../../src/services/load/sweep/sweep-options.ts';
import { parseLengths } from '../../../src/services/load/workload/lengths.ts';
import { loadData } from '../../../src/services/load/workload/loaded.ts';
import { openWorkload } from '../../../src/services/load/workload/open-workload.ts';
import { reopenWorkload } from '../../../src/services/load/workload/reopen-workload.ts';
import type { WorkloadSettings } from '../../../src/services/load/workload/settings.ts';
import { pointOf, readCsv, serve, sweep } from './lab.ts';

/** A chat model that counts a token for each 5 letters and adds 3, and knows what it was asked. */
async function chatServer() {
  const bodies: string[] = [];
  const { url } = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      const { messages, max_tokens: most = 1 } = JSON.parse(body);
      const letters = messages.reduce((sum: number, { content }: { content: string }) => sum + content.length, 0);
      const usage = { prompt_tokens: Math.round(letters / 5) + 3, completion_tokens: most };
      const message = { role: 'assistant', content: `said ${letters}` };
      response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage }));
    });
  });
  return { url: url.replace('/invoke', '/v1/chat/completions'), bodies };
}

const folder = mkdtemp(join(tmpdir(), 'chainctl-workloads-'));

test('what arrives is what was asked, from several generators, with the lengths that the target counts', async () => {
  const { url, bodies } = await chatServer();
  const dataset = join(await folder, 'data.jsonl');
  const lines = Array.from({ length: 30 }, (_, n) => JSON.stringify({ prompt: `question ${n}`, max_tokens: n + 1 }));
  await writeFile(dataset, lines.join('\n'));
  const { workload, data } = await openWorkload({
    mix: [`data=1,dataset=${dataset}`, 'drawn=3,input-tokens=normal:120,30,40-200,max-tokens=64-256'],
  });
  const asked = { model: 'm', workload: workload as WorkloadSettings, data, probe: true, rates: [200] };
  const outcome = await sweep(url, asked, { startGenerator: () => GeneratorGroup.start({ processes: 2 }) });
  const run = await readRun(outcome.report.runFolder);
  const { tokens } = (run.manifest.settings as { workload: WorkloadSettings }).workload;
  expect(tokens?.charactersPerToken).toBeCloseTo(5, 1);
  // The same bodies, made again here from the seed and the numbers of the requests.
  const form = { api: 'openai-chat', stream: false, model: 'm' };
  const settings = {
    form,
    prompt: DEFAULT_PROMPT,
    seed: 1,
    series: 0,
    workload: { ...workload, ...(tokens && { tokens }) },
  };
  const texts = await loadData(settings.workload);
  const made = Array.from({ length: 140 }, (_, n) => bodyOf(settings, n - 20, texts));
  const own = new Set(made);
  expect(bodies.filter((body) => own.has(body)).sort()).toEqual(made.sort());
  // And told in the record, in the figures of each class, and again when the run is read.
  const { asked: figures } = pointOf(outcome);
  expect(figures?.map(({ name }) => name)).toEqual(['data', 'drawn']);
  expect(figures?.reduce((sum, { sent }) => sum + sent, 0)).toBe(120);
  for (const each of figures ?? [])
    expect(Math.abs((each.input?.mean ?? 0) - (each.countedInput?.mean ?? 99))).toBeLessThan(3);
  expect(figures?.[1]?.maxTokens).toEqual(figures?.[1]?.countedOutput);
  const rows = await readCsv(join(outcome.report.runFolder, 'lab_completions_rps200.csv'));
  expect(rows.every((row) => row.output_tokens === row.max_tokens)).toBe(true);
  expect(run.report.points[0]?.asked).toEqual(figures);
  expect(JSON.stringify(run.manifest)).not.toContain('question 7');
  // To go on with, with the same data wherever they lie now, and with no other.
  const options = resumedOptions(run, { prompt: DEFAULT_PROMPT, about: {} });
  expect((await reopenWorkload(options.workload, {})).workload).toEqual(settings.workload);
  await writeFile(dataset, lines.slice(1).join('\n'));
  await expect(reopenWorkload(options.workload, {})).rejects.toMatchObject({ exit: 2, code: 'data-changed' });
});

test('conversations carry what was really answered, and end where the recorded one does', async () => {
  const { url, bodies } = await chatServer();
  const dataset = join(await folder, 'talks.jsonl');
  const said = (...values: string[]) => ({ conversations: values.map((value) => ({ from: 'human', value })) });
  await writeFile(dataset, [said('a1', 'a2', 'a3'), said('b1')].map((each) => JSON.stringify(each)).join('\n'));
  const { workload, data } = await openWorkload({ dataset, datasetOrder: 'file', prompts: 'same' });
  const asked = { model: 'm', workload: workload as WorkloadSettings, data, turns: 5, rates: [20], warmupSeconds: 0 };
  const outcome = await sweep(url, { ...asked, preflight: false, durationSeconds: 2, requests: 16 });
  const talks = bodies.map((body) => JSON.parse(body).messages.map(({ content }: { content: string }) => content));
  const known = [['a1'], ['a1', 'said 2', 'a2'], ['a1', 'said 2', 'a2', 'said 10', 'a3'], ['b1']];
  expect(talks).toHaveLength(16);
  for (const talk of talks) expect(known).toContainEqual(talk);
  const rows = await readCsv(join(outcome.report.runFolder, 'lab_completions_rps20.csv'));
  for (const { session, turn } of rows) expect(Number(turn)).toBeLessThan(Number(session) % 2 === 0 ? 3 : 1);
});

test('a trace comes when it came, as long as it was, and has no state', async () => {
  const { url, bodies } = await chatServer();
  const trace = join(await folder, 'trace.jsonl');
  const rows = Array.from({ length: 12 }, (_, n) => ({
    timestamp: n * n * 10,
    input_length: 20 + n,
    output_length: n + 1,
  }));
  await writeFile(trace, rows.map((each) => JSON.stringify(each)).join('\n'));
  const { workload, data, replay } = await openWorkload({ trace, traceSpeed: 2 });
  const { rate = 0, durationSeconds = 0, times } = replay ?? {};
  const outcome = await sweep(url, {
    ...{ model: 'm', workload: workload as WorkloadSettings, data, preflight: false },
    ...{ rates: [rate], durationSeconds, warmupSeconds: 0, ...(times && { times }) },
  });
  const file = pointOf(outcome).perRequestCsv.split('/').at(-1) ?? '';
  const records = await readCsv(join(outcome.report.runFolder, file));
  const inOrder = records.toSorted((a, b) => Number(a.request) - Number(b.request));
  expect(inOrder.map(({ intended_ms: at }) => Number(at))).toEqual(rows.map(({ timestamp }) => timestamp / 2));
  expect(inOrder.map(({ max_tokens: most }) => Number(most))).toEqual(rows.map((row) => row.output_length));
  const lengths = bodies.map((body) => JSON.parse(body).messages[0].content.length).sort((a, b) => a - b);
  expect(lengths).toEqual(rows.map((row) => row.input_length * 4));
  expect(pointOf(outcome).state).toMatchObject({
    state: 'unknown',
    reason: expect.stringContaining('as in the trace'),
  });
  expect(outcome.report.plan.workload?.lines[0]).toMatch(
    /^When: replay of trace\.jsonl, 12 requests of 1\.2 s, 2 times/,
  );
});

test('without a preflight nothing is asked beforehand, and lengths follow the usual', async () => {
  const { url, bodies } = await chatServer();
  const { workload, data } = await openWorkload({ inputTokens: parseLengths('50', 'x') });
  const asked = { model: 'm', workload: workload as WorkloadSettings, data, preflight: false, warmupSeconds: 0 };
  await sweep(url, { ...asked, rates: [20], durationSeconds: 0.5 });
  expect(bodies.map((body) => JSON.parse(body).messages[0].content.length)).toEqual(Array(10).fill(200));
});
