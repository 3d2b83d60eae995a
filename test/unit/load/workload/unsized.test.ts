import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWorkload, type WorkloadRequest } from '../../../../src/services/load/workload/open-workload.ts';
import { unsizedNotes } from '../../../../src/services/load/workload/unsized.ts';

const AS_RECORDED = { maxTokens: { kind: 'dataset' } } as const;

async function notes(name: string, lines: readonly object[], asked: WorkloadRequest = AS_RECORDED, turns = 1) {
  const file = join(await mkdtemp(join(tmpdir(), 'chainctl-unsized-')), name);
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const isTrace = name.startsWith('trace');
  const { workload, data } = await openWorkload({ ...asked, ...(isTrace ? { trace: file } : { dataset: file }) });
  return unsizedNotes(workload, data, turns);
}

test('entries without a length are named, with what becomes of them', async () => {
  const told = { prompt: 'a', max_tokens: 5 };
  const answered = { prompt: 'a', completion: 'words' };
  const bare = { prompt: 'a' };
  expect(await notes('all.jsonl', [told, answered])).toEqual([]);
  expect(await notes('some.jsonl', [told, bare, answered, bare])).toEqual([
    '--max-tokens dataset: some.jsonl has 2 of 4 entries of which nothing tells how long the answer was (line 2, line 4): those are as long as the target makes them',
  ]);
  expect(await notes('many.jsonl', [...Array.from({ length: 9 }, () => bare), told])).toEqual([
    expect.stringContaining(
      'has 9 of 10 entries of which nothing tells how long the answer was (line 1, line 2, line 3 and 6 more)',
    ),
  ]);
});

test('where none tells it, it is refused; where it was not asked for, nothing is said', async () => {
  const bare = [{ prompt: 'a' }, { prompt: 'b' }];
  await expect(notes('none.jsonl', bare)).rejects.toMatchObject({
    exit: 2,
    message: '--max-tokens dataset: in none.jsonl nothing tells how long the answers were',
    nextSteps: [expect.stringContaining('--max-tokens 128'), expect.any(String)],
  });
  expect(await notes('none.jsonl', bare, {})).toEqual([]);
  expect(await notes('none.jsonl', bare, { maxTokens: { kind: 'constant', value: 9 } })).toEqual([]);
});

test('of conversations every turn counts', async () => {
  const say = (...roles: readonly string[]) => ({ messages: roles.map((role) => ({ role, content: role })) });
  const lines = [say('user', 'assistant', 'user', 'assistant'), say('user', 'assistant', 'user')];
  expect(await notes('chats.jsonl', lines)).toEqual([expect.stringContaining('has 1 of 2 entries')]);
  expect(await notes('chats.jsonl', lines, AS_RECORDED, 3)).toEqual([
    expect.stringContaining('has 1 of 2 conversations with a turn of which'),
  ]);
});

test('a trace', async () => {
  const lines = [
    { timestamp: 0, input_length: 9, output_length: 4 },
    { timestamp: 1000, input_length: 9 },
  ];
  expect(await notes('trace.jsonl', lines)).toEqual([expect.stringContaining('has 1 of 2 requests of which nothing')]);
});
