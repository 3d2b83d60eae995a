import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bodiesOf, bodyOf, probeBodies } from '../../../../src/services/load/bodies.ts';
import type { RequestRecord } from '../../../../src/services/load/engine/request-record.ts';
import { RequestTemplate } from '../../../../src/services/load/engine/request-template.ts';
import { DEFAULT_PROMPT } from '../../../../src/services/load/prompt.ts';
import { AskWriter } from '../../../../src/services/load/workload/ask-writer.ts';
import { askedAdder } from '../../../../src/services/load/workload/asked.ts';
import { calibrate } from '../../../../src/services/load/workload/calibrate.ts';
import { describeWorkload } from '../../../../src/services/load/workload/describe.ts';
import { parseLengths } from '../../../../src/services/load/workload/lengths.ts';
import { loadData } from '../../../../src/services/load/workload/loaded.ts';
import { openWorkload, type WorkloadRequest } from '../../../../src/services/load/workload/open-workload.ts';
import { reopenWorkload } from '../../../../src/services/load/workload/reopen-workload.ts';
import type { WorkloadSettings } from '../../../../src/services/load/workload/settings.ts';

const PROMPT = { prompt: DEFAULT_PROMPT, seed: 7, series: 2 };
const lengths = (text: string) => parseLengths(text, 'x');

let folder = '';
let dataset = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-asks-'));
  dataset = join(folder, 'data.jsonl');
  const entries = Array.from({ length: 10 }, (_, n) => ({
    conversations: [
      { from: 'human', value: `question ${n}` },
      { from: 'gpt', value: 'x'.repeat(40 * (n + 1)) },
      { from: 'human', value: `more ${n}` },
    ],
  }));
  await writeFile(dataset, entries.map((each) => JSON.stringify(each)).join('\n'));
});

/** As a generator has it: files read again, with their texts. */
async function writerOf(asked: WorkloadRequest, prompt = PROMPT) {
  const { workload = {} } = await openWorkload(asked);
  return new AskWriter(workload, prompt, await loadData(workload));
}

const first = (writer: AskWriter, index: number) => writer.ask(index).messages[0]?.content ?? '';

describe('synthetic prompts', () => {
  test('have the letters of their tokens, share no beginning, and are the same again in every process', async () => {
    const make = () => writerOf({ inputTokens: lengths('64-256'), maxTokens: lengths('normal:50,10') });
    const [writer, again] = [await make(), await make()];
    const prompts = Array.from({ length: 500 }, (_, n) => first(writer, n - 100));
    for (const [n, prompt] of prompts.entries()) {
      const { inputTokens } = writer.plan.at({ number: n - 100, turn: 0 });
      expect(prompt).toHaveLength(4 * (inputTokens as number));
      expect(again.ask(n - 100)).toEqual(writer.ask(n - 100));
    }
    expect(new Set(prompts.map((prompt) => prompt.slice(0, 9))).size).toBe(500);
    expect(new Set(prompts.map((prompt) => prompt.slice(10, 60))).size).toBeGreaterThan(490);
  });

  test('of other points are of the same lengths and other words', async () => {
    const of = (series: number) => writerOf({ inputTokens: lengths('64-256') }, { ...PROMPT, series });
    const [one, other] = [await of(0), await of(1)];
    for (let n = 0; n < 50; n++) {
      expect(first(one, n)).toHaveLength(first(other, n).length);
      expect(first(one, n).slice(0, 9)).not.toBe(first(other, n).slice(0, 9));
    }
  });

  test('same: what has one length is one prompt; a shared prefix stands before what differs', async () => {
    const same = await writerOf({ inputTokens: lengths('100'), prompts: 'same' });
    expect(first(same, 0)).toBe(first(same, 1));
    const shared = await writerOf({ inputTokens: lengths('100') }, {
      ...PROMPT,
      sharedPrefixTokens: 50,
    } as typeof PROMPT);
    const [a, b] = [first(shared, 0), first(shared, 1)];
    const common = [...a].findIndex((letter, at) => letter !== b[at]);
    expect(common).toBeGreaterThan(200);
    expect(a).toHaveLength(common + 400);
  });
});

describe('data sets', () => {
  test('each entry once, then again from the beginning; with a mark, and without', async () => {
    const names = (writer: AskWriter, from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => /question \d$/.exec(first(writer, from + n))?.[0]);
    const shuffled = await writerOf({ dataset, datasetOrder: 'shuffle' });
    const round = names(shuffled, 0, 10);
    expect(new Set(round).size).toBe(10);
    expect(names(shuffled, 10, 20)).toEqual(round);
    expect(names(shuffled, -10, 0)).toEqual(round);
    expect(first(shuffled, 0)).not.toBe(first(shuffled, 10));
    const file = await writerOf({ dataset, datasetOrder: 'file', prompts: 'same' });
    expect(Array.from({ length: 11 }, (_, n) => first(file, n)).at(-1)).toBe('question 0');
    expect(round).not.toEqual(names(file, 0, 10));
  });

  test('answers are as long as recorded, or as asked', async () => {
    const recorded = await writerOf({ dataset, datasetOrder: 'file', maxTokens: { kind: 'dataset' } });
    expect(recorded.ask(4).maxTokens).toBe(50);
    expect((await writerOf({ dataset, maxTokens: lengths('9') })).ask(4).maxTokens).toBe(9);
    expect((await writerOf({ dataset })).ask(4)).not.toHaveProperty('maxTokens');
  });

  test('a conversation carries what was said before', async () => {
    const writer = await writerOf({ dataset, datasetOrder: 'file', prompts: 'same' });
    expect(writer.ask(17, { session: 3, turn: 0, answers: [] }).messages).toHaveLength(1);
    expect(writer.ask(18, { session: 3, turn: 1, answers: ['so it is'] }).messages).toEqual([
      { role: 'user', content: 'question 3' },
      { role: 'assistant', content: 'so it is' },
      { role: 'user', content: 'more 3' },
    ]);
    expect(writer.plan.turnsOf(3)).toBe(2);
  });

  test('a conversation in messages is one request, or turns each as long as recorded', async () => {
    const data = join(folder, 'messages.jsonl');
    const say = (role: string, letters: number) => ({ role, content: 'x'.repeat(letters) });
    const said = [say('user', 400), say('assistant', 100), say('user', 800), say('assistant', 200), say('user', 800)];
    await writeFile(data, JSON.stringify({ messages: [...said, say('assistant', 300)] }));
    const asked: WorkloadRequest = { dataset: data, prompts: 'same', maxTokens: { kind: 'dataset' } };
    const { workload = {}, data: sizes } = await openWorkload(asked);
    const planned = (settings: object) =>
      describeWorkload({ workload, data: sizes, seed: 1, ...settings }, 1)?.asked[0];
    expect(planned({})).toMatchObject({ input: { mean: 575 }, maxTokens: { mean: 75 } });
    expect(planned({ turns: 3 })).toMatchObject({ input: { mean: 100 }, maxTokens: { mean: 25 } });
    const writer = await writerOf(asked);
    const turn = (number: number) => writer.ask(number, { session: 0, turn: number, answers: ['a', 'b'] });
    expect([0, 1, 2].map((number) => turn(number).maxTokens)).toEqual([25, 50, 75]);
    expect(turn(0).messages).toHaveLength(1);
    const record = { outcome: 'ok', index: 0, session: 0, turn: 0 } as RequestRecord;
    expect(askedAdder(workload, 7, sizes)([record])[0]).toMatchObject({ input_tokens_asked: 100, max_tokens: 25 });
    const probe = (turns: number) =>
      JSON.parse(probeBodies({ ...PROMPT, workload, turns, form: { api: 'openai-chat', stream: false } }, sizes)());
    expect([1, 3].map((turns) => probe(turns).messages.length)).toEqual([5, 1]);
  });

  test('an answer that a ShareGPT turn does not have bounds nothing', async () => {
    const recorded = await writerOf({ dataset, datasetOrder: 'file', maxTokens: { kind: 'dataset' } });
    const turn = (number: number) => recorded.ask(0, { session: 4, turn: number, answers: ['a'] });
    expect([turn(0).maxTokens, turn(1).maxTokens]).toEqual([50, undefined]);
  });

  test('a file that changed since is refused', async () => {
    const { workload } = await openWorkload({ dataset });
    const other = { ...(workload as WorkloadSettings), dataset: { ...workload?.dataset, sha256: '0'.repeat(64) } };
    await expect(loadData(other as WorkloadSettings)).rejects.toMatchObject({
      ...{ exit: 2, code: 'data-changed' },
      message: `--dataset ${dataset}: it is no longer the file that the load began with`,
    });
  });
});

test('turns of synthetic conversations have lengths and words of their own, and the history as it was', async () => {
  const writer = await writerOf({ inputTokens: lengths('50-100') });
  const turn = (number: number, answers: readonly string[]) =>
    writer.ask(99, { session: 5, turn: number, answers }).messages.map(({ content }) => content);
  const [one, two, three] = [turn(0, []), turn(1, ['x']), turn(2, ['x', 'y'])];
  expect(two.slice(0, 2)).toEqual([one[0], 'x']);
  expect(three.slice(0, 4)).toEqual([...two, 'y']);
  expect(new Set(three).size).toBe(5);
});

describe('a mix', () => {
  const classes = ['chat=3,input-tokens=64-256,max-tokens=normal:50,10,1-100', 'long=1,input-tokens=1000'];

  test('has its classes by weight, each going through its own data', async () => {
    const writer = await writerOf({ mix: [...classes, `data=2,dataset=${dataset},dataset-order=file`] });
    const counts = new Map<string | undefined, number>();
    const questions: string[] = [];
    for (let n = 0; n < 6000; n++) {
      const { name } = writer.plan.at({ number: n, turn: 0 });
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (name === 'data' && questions.length < 12) questions.push(first(writer, n).slice(-10));
    }
    // Five standard deviations of each count.
    for (const [name, share] of [
      ['chat', 3 / 6],
      ['long', 1 / 6],
      ['data', 2 / 6],
    ] as const) {
      const spread = 5 * Math.sqrt(6000 * share * (1 - share));
      expect(Math.abs((counts.get(name) ?? 0) - 6000 * share)).toBeLessThan(spread);
    }
    expect(questions).toEqual(Array.from({ length: 12 }, (_, n) => `question ${n % 10}`));
  });

  test('is read from a file, and takes from the flags what a class does not say', async () => {
    const file = join(folder, 'mix.yaml');
    await writeFile(file, 'chat: {weight: 3, input-tokens: 64-256}\nlong:\n  input-tokens: 4000\n  max-tokens: 7\n');
    const { workload } = await openWorkload({ mix: [file], maxTokens: lengths('128') });
    expect(workload?.mix).toEqual([
      { name: 'chat', weight: 3, inputTokens: lengths('64-256'), maxTokens: lengths('128') },
      { name: 'long', weight: 1, inputTokens: lengths('4000'), maxTokens: lengths('7') },
    ]);
  });

  test.each([
    ['chat=0', '"0" is no weight'],
    ['1chat=1', '"1chat" is no name'],
    ['chat=1,foo=2', '"chat" has the key "foo": there are weight, input-tokens'],
    ['chat=1,input-tokens=x', '--mix "x": this is no length'],
    ['nowhere.yaml', '"nowhere.yaml" is no class (NAME=WEIGHT,...) and no file that can be read'],
  ])('"%s" is refused: %s', async (text, why) => {
    await expect(openWorkload({ mix: [text] })).rejects.toThrow(why);
  });

  test('a file nested without end is refused in words', async () => {
    const file = join(folder, 'deep.yaml');
    await writeFile(file, `chat: ${'['.repeat(20_000)}`);
    await expect(openWorkload({ mix: [file] })).rejects.toThrow(
      `the file ${file} is neither YAML nor JSON: is nested too deep to be read`,
    );
  });

  test('no class twice', async () => {
    await expect(openWorkload({ mix: ['a=1', 'a=2'] })).rejects.toThrow('"a" is there twice');
  });
});

describe('a run that goes on', () => {
  const moved = async (asked: WorkloadRequest) => {
    const { workload } = await openWorkload(asked);
    const there = join(folder, 'moved.jsonl');
    await rename(dataset, there);
    try {
      return { there, again: (await reopenWorkload(workload, { datasets: [there] })).workload };
    } finally {
      await rename(there, dataset);
    }
  };

  test('has its data set where it lies now: in every class of a mix, whose own it is or inherited', async () => {
    const of = (name: string) => `${name}=1,max-tokens=9`;
    const inherited = await moved({ dataset, mix: [of('a'), of('b'), 'c=1,input-tokens=64'] });
    expect(inherited.again?.dataset?.path).toBe(inherited.there);
    expect(inherited.again?.mix?.map((each) => each.dataset?.path)).toEqual([
      ...[inherited.there, inherited.there, undefined],
    ]);
    const own = await moved({ mix: [`${of('a')},dataset=${dataset}`] });
    expect(own.again?.mix?.[0]?.dataset?.path).toBe(own.there);
    expect(own.again).not.toHaveProperty('dataset');
  });

  test('has each of several data sets where it lies now, whatever the order in which they are told', async () => {
    const other = join(folder, 'second.jsonl');
    await writeFile(other, '{"prompt":"b"}');
    const { workload } = await openWorkload({ mix: [`a=1,dataset=${dataset}`, `b=1,dataset=${other}`] });
    const there = [join(folder, 'there-1.jsonl'), join(folder, 'there-2.jsonl')] as const;
    await rename(dataset, there[0]);
    await rename(other, there[1]);
    try {
      await expect(reopenWorkload(workload, { datasets: [there[1]] })).rejects.toThrow(
        `--dataset ${dataset}: cannot be read`,
      );
      const again = await reopenWorkload(workload, { datasets: [there[1], there[0]] });
      expect(again.workload?.mix?.map((each) => each.dataset?.path)).toEqual(there);
    } finally {
      await rename(there[0], dataset);
    }
  });

  test('takes no other file, and none that it asked nothing of', async () => {
    const other = join(folder, 'other.jsonl');
    await writeFile(other, '{"prompt":"a"}');
    const { workload } = await openWorkload({ dataset });
    const refused = (...of: Parameters<typeof reopenWorkload>) => expect(reopenWorkload(...of)).rejects;
    await refused(workload, { datasets: [other] }).toMatchObject({ exit: 2, code: 'data-changed' });
    await refused(undefined, { datasets: [other] }).toThrow('the run takes no requests from such a file');
    await refused(workload, { trace: other }).toThrow('the run takes no requests from such a file');
  });
});

describe('a trace', () => {
  test('has prompts as long as recorded; equal blocks are equal text, and the rest is not', async () => {
    const trace = join(folder, 'trace.jsonl');
    const rows = [
      { timestamp: 0, input_length: 1000, output_length: 5, hash_ids: [0, 1] },
      { timestamp: 5, input_length: 1400, output_length: 6, hash_ids: [0, 1, 2] },
      { timestamp: 9, input_length: 600, output_length: 7, hash_ids: [0, 3] },
      { timestamp: 10, input_length: 30, output_length: 8 },
    ];
    await writeFile(trace, rows.map((each) => JSON.stringify(each)).join('\n'));
    const writer = await writerOf({ trace });
    const prompts = rows.map((_, n) => first(writer, n));
    expect(prompts.map((prompt) => prompt.length)).toEqual([4000, 5600, 2400, 120]);
    expect(rows.map((_, n) => writer.ask(n).maxTokens)).toEqual([5, 6, 7, 8]);
    const common = (a = '', b = '') => [...a].findIndex((letter, at) => letter !== b[at]);
    expect(common(prompts[0], prompts[1])).toBe(-1);
    expect(common(prompts[0], prompts[2])).toBe(2048);
    expect(common(prompts[0], prompts[3])).toBe(0);
  });
});

describe('bodies and requests', () => {
  const form = { api: 'raw', stream: false };
  const settings = { ...PROMPT, form };

  test('one prompt for all is one body whose marks are written over; anything else is a body for each', async () => {
    const { workload: varied } = await openWorkload({ inputTokens: lengths('10-20') });
    expect(bodiesOf(settings)).toHaveProperty('marked');
    expect(bodiesOf({ ...settings, workload: { maxTokens: lengths('5') } })).toHaveProperty('marked');
    expect(bodiesOf({ ...settings, turns: 2 })).toHaveProperty('of');
    expect(bodiesOf({ ...settings, workload: varied as WorkloadSettings })).toHaveProperty('of');
    const same = bodiesOf({ ...settings, workload: { prompts: 'same' } });
    expect(same).toMatchObject({ marked: { marksAt: [] } });
    expect(JSON.parse(bodyOf({ ...settings, workload: { prompts: 'same' } }, 3)).prompt).toBe(DEFAULT_PROMPT);
  });

  test('each request has the length of its own body, also where a letter has several bytes', async () => {
    const file = join(folder, 'letters.jsonl');
    await writeFile(file, ['ä', '𝄞𝄞', '"'].map((prompt) => JSON.stringify({ prompt })).join('\n'));
    const { workload } = await openWorkload({ dataset: file });
    const data = await loadData(workload as WorkloadSettings);
    const whole = { ...settings, url: 'http://127.0.0.1:1/x', timeoutMs: 1000, rate: 1, workload } as const;
    const template = new RequestTemplate(whole as ConstructorParameters<typeof RequestTemplate>[0], data);
    const kept = template.request(0);
    const text = kept.toString();
    for (let index = 0; index < 3; index++) {
      const [head = '', body = ''] = template.request(index).toString().split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`\\r\\ncontent-length: ${Buffer.byteLength(body)}(\\r\\n|$)`));
      expect(JSON.parse(body).prompt).toMatch(/^[a-p]{8}a (ä|𝄞𝄞|")$/);
    }
    // The bytes of a request stay its own until they are written.
    expect(kept.toString()).toBe(text);
  });

  test('probes ask for the same, each with a mark of its own', async () => {
    const { workload, data } = await openWorkload({ mix: [`data=1,dataset=${dataset}`, 'long=1,input-tokens=1000'] });
    const next = probeBodies({ ...settings, workload: workload as WorkloadSettings }, data);
    const [one, other] = [JSON.parse(next()).prompt as string, JSON.parse(next()).prompt as string];
    expect(one).toHaveLength(other.length);
    expect(one.slice(0, 9)).not.toBe(other.slice(0, 9));
  });
});

test('a probe of sessions asks what their first turns ask, and not the whole conversation', async () => {
  const file = join(folder, 'chats.jsonl');
  const messages = ['first', 'answer', 'second'].map((content, at) => ({
    role: at === 1 ? 'assistant' : 'user',
    content,
  }));
  await writeFile(file, JSON.stringify({ messages }));
  const { workload = {} } = await openWorkload({ dataset: file });
  const data = await loadData(workload);
  const settings = { ...PROMPT, form: { api: 'openai-chat', stream: false, model: 'm' }, workload };
  const asked = (body: string) => JSON.parse(body).messages.map(({ content }: { content: string }) => content);
  expect(asked(probeBodies(settings, data)())).toEqual([expect.stringMatching(/first$/), 'answer', 'second']);
  expect(asked(probeBodies({ ...settings, turns: 2 }, data)())).toEqual([expect.stringMatching(/first$/)]);
});

test('lengths of a data set that there is not are refused', async () => {
  const refused = { exit: 2 };
  await expect(openWorkload({ maxTokens: { kind: 'dataset' } })).rejects.toMatchObject(refused);
  await expect(openWorkload({ inputTokens: { kind: 'dataset' }, dataset })).rejects.toMatchObject(refused);
});

describe('how a target counts tokens', () => {
  const counting = (charactersPerToken: number, overhead: number) =>
    calibrate(
      7,
      async ({ messages }) => Math.round((messages[0]?.content.length ?? 0) / charactersPerToken) + overhead,
    );

  test.each([
    [4, 0],
    [5.2, 11],
    [3.1, 26],
  ])('%d characters a token, and %d tokens with each prompt', async (characters, overhead) => {
    const scale = await counting(characters, overhead);
    expect(scale?.charactersPerToken).toBeCloseTo(characters, 1);
    expect(Math.abs((scale?.overheadTokens ?? 0) - overhead)).toBeLessThanOrEqual(1);
    const { workload } = await openWorkload({ inputTokens: lengths('300') });
    const writer = new AskWriter({ ...workload, ...(scale && { tokens: scale }) }, PROMPT, await loadData({}));
    expect(Math.abs(first(writer, 0).length / characters + overhead - 300)).toBeLessThan(4);
  });

  test('is the usual where a target does not tell, or cuts prompts', async () => {
    expect(await calibrate(7, async () => undefined)).toBeUndefined();
    expect(await calibrate(7, async () => 175)).toBeUndefined();
    expect(await calibrate(7, async ({ messages }) => (messages[0]?.content.length ?? 0) * 3)).toBeUndefined();
  });
});
