import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bodyMaker, checkPrompt, DEFAULT_PROMPT, readPrompt } from '../../../src/services/load/prompt.ts';

test('every body is JSON with a prompt of its own from the first characters on, and long enough', () => {
  const body = bodyMaker(DEFAULT_PROMPT, 7, 3);
  const prompts = Array.from({ length: 500 }, (_, i) => (JSON.parse(body(i - 100)) as { prompt: string }).prompt);
  expect(new Set(prompts.map((prompt) => prompt.slice(0, 24))).size).toBe(500);
  for (const prompt of prompts) {
    expect([...prompt].length).toBeGreaterThanOrEqual(1000);
    expect(prompt.endsWith(DEFAULT_PROMPT)).toBe(true);
  }
});

test('the same seed makes the same bodies; another seed or point does not', () => {
  const first = bodyMaker(DEFAULT_PROMPT, 7, 3)(5);
  expect(bodyMaker(DEFAULT_PROMPT, 7, 3)(5)).toBe(first);
  expect(bodyMaker(DEFAULT_PROMPT, 8, 3)(5)).not.toBe(first);
  expect(bodyMaker(DEFAULT_PROMPT, 7, 4)(5)).not.toBe(first);
});

test('quotes, newlines and other scripts survive', () => {
  const prompt = '"ü\\\n𝄞'.repeat(300);
  expect(JSON.parse(bodyMaker(prompt, 1, 0)(0)).prompt).toMatch(/^Case 00000001-0-0: "ü/);
});

test('length counts code points, and the message names what was found', () => {
  expect(checkPrompt('𝄞'.repeat(1000), 'x')).toHaveLength(2000);
  expect(() => checkPrompt('𝄞'.repeat(999), 'p.txt')).toThrow(
    expect.objectContaining({
      exit: 2,
      message: 'the prompt in p.txt has 999 characters, and the services take 1000 or more',
    }),
  );
});

test('prompt files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chainctl-prompt-'));
  await writeFile(join(folder, 'long.txt'), 'a'.repeat(1200));
  expect(await readPrompt(join(folder, 'long.txt'))).toHaveLength(1200);
  expect(await readPrompt(undefined)).toBe(DEFAULT_PROMPT);
  await expect(readPrompt(join(folder, 'none.txt'))).rejects.toMatchObject({ exit: 2, code: 'prompt-unreadable' });
});
