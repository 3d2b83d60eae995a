import { describe, expect, test } from 'vitest';
import {
  answerHead,
  ChunkForm,
  chainctlOf,
  chatCompletion,
} from '../../../../templates/services/common/api/chat-answer.ts';
import type { ChatOutcome } from '../../../../templates/services/common/api/target.ts';

const HEAD = { id: 'chatcmpl-1', created: 1_764_460_800, model: 'chain' };
const OUTCOME: ChatOutcome = {
  answer: { text: 'Hello', reasoning: '', toolCalls: [], finishReason: 'stop' },
  usage: { input: 12, output: 40 },
  wholeUsage: { input: 190, output: 60, cached: 5, reasoning: 7 },
  queueSeconds: 0.01,
  firstTokenSeconds: 0.41,
  host: 'b-1',
  simulated: false,
};
const CALL = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } } as const;

/** The JSON of each event; `[DONE]` as it is. */
function eventsOf(text: string): unknown[] {
  expect(text.endsWith('\n\n')).toBe(true);
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      expect(event).toMatch(/^data: [^\n]*$/);
      return event === 'data: [DONE]' ? '[DONE]' : JSON.parse(event.slice(6));
    });
}

test('ids are 24 letters and digits', () => {
  expect(answerHead('chatcmpl', 'm').id).toMatch(/^chatcmpl-[A-Za-z0-9]{24}$/);
  expect(answerHead('cmpl', 'm').id).not.toBe(answerHead('cmpl', 'm').id);
});

describe('a whole answer', () => {
  test('has every field of OpenAI’s, and what this project tells', () => {
    const body = chatCompletion(HEAD, OUTCOME, chainctlOf(OUTCOME, 'a-0', 1.92));
    expect(body).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_764_460_800,
      model: 'chain',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 12, completion_tokens: 40, total_tokens: 52 },
      chainctl: {
        host: 'b-1',
        queue_seconds: 0.01,
        first_token_seconds: 0.41,
        total_seconds: 1.92,
        usage: {
          prompt_tokens: 190,
          completion_tokens: 60,
          total_tokens: 250,
          prompt_tokens_details: { cached_tokens: 5 },
          completion_tokens_details: { reasoning_tokens: 7 },
        },
      },
    });
  });

  test('that asks for tools has no content; what the model thought stands beside it', () => {
    const answer = { text: '', reasoning: 'hm', toolCalls: [CALL], finishReason: 'tool_calls' } as const;
    expect(chatCompletion(HEAD, { ...OUTCOME, answer }, {})).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: { content: null, reasoning_content: 'hm', tool_calls: [CALL] },
        },
      ],
    });
  });
});

describe('a streamed answer', () => {
  const same = { ...HEAD, object: 'chat.completion.chunk' };
  const choice = (delta: object, finish_reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason },
  ];

  test('begins with the role, ends with the reason, the usage where it is asked for, and [DONE]', () => {
    const form = new ChunkForm(HEAD, 'chat.completion.chunk', true);
    const text =
      form.pieces([{ text: 'Hel"lo\n' }, { text: ' you' }]) + form.end(OUTCOME.answer, OUTCOME.usage, { host: 'x' });
    expect(eventsOf(text)).toEqual([
      { ...same, choices: choice({ role: 'assistant', content: '' }), usage: null },
      { ...same, choices: choice({ content: 'Hel"lo\n' }), usage: null },
      { ...same, choices: choice({ content: ' you' }), usage: null },
      { ...same, choices: choice({}, 'stop'), chainctl: { host: 'x' }, usage: null },
      { ...same, choices: [], usage: { prompt_tokens: 12, completion_tokens: 40, total_tokens: 52 } },
      '[DONE]',
    ]);
  });

  test('without usage has none of it, and an empty one has a role as well', () => {
    const form = new ChunkForm(HEAD, 'chat.completion.chunk', false);
    expect(eventsOf(form.end(OUTCOME.answer, OUTCOME.usage, {}))).toEqual([
      { ...same, choices: choice({ role: 'assistant', content: '' }) },
      { ...same, choices: choice({}, 'stop'), chainctl: {} },
      '[DONE]',
    ]);
  });

  test('passes on thoughts, calls and probabilities', () => {
    const form = new ChunkForm(HEAD, 'chat.completion.chunk', false);
    const call = { index: 0, ...CALL };
    const logprobs = { content: [{ token: 'x', logprob: -1 }] };
    const events = eventsOf(form.pieces([{ reasoning: 'hm' }, { toolCalls: [call] }, { text: 'x', logprobs }]));
    expect(events.slice(1)).toEqual([
      { ...same, choices: choice({ reasoning_content: 'hm' }) },
      { ...same, choices: choice({ tool_calls: [call] }) },
      { ...same, choices: [{ index: 0, delta: { content: 'x' }, logprobs, finish_reason: null }] },
    ]);
  });

  test('of a completion has texts instead of deltas, and no role', () => {
    const form = new ChunkForm({ ...HEAD, id: 'cmpl-1' }, 'text_completion', false);
    const head = { ...HEAD, id: 'cmpl-1', object: 'text_completion' };
    expect(eventsOf(form.pieces([{ text: 'a' }]) + form.end(OUTCOME.answer, OUTCOME.usage, {}))).toEqual([
      { ...head, choices: [{ index: 0, text: 'a', logprobs: null, finish_reason: null }] },
      { ...head, choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'stop' }], chainctl: {} },
      '[DONE]',
    ]);
  });
});
