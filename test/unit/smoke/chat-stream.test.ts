import { expect, test } from 'vitest';
import { ChatStream } from '../../../src/services/smoke/chat-stream.ts';

const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
const ROLE = chunk({ role: 'assistant', content: '' });
const USAGE = 'data: {"id":"x","choices":[],"usage":{"total_tokens":1}}\n\n';
const DONE = 'data: [DONE]\n\n';
const STOP = chunk({}, 'stop');
const WORD = chunk({ content: 'a' });

function read(...pieces: readonly (readonly [seconds: number, text: string | Buffer])[]) {
  const stream = new ChatStream();
  for (const [seconds, text] of pieces) stream.take(Buffer.from(text), seconds);
  return stream.end(pieces.at(-1)?.[0] ?? 0);
}

test('a stream that is cut anywhere, with comments and every kind of line break', () => {
  const bytes = Buffer.from(`: ping\n\n${ROLE}${chunk({ content: 'é' })}: ping\r\n\r\n${WORD}${STOP}${USAGE}${DONE}`);
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const end = read([0.1, bytes.subarray(0, cut)], [0.2, bytes.subarray(cut)]);
    expect([cut, end]).toEqual([cut, { firstSeconds: expect.any(Number), pieces: 2, simulated: false }]);
  }
});

test.each([
  ['nothing', '', 'without an answer'],
  ['no role', WORD + STOP + USAGE + DONE, 'no role'],
  ['no text', ROLE + STOP + USAGE + DONE, 'brought no text'],
  ['no reason', ROLE + WORD + DONE, 'came before a finish_reason'],
  ['no usage', ROLE + WORD + STOP + DONE, 'came before the usage'],
  ['usage in another event', ROLE + WORD + USAGE + STOP + DONE, 'stands before the end'],
  ['text after the end', ROLE + WORD + STOP + WORD + USAGE + DONE, 'follows its end'],
  ['no marker', ROLE + WORD + STOP + USAGE, 'without [DONE]'],
  ['more after the marker', ROLE + WORD + STOP + USAGE + DONE + WORD, 'something follows [DONE]'],
  ['another id', ROLE + WORD.replace('"x"', '"y"') + STOP + USAGE + DONE, 'not one id'],
  ['no id', ROLE.replace('"id":"x",', '') + WORD, 'not one id'],
  ['no JSON', `${ROLE}data: {\n\n`, 'no JSON object: {'],
  ['a page', '<html>\n', 'a line is no event: <html>'],
  ['an error', `${ROLE}${WORD}data: {"error":{"message":"gone\\u001b[31m"}}\n\n`, 'it reports: gone'],
])('%s is a fault', (_, text, why) => {
  const { fault } = read([1, text]);
  expect(fault?.why).toContain(why);
  expect(fault?.why).not.toContain('\u001b');
});

test('text that came all at once was held back, by the word of the service alone', () => {
  const told = (first: number, total: number) =>
    chunk({}, 'stop', { chainctl: { first_token_seconds: first, total_seconds: total, simulated: true } });
  const rest = (first: number, total: number) => WORD + WORD + told(first, total) + USAGE + DONE;
  expect(read([2.01, ROLE + rest(0.5, 2)])).toMatchObject({
    fault: { why: 'all text came at once, and was written in 1.500 s', remedy: expect.stringContaining('buffering') },
    simulated: true,
  });
  expect(read([0.5, ROLE + WORD], [2.01, rest(0.5, 2)]).fault).toBeUndefined();
  // Too short to tell, or nothing told.
  expect(read([0.7, ROLE + rest(0.5, 0.7)]).fault).toBeUndefined();
  expect(read([9, ROLE + WORD + WORD + STOP + USAGE + DONE]).fault).toBeUndefined();
});
