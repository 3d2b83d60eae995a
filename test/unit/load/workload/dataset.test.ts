import { mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readDataset } from '../../../../src/services/load/workload/dataset.ts';
import { type Entry, turnsOf } from '../../../../src/services/load/workload/entries.ts';
import { JsonStore } from '../../../../src/services/load/workload/json-store.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chainctl-dataset-'));
});

let files = 0;
async function read(content: string | Buffer) {
  const path = join(folder, `d${files++}`);
  await writeFile(path, content);
  const entries: Entry[] = [];
  const ref = await readDataset(path, 'dataset', (entry) => entries.push(entry));
  return { ref, entries, path };
}

const user = (content: string) => ({ role: 'user', content });
const line = (value: unknown) => JSON.stringify(value);

test.each([
  ['prompt,max_tokens\r\nhello,5\r\n', 'a table (CSV)', 'delimiter=","'],
  ['"prompt";"max tokens"\n"a; b";5\n', 'a table (CSV)', 'delimiter=";"'],
  ['id\tprompt\n1\thello\n', 'a table (CSV)', 'delimiter="\\t"'],
  ['What is a fish?\nWhat is a bird, and why?\n', 'plain text', "jq -cR '{prompt: .}'"],
  ['prompt\nhello\n', 'plain text', "jq -cR '{prompt: .}'"],
])('what is no JSON by the line is named, with the command that makes it one: %j', async (text, what, command) => {
  const [first = ''] = text.trim().split(/\r?\n/);
  await expect(read(text)).rejects.toMatchObject({
    ...{ exit: 2, code: 'data-invalid', message: expect.stringContaining(`it is ${what}, and not JSON by the line`) },
    nextSteps: [expect.stringContaining(command), 'then give data.jsonl in its place'],
  });
  await expect(read(text)).rejects.toThrow(first.split('\t')[0]);
});

test('numbers that were made of a table are text, and are taken', async () => {
  expect((await read('{"prompt":"a","max_tokens":"5"}')).entries).toMatchObject([{ maxTokens: 5 }]);
  await expect(read('{"prompt":"a","max_tokens":"few"}')).rejects.toThrow('"max_tokens": "few"');
});

describe('entries are read in the forms that are in use', () => {
  test.each<[string, unknown, Entry]>([
    ['prompts', { prompt: 'a', max_tokens: 7 }, { messages: [user('a')], more: [], maxTokens: 7 } as Entry],
    ['prompts', { text_input: 'a', output_length: 3 }, { messages: [user('a')], more: [], maxTokens: 3 } as Entry],
    ['prompts', { text: 'a', output_tokens_count: 3 }, { messages: [user('a')], more: [], maxTokens: 3 } as Entry],
    ['prompts', { prompt: 'a', response: 'four' }, { messages: [user('a')], more: [], answerCharacters: 4 } as Entry],
    [
      'instructions',
      { instruction: 'Sum', input: '1 2', output: '3' },
      { messages: [user('Sum\n\n1 2')], more: [], answerCharacters: 1 } as Entry,
    ],
    ['turns', { turns: ['a', { text: 'b' }] }, { messages: [user('a')], more: ['b'] } as Entry],
    [
      'messages',
      {
        messages: [
          { role: 'developer', content: 'be brief' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
          { role: 'assistant', content: 'answer' },
        ],
      },
      { messages: [{ role: 'system', content: 'be brief' }, user('ab')], more: [], answerCharacters: 6 } as Entry,
    ],
    [
      'messages',
      { custom_id: 'x', body: { model: 'm', messages: [user('a')], max_completion_tokens: 9 } },
      { messages: [user('a')], more: [], maxTokens: 9 } as Entry,
    ],
    [
      'ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'a' },
          { from: 'gpt', value: 'bcd' },
          { from: 'human', value: 'e' },
        ],
      },
      { messages: [user('a')], more: ['e'], answerCharacters: 3, moreAnswers: [0] } as Entry,
    ],
  ])('%s', async (form, value, entry) => {
    const { ref, entries } = await read(`${line(value)}\n`);
    expect(entries).toEqual([entry]);
    expect(ref).toMatchObject({ entries: 1, form });
  });

  test('a conversation is taken apart into what the user says turn by turn', () => {
    const messages = [
      { role: 'system', content: 's' },
      user('a'),
      { role: 'assistant', content: 'x' },
      user('b'),
    ] as Entry['messages'];
    expect(turnsOf({ messages, more: ['c'], answerCharacters: 7, moreAnswers: [9] })).toEqual({
      ...{ messages: messages.slice(0, 2), more: ['b', 'c'], answers: [1, 7, 9] },
    });
    expect(turnsOf({ messages, more: ['c'] }).answers).toEqual([1, undefined, undefined]);
  });
});

describe('files as they come', () => {
  const lines = ['{"prompt":"a"}', '{"prompt":"ü"}', '{"prompt":"c"}'];

  test.each<[string, string | Buffer]>([
    ['CRLF, a byte order mark, blank lines', `\ufeff${lines.join('\r\n')}\r\n\r\n  \n`],
    ['no end of the last line', lines.join('\n')],
    ['compressed with gzip', gzipSync(lines.join('\n'))],
    ['an array', `[${lines.join(',')}]`],
    ['an array over lines', `\n[\n${lines.join(',\n')}\n]\n`],
  ])('%s', async (_, content) => {
    const { entries } = await read(content);
    expect(entries.map(({ messages }) => messages[0]?.content)).toEqual(['a', 'ü', 'c']);
  });

  test('brackets and quotes within texts of an array', async () => {
    const prompts = ['}]["', '\\', '\\"', '{"a":[1]}'];
    const { entries } = await read(
      JSON.stringify(
        prompts.map((prompt) => ({ id: [1, { a: 2 }], prompt })),
        null,
        1,
      ),
    );
    expect(entries.map(({ messages }) => messages[0]?.content)).toEqual(prompts);
  });

  test('conversations in which nobody asks are left out, and counted', async () => {
    const shared = (...values: string[]) => ({ conversations: values.map((value) => ({ from: 'human', value })) });
    const { ref } = await read(JSON.stringify([shared('a'), shared(), shared(' '), shared('b')]));
    expect(ref).toMatchObject({ entries: 2, leftOut: 2 });
  });
});

describe('what cannot be used is refused with its place', () => {
  test.each<[string, string | Buffer, string | RegExp]>([
    ['no JSON', '{"prompt":"a"}\n{"prompt": oops}\n', /: line 2 is not JSON: /],
    ['another object', '{"prompt":"a"}\n\n{"foo":1,"bar":2}\n', ': line 3 has no prompt: its fields are foo, bar'],
    ['no object', '"prompt"\n', ': line 1 is no JSON object: "prompt"'],
    ['an empty prompt', '{"prompt":" "}\n', ': line 1 has an empty text in "prompt"'],
    ['a number of tokens', '{"prompt":"a","max_tokens":0}\n', ': line 1 has "max_tokens": 0, which is not 1 or more'],
    ['a role', '{"messages":[{"role":"tool","content":"x"}]}', ': line 1 has a message with the role "tool", number 1'],
    [
      'a picture',
      '{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}',
      ': line 1 has a message with a part that is no text: only text is sent',
    ],
    ['the answer alone', '{"messages":[{"role":"assistant","content":"x"}]}', ': line 1 has no message of the user'],
    ['Latin 1', Buffer.from('{"prompt":"a"}\n{"prompt":"\xe4"}\n', 'latin1'), ': line 2 is not UTF-8'],
    ['UTF-16', Buffer.from('\ufeff{"prompt":"a"}\n', 'utf16le'), ': it is UTF-16 (little-endian), and not text'],
    ['binary', Buffer.from([1, 2, 0, 3]), /: it is binary/],
    ['gzip of binary', gzipSync(Buffer.from([1, 2, 0, 3])), /: what is compressed in it is binary/],
    ['gzip that is cut off', gzipSync('{"prompt":"a"}\n'.repeat(999)).subarray(0, 60), /: cannot be read: /],
    [
      'an array that is cut off',
      '[{"prompt":"a"},{"prom',
      ': the array does not end after entry 1: the file is cut off',
    ],
    ['an array of texts', '["a","b"]', ': line 1 has something that is no object in the array: """'],
    ['nothing', '', ': it is empty'],
    ['blank lines', '\n \n', ': it is empty'],
    ['conversations without a person', '[{"conversations":[]}]', ': none of 1 conversation has a turn of a person'],
  ])('%s', async (_, content, message) => {
    const refused = await read(content).catch((error: unknown) => error);
    expect(refused).toMatchObject({ exit: 2, code: 'data-invalid' });
    expect((refused as Error).message.replace(/^--dataset \S+?: /, ': ')).toMatch(
      typeof message === 'string' ? new RegExp(message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : message,
    );
  });

  test('more than 256 MB, before it is read; more than 100,000 entries', async () => {
    const { path } = await read('{"prompt":"a"}\n');
    await truncate(path, 300 * 1024 * 1024);
    await expect(readDataset(path, 'dataset', () => {})).rejects.toThrow(
      ': it has 300 MB, and at most 256 MB are taken',
    );
    await expect(read('{"prompt":"a"}\n'.repeat(100_001))).rejects.toThrow(
      ': line 100001 is the entry after the 100000th, and no more are taken',
    );
  });

  test('folders and what is not there', async () => {
    const attempt = (path: string) => readDataset(path, 'dataset', () => {});
    await expect(attempt(folder)).rejects.toThrow('it is a folder');
    await expect(attempt(join(folder, 'none'))).rejects.toThrow(/cannot be read: ENOENT/);
    await expect(attempt('/dev/zero')).rejects.toThrow('it is no file');
  });
});

test('a store gives back what it was given, also where it is larger than its pieces', () => {
  const store = new JsonStore<string>();
  const values = ['', 'ü𝄞', 'x'.repeat(17 << 20), 'y'.repeat(9 << 20), 'z'.repeat(9 << 20)];
  for (const value of values) store.add(value);
  expect(store.size).toBe(5);
  expect(values.every((value, at) => store.at(at) === value)).toBe(true);
});
