import { expect, test } from 'vitest';
import { MARK_WIDTH, markKey, markOf } from '../../../src/services/chain/prompt-mark.ts';
import { bodyOf } from '../../../src/services/load/bodies.ts';
import { DEFAULT_PROMPT, sharedPrefixWarning } from '../../../src/services/load/prompt.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';

const RAW = { api: 'raw', stream: false };

test('every body is JSON with a prompt of its own from the first characters on, and long enough', () => {
  const body = (index: number) => bodyOf({ form: RAW, prompt: DEFAULT_PROMPT, seed: 7, series: 3 }, index);
  const prompts = Array.from({ length: 500 }, (_, i) => (JSON.parse(body(i - 100)) as { prompt: string }).prompt);
  expect(new Set(prompts.map((prompt) => prompt.slice(0, MARK_WIDTH))).size).toBe(500);
  for (const prompt of prompts) {
    expect([...prompt].length).toBeGreaterThanOrEqual(1000);
    expect(prompt.endsWith(DEFAULT_PROMPT)).toBe(true);
  }
});

test('the same seed makes the same bodies; another seed or point does not', () => {
  const make = (seed: number, series: number) => bodyOf({ form: RAW, prompt: DEFAULT_PROMPT, seed, series }, 5);
  const first = make(7, 3);
  expect(make(7, 3)).toBe(first);
  expect(make(8, 3)).not.toBe(first);
  expect(make(7, 4)).not.toBe(first);
});

test('marks: one for every index, neighbours differ in the first letter, the warm-up in the window too', () => {
  for (const key of [0, 1, 0xffff_ffff, markKey(7, 3)]) {
    const marks = Array.from({ length: 20_000 }, (_, at) => markOf(key, at - 10_000));
    expect(new Set(marks).size).toBe(marks.length);
    expect(marks.filter((mark, at) => mark[0] === marks[at + 1]?.[0])).toEqual([]);
    for (const at of [1, 2, 500]) expect(markOf(key, -at)[0]).not.toBe(markOf(key, at)[0]);
    for (const mark of marks) expect(mark).toMatch(/^[a-p]{8}[an]$/);
  }
  expect(markOf(3, 5 + 2 ** 32)).toBe(markOf(3, 5).replace(/a$/, 'b'));
});

test('a shared prefix stands in front of what differs; one that the services cut is warned of', () => {
  const prompt = (sharedPrefixTokens: number, index: number): string =>
    JSON.parse(bodyOf({ form: RAW, prompt: DEFAULT_PROMPT, seed: 7, series: 3, sharedPrefixTokens }, index)).prompt;
  const [one, next] = [prompt(100, 0), prompt(100, 1)];
  const common = [...one].findIndex((letter, at) => letter !== next[at]);
  expect(common / 5.2).toBeGreaterThanOrEqual(100);
  expect(common / 5.2).toBeLessThan(104);
  expect(one.slice(0, common)).toMatch(/^A small team .* $/);
  expect(prompt(0, 0)[0]).not.toBe(prompt(0, 1)[0]);
  expect(prompt(5000, 0).length).toBeGreaterThan(23_000 + DEFAULT_PROMPT.length);
  expect(sharedPrefixWarning(protocolNamed('chain').keeps, 100)).toBeUndefined();
  expect(sharedPrefixWarning(protocolNamed('raw').keeps, 10_000)).toBeUndefined();
  expect(sharedPrefixWarning(protocolNamed('chain').keeps, 200)).toMatch(
    /is 10\d\d characters, and A keeps 652 unless .* all of them are the same$/,
  );
  expect(sharedPrefixWarning(protocolNamed('invoke').keeps, 200)).toBeUndefined();
  expect(sharedPrefixWarning(protocolNamed('invoke').keeps, 300)).toMatch(/and B keeps 1200/);
});

test('quotes, newlines and other scripts survive', () => {
  const prompt = '"ü\\\n𝄞'.repeat(300);
  expect(JSON.parse(bodyOf({ form: RAW, prompt, seed: 1, series: 0 }, 0)).prompt).toMatch(
    /^[a-p]{8}a case 00000001-0: "ü/,
  );
});
