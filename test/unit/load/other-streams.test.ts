import { describe, expect, test } from 'vitest';
import { EventShapes } from '../../../src/services/load/engine/stream/event-shape.ts';
import { type MeterOptions, TokenMeter } from '../../../src/services/load/engine/stream/token-meter.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';
import { usageOf } from '../../../src/services/load/protocols/usage.ts';

/** Each event is read a time after the one before. */
function metered(events: readonly object[], options: MeterOptions = { ends: 'finish-or-done' }) {
  const meter = new TokenMeter(options);
  events.forEach((event, at) => {
    const bytes = Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
    meter.take(bytes, 0, bytes.length, 10 * (at + 1), 'text/event-stream');
  });
  meter.end();
  const { fault, usage, finish, model, outputTokens, isEstimated, text } = meter;
  const { ttftMs, reasoningMs, tpotMs } = meter.timesSince(0);
  return { fault, usage, finish, model, outputTokens, isEstimated, text, ttftMs, reasoningMs, tpotMs };
}

const keeps: MeterOptions = { ends: 'finish-or-done', keepsText: true };
const say = (content: string, more: object = {}) => ({ choices: [{ index: 0, delta: { content }, ...more }] });
const stop = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };

describe('streams of single makers', () => {
  test("Anthropic's messages: thoughts, text, counts at both ends", () => {
    const piece = (delta: object) => ({ type: 'content_block_delta', index: 0, delta });
    const cached = { cache_read_input_tokens: 20, cache_creation_input_tokens: 5 };
    const events = [
      {
        type: 'message_start',
        message: { model: 'c', content: [], usage: { input_tokens: 4, ...cached, output_tokens: 1 } },
      },
      { type: 'ping' },
      piece({ type: 'thinking_delta', thinking: 'hm' }),
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      piece({ type: 'text_delta', text: 'a' }),
      piece({ type: 'text_delta', text: 'b' }),
      piece({ type: 'input_json_delta', partial_json: '{"c":1}' }),
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
    ];
    const whole = metered([...events, { type: 'message_stop' }], keeps);
    expect(whole).toMatchObject({ fault: undefined, finish: 'end_turn', model: 'c', ttftMs: 50, reasoningMs: 30 });
    expect(whole).toMatchObject({ outputTokens: 4, isEstimated: false, text: 'ab{"c":1}' });
    expect(whole.usage).toEqual({ prompt_tokens: 29, cached_tokens: 20, output_tokens: 4 });
    expect(metered(events.slice(0, 6)).fault).toMatchObject({ class: 'truncated-stream' });
    const failed = [
      ...events.slice(0, 6),
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    ];
    expect(metered(failed).fault).toMatchObject({
      class: 'stream-error',
      error: expect.stringContaining('Overloaded'),
    });
  });

  test("OpenAI's responses", () => {
    const begin = {
      type: 'response.created',
      response: { model: 'o', usage: null, text: { format: { type: 'text' } } },
    };
    const usage = {
      input_tokens: 9,
      output_tokens: 12,
      output_tokens_details: { reasoning_tokens: 10 },
      total_tokens: 21,
    };
    const text = (delta: string) => ({ type: 'response.output_text.delta', delta });
    const end = { type: 'response.completed', response: { model: 'o', usage } };
    const whole = metered([begin, text('a'), text('b'), { type: 'response.output_text.done', text: 'ab' }, end], keeps);
    expect(whole).toMatchObject({ fault: undefined, finish: 'completed', model: 'o', ttftMs: 20, outputTokens: 12 });
    expect(whole).toMatchObject({ text: 'ab', usage: { prompt_tokens: 9, reasoning_tokens: 10 } });
    const thought = metered([{ type: 'response.reasoning_summary_text.delta', delta: 'hm' }, text('a'), end]);
    expect(thought).toMatchObject({ reasoningMs: 10, ttftMs: 20 });
    const cut = { type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } };
    expect(metered([text('a'), cut])).toMatchObject({ fault: undefined, finish: 'max_output_tokens' });
    expect(metered([text('a')]).fault).toMatchObject({ class: 'truncated-stream' });
    for (const bad of [
      { type: 'response.failed', response: { error: { code: 'server_error', message: 'no luck' } } },
      { type: 'error', code: 'x', message: 'no luck' },
    ]) {
      expect(metered([text('a'), bad]).fault).toMatchObject({
        class: 'stream-error',
        error: expect.stringContaining('no luck'),
      });
    }
  });

  test("Gemini's own: thoughts apart, counts without them", () => {
    const event = (part: object, more: object = {}) => ({
      candidates: [{ content: { parts: [part], role: 'model' }, ...more }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 6, thoughtsTokenCount: 5, totalTokenCount: 14 },
      modelVersion: 'g',
    });
    const events = [
      event({ text: 'hm', thought: true }),
      event({ text: 'a' }),
      event({ text: 'b' }, { finishReason: 'STOP' }),
    ];
    expect(metered(events, keeps)).toMatchObject({
      ...{ fault: undefined, finish: 'STOP', model: 'g', reasoningMs: 10, ttftMs: 20, outputTokens: 11, text: 'ab' },
      usage: { prompt_tokens: 3, output_tokens: 11, reasoning_tokens: 5 },
    });
  });

  test("TGI's own", () => {
    const token = (text: string, more: object = {}) => ({
      token: { id: 1, text, special: false },
      generated_text: null,
      ...more,
    });
    const end = token('b', { generated_text: 'ab', details: { finish_reason: 'length', generated_tokens: 2 } });
    expect(metered([token('a'), end], keeps)).toMatchObject({
      ...{ fault: undefined, finish: 'length', ttftMs: 10, outputTokens: 2, isEstimated: false, text: 'ab' },
    });
    expect(metered([token('a')]).fault).toMatchObject({ class: 'truncated-stream' });
  });

  test('the words of whole answers have their counts, too', () => {
    const body = { content: [{ type: 'text', text: 'a' }], usage: { input_tokens: 4, output_tokens: 2 } };
    const { judge } = protocolNamed('raw');
    expect(judge(200, JSON.stringify(body))).toMatchObject({
      outcome: 'ok',
      figures: { prompt_tokens: 4, output_tokens: 2 },
    });
    expect(judge(200, '{"text":"a"}')).toEqual({ outcome: 'ok', class: 'ok', error: '' });
  });
});

describe('what single servers do with the common form', () => {
  test('an empty reason in every event ends nothing', () => {
    const empty = { finish_reason: '' };
    expect(metered([say('a', empty), say('b', empty)]).fault).toMatchObject({ class: 'truncated-stream' });
    expect(metered([say('a', empty), say('b', empty), stop])).toMatchObject({ fault: undefined, finish: 'stop' });
  });

  test('Groq counts, and fails, in a field of its own', () => {
    const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
    const counted = metered([say('a'), say('b'), { ...stop, x_groq: { id: 'r', usage } }]);
    expect(counted).toMatchObject({ isEstimated: false, usage: { prompt_tokens: 7, output_tokens: 2 } });
    expect(metered([say('a'), { ...say(''), x_groq: { id: 'r', error: 'over_capacity' } }, stop]).fault).toMatchObject({
      class: 'stream-error',
    });
  });

  test('reasoning that is counted and not shown took its time before the first token', () => {
    const usage = { completion_tokens: 103, completion_tokens_details: { reasoning_tokens: 100 } };
    const hidden = [say('a'), say('b'), say('c'), stop, { choices: [], usage }];
    expect(metered(hidden)).toMatchObject({ outputTokens: 103, tpotMs: 10 });
    // Shown as what it is, or within the text, it is no time without tokens.
    const shown = [
      { choices: [{ delta: { reasoning_content: 'hm' } }] },
      say('a'),
      stop,
      { choices: [], usage: { completion_tokens: 2, completion_tokens_details: { reasoning_tokens: 1 } } },
    ];
    expect(metered(shown)).toMatchObject({ outputTokens: 2, tpotMs: 10 });
    const within = [
      say('<think>'),
      say('b'),
      say('c'),
      stop,
      { choices: [], usage: { completion_tokens: 3, completion_tokens_details: { reasoning_tokens: 2 } } },
    ];
    expect(metered(within)).toMatchObject({ outputTokens: 3, tpotMs: 10 });
  });

  test('several answers at once, also in one event', () => {
    const both = (content: string) => ({
      choices: [
        { index: 0, delta: {}, finish_reason: null },
        { index: 1, delta: { content }, finish_reason: null },
      ],
    });
    const ends = { choices: [0, 1].map((index) => ({ index, delta: {}, finish_reason: 'stop' })) };
    expect(metered([both('a'), both('b'), ends])).toMatchObject({ fault: undefined, outputTokens: 2, ttftMs: 10 });
  });

  test('of several answers at once each has to end', () => {
    const of = (index: number, more: object = { delta: { content: 'a' } }) => ({ choices: [{ index, ...more }] });
    const end = (index: number) => of(index, { delta: {}, finish_reason: 'stop' });
    const faultOf = (...events: readonly object[]) => metered(events, { ends: 'finish' }).fault;
    expect(faultOf(of(0), of(1), end(1), end(0))).toBeUndefined();
    // One is over before the other begins.
    expect(faultOf(of(0), end(0), of(1), end(1))).toBeUndefined();
    // The only answer, with a number of its own.
    expect(faultOf(of(1), end(1))).toBeUndefined();
    const open = (choice: number) => ({
      class: 'truncated-stream',
      error: `the stream ended without a finish_reason of choice ${choice}`,
    });
    expect(faultOf(of(0), of(1), end(0))).toEqual(open(1));
    expect(faultOf(of(0), end(0), of(1))).toEqual(open(1));
    expect(faultOf(of(0), of(1), end(1))).toEqual(open(0));
    const both = { choices: [0, 1].map((index) => ({ index, delta: { content: 'a' } })) };
    expect(faultOf(both, both, stop)).toEqual(open(1));
  });

  test('an answer of several that was cut off is seen where lines of known shapes are only counted', () => {
    const shapes = new EventShapes();
    const of = (index: number, content: string) => ({ choices: [{ index, delta: { content } }] });
    const all = [of(0, 'a'), of(1, 'b'), of(0, 'c'), of(1, 'd')];
    const end = (index: number) => ({ choices: [{ index, delta: {}, finish_reason: 'stop' }] });
    const options: MeterOptions = { ends: 'finish', shapes };
    expect(metered([...all, end(0), end(1)], options)).toMatchObject({ fault: undefined, outputTokens: 4 });
    expect(metered([...all, end(0)], options).fault?.error).toContain('of choice 1');
  });

  test('a total that is more than prompt and output has reasoning in it', () => {
    const usage = { prompt_tokens: 7, completion_tokens: 10, total_tokens: 217 };
    expect(usageOf({ usage })).toEqual({ prompt_tokens: 7, output_tokens: 210, reasoning_tokens: 200 });
    const told = { ...usage, completion_tokens_details: { reasoning_tokens: 200 } };
    expect(usageOf({ usage: told })).toEqual({ prompt_tokens: 7, output_tokens: 210, reasoning_tokens: 200 });
    // Which of them would be wrong, nobody can tell.
    const other = { ...usage, completion_tokens_details: { reasoning_tokens: 4 } };
    expect(usageOf({ usage: other })).toMatchObject({ output_tokens: 10, reasoning_tokens: 4 });
  });

  test('counts that are text are taken, and what no answer has is none', () => {
    const text = { prompt_tokens: '12', completion_tokens: '3', total_tokens: '15' };
    expect(usageOf({ usage: text })).toEqual({ prompt_tokens: 12, output_tokens: 3 });
    const anthropic = { input_tokens: '4', cache_read_input_tokens: '20', output_tokens: '3' };
    expect(usageOf({ usage: anthropic })).toEqual({ prompt_tokens: 24, output_tokens: 3, cached_tokens: 20 });
    for (const count of [1e308, -1, Number.POSITIVE_INFINITY, Number.NaN, '1e5', '-3', '', ' ', null, true]) {
      expect(usageOf({ usage: { prompt_tokens: count, completion_tokens: count } })).toEqual({});
    }
  });

  test.each([
    ['says that there was no reasoning', { completion_tokens_details: { reasoning_tokens: 0 } }],
    ['names it as what its cache had', { prompt_tokens_details: { cached_tokens: 200 } }],
    ['names it as what its cache had and keeps', { cache_read_input_tokens: 150, cache_creation_input_tokens: 50 }],
    ['names it as what its cache keeps', { cache_creation_input_tokens: 200 }],
    ['names it as the prompts of tools', { toolUsePromptTokenCount: 200 }],
  ])('a total that is more is no reasoning where the target %s', (_, named) => {
    const usage = { prompt_tokens: 7, completion_tokens: 10, total_tokens: 217, ...named };
    expect(usageOf({ usage })).toMatchObject({ prompt_tokens: 7, output_tokens: 10 });
    expect(usageOf({ usage }).reasoning_tokens ?? 0).toBe(0);
  });
});
