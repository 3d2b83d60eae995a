import { describe, expect, test } from 'vitest';
import { EventShapes } from '../../../src/services/load/engine/stream/event-shape.ts';
import { type MeterOptions, TokenMeter } from '../../../src/services/load/engine/stream/token-meter.ts';
import { judgeStream } from '../../../src/services/load/protocols/answers.ts';
import { protocolNamed } from '../../../src/services/load/protocols/protocols.ts';

type Reads = readonly (readonly [at: number, text: string | Buffer])[];

function metered(reads: Reads, options: MeterOptions = { ends: 'finish-or-done' }, type = 'text/event-stream') {
  const meter = new TokenMeter(options);
  for (const [at, text] of reads) {
    const bytes = Buffer.from(text);
    meter.take(bytes, 0, bytes.length, at, type);
  }
  meter.end();
  const { gaps, ...times } = meter.timesSince(0);
  const { fault, outputTokens, isEstimated, usage, finish, tokensWithin, text } = meter;
  return { ...times, gaps: [...gaps], fault, outputTokens, isEstimated, usage, finish, tokensWithin, text };
}

/** An event of OpenAI's form. */
const chunk = (delta: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, ...more }] })}\n\n`;
const say = (content: string) => chunk({ content });
const stop = chunk({}, { finish_reason: 'stop' });
const done = 'data: [DONE]\n\n';
const counted = (usage: object) => `data: ${JSON.stringify({ choices: [], usage })}\n\n`;

describe('JSON by the line', () => {
  test('tokens per event, gaps per read, counts as the engine has them', () => {
    const meter = metered([
      [10, '{"response":"","done":false}\n'],
      [20, '{"response":"a","done":false}\n{"response":"b","do'],
      [25, 'ne":false}\n'],
      [
        40,
        '{"response":"c","done":false}\n{"response":"","done":true,"done_reason":"stop","eval_count":7,"prompt_eval_count":9}',
      ],
    ]);
    expect(meter).toMatchObject({ ttftMs: 20, gaps: [5, 15], outputTokens: 7, isEstimated: false, finish: 'stop' });
    expect(meter).toMatchObject({ usage: { prompt_tokens: 9 }, events: 3, reads: 3, fault: undefined });
    // One of three events came in the first read, so a third of the seven tokens.
    expect(meter.tpotMs).toBeCloseTo(20 / (7 * (2 / 3)), 9);
  });

  test.each(['application/x-ndjson', 'application/json', 'text/plain', 'text/event-stream', ''])(
    'sent as "%s"',
    (type) => {
      const ollama = metered(
        [[1, '\ufeff{"message":{"content":"a"}}\r\n{"message":{"thinking":"b"},"done":true}']],
        { ends: 'done' },
        type,
      );
      expect(ollama).toMatchObject({ ttftMs: 1, reasoningMs: 1, outputTokens: 2, isEstimated: true, fault: undefined });
      expect(metered([[1, `\ufeff${say('a')}${done}`]], undefined, type)).toMatchObject({
        ttftMs: 1,
        fault: undefined,
      });
    },
  );

  test("the chain's own: the last line is a whole answer, and has to be", () => {
    const { judge, ends } = protocolNamed('invoke');
    const verdict = (last: object) => {
      const meter = new TokenMeter({ ends });
      const bytes = Buffer.from(`{"hop":"b","token":"a"}\n${JSON.stringify(last)}\n`);
      meter.take(bytes, 0, bytes.length, 5, '');
      return judgeStream(meter, judge);
    };
    const whole = { llm_text: 'a', host: 'b-1', timing: { total_seconds: 2 }, usage: { eval_count: 1 }, done: true };
    expect(verdict(whole)).toMatchObject({
      outcome: 'ok',
      host: 'b-1',
      figures: { total_seconds: 2, output_tokens: 1 },
    });
    expect(verdict({ host: 'b-1', done: true })).toMatchObject({ outcome: 'invalid', class: 'not-the-contract' });
    expect(verdict({ hop: 'b', token: 'b' })).toMatchObject({ outcome: 'invalid', class: 'truncated-stream' });
    expect(verdict({ error: 'remote(B) error', detail: 'x', hop: 'b', status: 502 })).toMatchObject({
      class: 'stream-error',
    });
  });
});

describe("the chain's own, by its steps", () => {
  const line = (hop: string, token: string) => `${JSON.stringify({ hop, token })}\n`;
  const whole = {
    ...{ service: 'a', a_summary: 'xy', usage: { prompt_eval_count: 90, eval_count: 2 } },
    b_result: { llm_text: 'z', host: 'b-1', usage: { prompt_eval_count: 100, eval_count: 3 } },
  };
  const last = `${JSON.stringify({ ...whole, done: true })}\n`;
  const reads: Reads = [
    [10, line('a', 'x') + line('a', 'y')],
    [14, line('a', '')],
    [15, line('a', 'z')],
    [40, line('b', 'x')],
    [42, line('b', 'y')],
    [50, line('a', 'late') + line('b', 'z') + last],
  ];

  test.each([undefined, new EventShapes()])('first token and gaps of each, read as whole or by its shape', (shapes) => {
    for (let again = 0; again < 3; again++) {
      const meter = metered(reads, { ends: 'answer', ...(shapes === undefined ? {} : { shapes }) });
      expect(meter.hops).toEqual([
        { name: 'a', ttft_ms: 10, itl_ms: [5, 35] },
        { name: 'b', ttft_ms: 40, itl_ms: [2, 8] },
      ]);
      expect(meter).toMatchObject({ gaps: [5, 25, 2, 8], fault: undefined });
      // Both steps' tokens came, so both steps' counts are the stream's.
      expect(meter).toMatchObject({ outputTokens: 5, usage: { prompt_tokens: 190, output_tokens: 5 } });
    }
  });

  test('one step alone is the stream, and what is no name of a step is none', () => {
    expect(metered([[1, line('b', 'x') + last]], { ends: 'answer' }).hops).toBeUndefined();
    const odd = ['', 'A b', 'a=1', '__proto__', 'x'.repeat(33)].map((name) => line(name, 'x')).join('');
    expect(metered([[1, odd + line('a', 'x')]], { ends: 'answer' }).hops).toBeUndefined();
  });

  test('more steps than a graph has are not told apart', () => {
    const many = Array.from({ length: 40 }, (_, index) => line(`s${index}`, 'x')).join('');
    expect(metered([[1, many]], { ends: 'answer' }).hops).toHaveLength(32);
  });

  test('the host of an answer in the form of OpenAI stands in what is the services\u2019 own', () => {
    const meter = new TokenMeter({ ends: 'finish' });
    const end = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], chainctl: { host: 'b-1' } })}\n\n`;
    const bytes = Buffer.from(say('a') + end + done);
    meter.take(bytes, 0, bytes.length, 1, '');
    expect(judgeStream(meter, protocolNamed('openai-chat').judge)).toMatchObject({ outcome: 'ok', host: 'b-1' });
  });
});

describe('server-sent events', () => {
  test('a character cut by a read, comments between', () => {
    const text = Buffer.from('data: {"choices":[{"delta":{"content":"é"}}]}\r\n\r\n: ping\n\ndata: [DONE]\n\n');
    const cut = text.indexOf(0xc3) + 1;
    const meter = metered([
      [1, text.subarray(0, cut)],
      [2, text.subarray(cut)],
    ]);
    expect(meter).toMatchObject({ ttftMs: 2, gaps: [], outputTokens: 1, fault: undefined, withoutDone: false });
  });

  test('line breaks of every kind, other fields, no blank, data on several lines', () => {
    const events = [
      'event: message',
      'id: 1',
      'retry: 5',
      'data:{"choices":[{"delta":',
      'data: {"content":"a"}}]}',
      '',
    ];
    for (const end of ['\n', '\r\n', '\r']) {
      const more = [
        'data:{"choices":[{"text":"b"}]}',
        '',
        ': ping',
        '',
        'event: ping',
        'data: now',
        '',
        'data: [DONE]',
        '',
        '',
      ];
      const text = [...events, ...more].join(end);
      const all = [...text].map((each, at): [number, string] => [at + 1, each]);
      expect(metered([[1, text]])).toMatchObject({ outputTokens: 2, reads: 1, fault: undefined });
      expect(metered(all)).toMatchObject({ outputTokens: 2, reads: 2, fault: undefined });
    }
  });

  test('the first token is of the answer; reasoning is named beside it, and is a token for gaps and time per token', () => {
    const meter = metered([
      [10, chunk({ role: 'assistant', content: '' })],
      [20, chunk({ reasoning_content: 'hm' })],
      [30, chunk({ reasoning: 'hm', content: null })],
      [50, say('a')],
      [60, chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] })],
      [
        90,
        `${stop}${counted({ completion_tokens: 4, completion_tokens_details: { reasoning_tokens: 2 }, prompt_tokens: 7, prompt_tokens_details: { cached_tokens: 5 } })}${done}`,
      ],
    ]);
    expect(meter).toMatchObject({ ttftMs: 50, reasoningMs: 20, gaps: [10, 20, 10], outputTokens: 4, finish: 'stop' });
    expect(meter.usage).toEqual({ prompt_tokens: 7, output_tokens: 4, reasoning_tokens: 2, cached_tokens: 5 });
    // To the last token, not to the end of the stream.
    expect(meter.tpotMs).toBeCloseTo(40 / 3, 9);
  });

  test.each([
    ['a refusal', chunk({ refusal: 'no' })],
    ['parts', chunk({ content: [{ type: 'text', text: 'a' }] })],
    ['a call of the old form', chunk({ function_call: { name: 'f' } })],
    ['a completion', 'data: {"choices":[{"text":"a"}]}\n\n'],
    ["llama-server's own", 'data: {"content":"a","stop":false}\n\n'],
  ])('%s is a first token', (_, event) => {
    expect(metered([[7, event + stop]])).toMatchObject({ ttftMs: 7, outputTokens: 1, fault: undefined });
  });

  test('several tokens an event: the count is of the target, and so is the time per token', () => {
    const reads = Array.from({ length: 25 }, (_, i): [number, string] => [(i + 1) * 40, say('four of them')]);
    const meter = metered([...reads, [1010, `${stop}${counted({ completion_tokens: 100 })}`]]);
    expect(meter).toMatchObject({ outputTokens: 100, isEstimated: false, events: 25, withoutDone: true });
    expect(meter.tpotMs).toBeCloseTo(10, 9);
  });

  test('counts that go along with the events say how many tokens came within the window', () => {
    const event = (tokens: number) =>
      `data: {"choices":[{"delta":{"content":"a"}}],"usage":{"completion_tokens":${tokens}}}\n\n`;
    const options: MeterOptions = { ends: 'finish', isWithin: (at) => at < 15 };
    const meter = metered(
      [
        [10, event(6)],
        [20, event(8)],
        [30, event(8) + stop],
      ],
      options,
    );
    // What shows no count of its own was one at least.
    expect(meter).toMatchObject({ outputTokens: 8, tokensWithin: 8 * (6 / 9) });
    expect(
      metered(
        [
          [10, say('a')],
          [14, say('b')],
          [20, say('c') + stop],
        ],
        options,
      ).tokensWithin,
    ).toBeCloseTo(2, 9);
  });

  test('all tokens in one read: no gap and no time per token', () => {
    const meter = metered([[5, say('a') + say('b') + stop]]);
    expect(meter).toMatchObject({ outputTokens: 2, gaps: [], tpotMs: undefined, reads: 1, events: 2 });
  });

  test('tokens that nobody saw: complete where the target counts them', () => {
    const hidden = chunk({ role: 'assistant', content: '' }) + chunk({}, { finish_reason: 'length' });
    expect(metered([[5, hidden + counted({ completion_tokens: 12 }) + done]])).toMatchObject({
      ttftMs: undefined,
      outputTokens: 12,
      fault: undefined,
    });
    expect(metered([[5, hidden + counted({ completion_tokens: 0 }) + done]]).fault).toMatchObject({
      class: 'broken-stream',
    });
  });

  test('the text is kept where a next turn needs it, reasoning is not', () => {
    const reads: Reads = [[1, chunk({ reasoning: 'hm' }) + say('a') + say(' "b"\n') + stop]];
    expect(metered(reads, { ends: 'finish', shapes: new EventShapes(), keepsText: true }).text).toBe('a "b"\n');
    expect(metered(reads, { ends: 'finish' }).text).toBe('');
  });
});

describe('what is no complete answer', () => {
  const OLLAMA = '{"response":"a","done":false}\n';
  const WHOLE =
    '{"object":"chat.completion","choices":[{"message":{"content":"a b"},"finish_reason":"stop"}],"usage":{"completion_tokens":2}}';
  test.each<[string, string, MeterOptions['ends'], string, string]>([
    ['no token', '{"response":"","done":true}\n', 'done', 'broken-stream', 'no token'],
    ['nothing', '', 'finish', 'broken-stream', 'no token'],
    ['lines that end early', OLLAMA, 'done', 'truncated-stream', 'its last line'],
    ['a last line that is cut', `${OLLAMA}{"response":"","do`, 'done', 'truncated-stream', 'its last line'],
    ['events that end early', say('a'), 'finish-or-done', 'truncated-stream', 'finish_reason'],
    [
      'a marker without a reason, of an API that has reasons',
      say('a') + done,
      'finish',
      'truncated-stream',
      'finish_reason',
    ],
    ['an event that is cut', `${say('a')}data: {"choi`, 'finish-or-done', 'truncated-stream', 'finish_reason'],
    ['not JSON', `${OLLAMA}hello\n`, 'done', 'broken-stream', 'not JSON'],
    ['a page', '<html>\n<body>busy</body></html>', 'finish', 'broken-stream', 'not JSON'],
    ['an event that is not JSON', `${say('a')}data: hello\n\n${stop}`, 'finish', 'broken-stream', 'not JSON'],
    ['an error in it', `${OLLAMA}{"error":"out of memory"}\n`, 'done', 'stream-error', 'out of memory'],
    [
      'an error event',
      `${say('a')}data: {"error":{"message":"gone","code":500}}\n\n`,
      'finish',
      'stream-error',
      'gone',
    ],
    [
      'an event called error',
      `${say('a')}event: error\ndata: {"message":"gone"}\n\n`,
      'finish',
      'stream-error',
      'gone',
    ],
    [
      'an event called error, in words',
      `${say('a')}event: error\ndata: gone away\n\n`,
      'finish',
      'stream-error',
      'gone away',
    ],
    ['an error object', `${say('a')}data: {"object":"error","message":"gone"}\n\n`, 'finish', 'stream-error', 'gone'],
    ['a detail', `${say('a')}data: {"detail":"gone"}\n\n${stop}`, 'finish', 'stream-error', 'gone'],
    ['a reason that is an error', say('a') + chunk({}, { finish_reason: 'error' }), 'finish', 'stream-error', 'error'],
    ['an error in a list', `${say('a')}data: [{"error":{"message":"gone"}}]\n\n`, 'finish', 'stream-error', 'gone'],
    ['GraphQL', `${OLLAMA}{"errors":[{"message":"gone"}]}\n`, 'done', 'stream-error', 'gone'],
    ['a whole answer of a chat', WHOLE, 'finish', 'not-a-stream', 'in one piece'],
    ['the same, where nothing is known', WHOLE, 'finish-or-done', 'not-a-stream', 'in one piece'],
    ['the same, in thoughts', WHOLE.replace('content', 'reasoning'), 'finish', 'not-a-stream', 'in one piece'],
    [
      'one of completions',
      '{"choices":[{"text":"a b","finish_reason":"stop"}]}',
      'finish',
      'not-a-stream',
      'one piece',
    ],
    ['one of Ollama', '{"response":"a b","done":true,"eval_count":2}', 'done', 'not-a-stream', 'in one piece'],
    ['one of llama-server', '{"content":"a b","stop":true,"tokens_predicted":2}', 'finish-or-done', 'not-a-stream', ''],
    ['a line without end', `data: ${'x'.repeat(3 << 20)}`, 'finish', 'broken-stream', '1 MiB'],
  ])('%s', (_, text, ends, name, why) => {
    const { fault } = metered([[1, text]], { ends });
    expect(fault).toMatchObject({ class: name, error: expect.stringContaining(why) });
  });

  test('one token in one line, or a whole answer in an event, is a stream', () => {
    const one = '{"response":"a","done":true,"eval_count":1}';
    expect(metered([[1, one]], { ends: 'done' })).toMatchObject({ fault: undefined, outputTokens: 1 });
    expect(metered([[1, `data: ${WHOLE}\n\n${done}`]], { ends: 'finish' })).toMatchObject({
      ...{ fault: undefined, outputTokens: 2, ttftMs: 1, reads: 1 },
    });
  });

  test('an error of null is none, and a missing [DONE] is counted', () => {
    const text = 'data: {"error":null,"choices":[{"delta":{"content":"a"},"finish_reason":null}]}\n\n';
    expect(metered([[1, text + stop]], { ends: 'finish' })).toMatchObject({ fault: undefined, withoutDone: true });
    expect(metered([[1, text + stop + done]], { ends: 'finish' }).withoutDone).toBe(false);
  });
});

/** A generator of numbers from 0 to 1 that makes the same ones for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test.each([
  [
    'vLLM',
    (id: string, text: string) =>
      `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created: 1764500000, model: 'm', choices: [{ index: 0, delta: { content: text, reasoning_content: null }, logprobs: null, finish_reason: null }] })}`,
  ],
  [
    'OpenAI',
    (id: string, text: string) =>
      `data: ${JSON.stringify({ id, created: 1, choices: [{ index: 0, delta: { content: text }, finish_reason: null }], usage: null, obfuscation: text.repeat(3) })}`,
  ],
  [
    'Ollama',
    (id: string, text: string) =>
      JSON.stringify({
        model: 'm',
        created_at: `2026-11-30T12:00:00.${id}Z`,
        message: { role: 'assistant', content: text },
        done: false,
      }),
  ],
])("an event of %s's is known by the one before it, of another answer too", (_, event) => {
  const shapes = new EventShapes();
  const [first, next] = [event('123', 'Hello'), Buffer.from(`${event('4567', ' wörld \\u00e9\\n "')}\n`)];
  metered([[1, `${first}\n`]], { ends: 'done', shapes });
  expect(shapes.find(next, 0, next.length)).toMatchObject({ hasText: true, hasReasoning: false });
  expect(shapes.end).toBe(next.length - 1);
  expect(shapes.find(next, 0, next.length - 2)).toBeUndefined();
});

test('known shapes change nothing: streams of any events, cut anywhere, give the same figures with and without them', () => {
  let shapes = new EventShapes();
  let pool: string[] = [];
  for (let seed = 1; seed <= 400; seed++) {
    // Streams of a point share what is known, and what is never seen again uses it up.
    if (seed % 8 === 1) [shapes, pool] = [new EventShapes(), []];
    const draw = random(seed);
    const pick = <T>(...from: readonly T[]): T => from[Math.floor(draw() * from.length)] as T;
    const word = () =>
      pick('a', '', ' é', '"', '\\', '\n', '\u0001', '🙂', 'data: {', '\\u0041', 'x'.repeat(80), '[DONE]');
    const id = pick('chatcmpl-1', 'chatcmpl-12345678', 'ü');
    const piece = (): string => {
      const text = word();
      const common = {
        id,
        object: pick('chat.completion.chunk', 'x'),
        created: pick(1, 1234567890, 1.5, -1),
        model: pick('m', ''),
      };
      const delta = pick<object>(
        { content: text },
        { content: text, role: 'assistant' },
        { reasoning_content: text },
        { reasoning: text, content: '' },
        { refusal: text },
        { tool_calls: [{ index: 0, function: { arguments: text } }] },
        {},
      );
      const reason = { finish_reason: pick(null, null, null, null, null, 'stop', 'error') };
      const usage = pick({}, {}, {}, {}, { usage: null }, { usage: { completion_tokens: Math.floor(draw() * 9) } });
      const ollama = {
        model: 'm',
        created_at: String(draw()),
        response: text,
        done: pick(false, false, false, false, true),
      };
      const pretty = pick(undefined, undefined, undefined, undefined, 1);
      return pick(
        JSON.stringify({ ...common, choices: [{ index: 0, delta, ...reason }], ...usage }, undefined, pretty),
        JSON.stringify({ ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason: null }] }),
        JSON.stringify({ ...common, choices: [{ index: 0, text, finish_reason: null }] }),
        JSON.stringify(ollama),
        JSON.stringify({ hop: pick('a', 'b'), token: text }),
        pick(
          '[DONE]',
          '{"error":"x"}',
          'null',
          '5',
          '{',
          '{"content":"a\\x"}',
          '{"token":"\u0001"}',
          JSON.stringify({ token: 'a' }),
        ),
      ).replaceAll(pick('é', '\n', 'nothing'), pick('\\u00E9', '\\u00g9', 'é'));
    };
    const end = pick('\n', '\n', '\r\n', '\r');
    const isSse = draw() < 0.7;
    const line = () => {
      if (!isSse) return piece().replaceAll('\n', ' ') + end;
      const field = pick('data: ', 'data: ', 'data: ', 'data:', 'data:  ', '');
      const before = pick('', '', '', '', ': ping', 'event: ping', 'event: error', 'id: 4');
      const lines = piece()
        .split('\n')
        .map((each) => field + each);
      return [...(before === '' ? [] : [before]), ...lines, ...pick([''], [''], [''], [])].join(end) + end;
    };
    for (let i = 0; i < 3; i++) pool.push(line());
    const lines = Array.from({ length: 30 }, () => (draw() < 0.8 ? pick(...pool) : line()));
    const bytes = Buffer.from(pick('', '', '\ufeff', end) + lines.join(''));
    const reads: [number, Buffer][] = [];
    for (let at = 0, cut = 0; at < bytes.length; at = cut) {
      cut = Math.min(bytes.length, at + 1 + Math.floor(draw() * pick(3, 40, 2000)));
      reads.push([reads.length + 1, bytes.subarray(at, cut)]);
    }
    const options: MeterOptions = { ends: pick('finish', 'finish-or-done', 'done'), isWithin: (at) => at < 20 };
    const type = pick('text/event-stream', 'application/json', '');
    expect([seed, metered(reads, { ...options, shapes }, type)]).toEqual([seed, metered(reads, options, type)]);
  }
});
