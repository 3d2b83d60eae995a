import { expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { ANSWER, pointOf, serve, sweep } from './lab.ts';

const NDJSON = '{"response":"one"}\n{"response":" two","done":true,"eval_count":2}\n';
const SSE = 'data: {"choices":[{"delta":{"content":"one"}}]}\n\ndata: [DONE]\n\n';

/** Answers what it is told, and keeps what it was asked. */
async function answering(text: string, contentType: string) {
  const asked: unknown[] = [];
  const { url } = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      asked.push(JSON.parse(body).stream);
      response.setHeader('content-type', contentType).end(text);
    });
  });
  return { url, asked };
}

test.each([
  ['newline-delimited JSON', NDJSON, 'application/x-ndjson'],
  ['server-sent events', SSE, 'text/event-stream'],
])('a target that streams %s is probed with a streamed request, then measured', async (_, text, contentType) => {
  const { url, asked } = await answering(text, contentType);
  const outcome = await sweep(url.replace('/invoke', '/generate'), {
    stream: true,
    probe: true,
    rates: [20],
    durationSeconds: 0.5,
  });
  expect(pointOf(outcome)).toMatchObject({ outcomes: { ok: 10 }, stream: expect.anything() });
  expect(outcome.report.plan.probeMs).toBeGreaterThan(0);
  expect(new Set(asked)).toEqual(new Set([true]));
});

test('a whole answer in the middle of a load of streams is a failure, and any 2xx may be a stream', async () => {
  const whole =
    '{"choices":[{"message":{"content":"one two"},"finish_reason":"stop"}],"usage":{"completion_tokens":2}}';
  let n = 0;
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      if (n++ % 2 === 1) response.setHeader('content-type', 'application/json').end(whole);
      else response.writeHead(201, { 'content-type': 'text/event-stream' }).end(SSE);
    });
  });
  const outcome = await sweep(url.replace('/invoke', '/generate'), {
    ...{ stream: true, preflight: false, rates: [20], warmupSeconds: 0, durationSeconds: 1 },
  });
  expect(pointOf(outcome)).toMatchObject({
    ...{ outcomes: { ok: 10, invalid: 10 }, errorsByClass: { 'not-a-stream': 10 } },
  });
});

test('a target that does not stream is refused before the sweep, not recorded as a sweep of broken streams', async () => {
  const { url } = await answering(ANSWER, 'application/json');
  await expect(sweep(url, { stream: true, probe: true })).rejects.toMatchObject({
    code: 'not-a-stream',
    exit: 2,
    message: expect.stringContaining('the stream brought no token'),
    nextSteps: [expect.stringContaining('--stream'), expect.anything()],
  });
});

const event = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ROLE = event({ role: 'assistant', content: '' });
const WORD = event({ content: ' word' });
const STOP = event({}, 'stop');
const usage = (tokens: number) => `data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":${tokens}}}\n\n`;
const DONE = 'data: [DONE]\n\n';

const FINE = ROLE + WORD + STOP + DONE;

test.each([
  ['reports an error', `${ROLE}${WORD}event: error\ndata: {"error":{"message":"gone"}}\n\n`],
  ['ends early', ROLE + WORD],
  ['brings nothing', ROLE + STOP + DONE],
])('a probe whose stream %s says that the target is not calm yet, and ends no sweep', async (_, bad) => {
  let probes = 0;
  const { url } = await serve((request, response) => {
    // A generator's requests carry a trace; the three before the sweep are fine, and the first between its points is not.
    const isBad = request.headers.traceparent === undefined && ++probes === 4;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'text/event-stream').end(isBad ? bad : FINE);
    });
  });
  const { report, events } = await sweep(url.replace('/invoke', '/generate'), {
    ...{ stream: true, probe: true, rates: [10, 20], durationSeconds: 0.5 },
  });
  expect(probes).toBeGreaterThan(4);
  expect(report).toMatchObject({ status: 'complete', points: [{ status: 'complete' }, { status: 'complete' }] });
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'sweep-waiting', reason: expect.stringContaining('a probe fails') }),
  );
});

test.each([
  ['ends early', ROLE + WORD],
  ['brings nothing', ROLE + STOP + DONE],
])('a first stream that %s is told as what it is: the target streams', async (_, bad) => {
  const { url } = await answering(bad, 'text/event-stream');
  const outcome = await sweep(url.replace('/invoke', '/generate'), { stream: true, probe: true, rates: [10] });
  expect(pointOf(outcome).validity).toBe('failed');
  expect(outcome.events).toContainEqual(
    expect.objectContaining({ type: 'note', level: 'warn', text: expect.stringContaining('(the stream ') }),
  );
});

test('a stream that is longer than what is kept of a probe is one all the same', async () => {
  const { url } = await answering(
    ROLE + WORD.repeat(Math.ceil((3 << 20) / WORD.length)) + STOP + DONE,
    'text/event-stream',
  );
  const short = { durationSeconds: 0.5, warmupSeconds: 0, rates: [2] };
  const outcome = await sweep(url.replace('/invoke', '/generate'), { stream: true, probe: true, ...short });
  expect(pointOf(outcome).outcomes).toMatchObject({ ok: 1 });
  // The probe was fine: it is what points are compared with.
  const warnings = outcome.events.filter((event) => event.type === 'note' && event.level === 'warn');
  expect(warnings).not.toContainEqual(expect.objectContaining({ text: expect.stringContaining('single request') }));
});

/** A point against a target that writes these pieces, each in a read of its own. */
async function streamed(...pieces: string[]) {
  const { url } = await serve((request, response) => {
    request.resume().on('end', async () => {
      response.setHeader('content-type', 'text/event-stream; charset=utf-8');
      for (const piece of pieces) {
        response.write(piece);
        await systemClock.sleep(15);
      }
      response.end();
    });
  });
  const outcome = await sweep(url.replace('/invoke', '/generate'), { stream: true, rates: [20], durationSeconds: 0.5 });
  return pointOf(outcome);
}

test('several tokens an event, reasoning first, counts of the target', async () => {
  const point = await streamed(ROLE, event({ reasoning: 'hm' }), WORD, WORD, STOP + usage(12) + DONE);
  expect(point).toMatchObject({
    outcomes: { ok: 10 },
    tokens: { prompt: 90, output: 120, answers: 10 },
    stream: { answers: 10, outputTokens: 120, tokensPerEvent: 4, ttft: { count: 10 }, reasoningTtft: { count: 10 } },
  });
  expect(point.tokens).not.toHaveProperty('estimated');
  expect(point.tokens?.arrivedPerSecond).toBeGreaterThan(0);
  expect(point.stream?.reasoningTtft?.mean).toBeLessThanOrEqual(point.stream?.ttft?.mean ?? 0);
});

test('events that come together, without counts: estimated, and nothing between tokens', async () => {
  const point = await streamed(ROLE + WORD.repeat(4) + STOP);
  expect(point).toMatchObject({ outcomes: { ok: 10 }, tokens: { output: 40, answers: 10, estimated: 10 } });
  expect(point.stream).toMatchObject({ oneRead: 10, withoutDone: 10, eventsPerRead: 4, ttft: { count: 10 } });
  expect(point.stream).not.toHaveProperty('itl');
});

test('counts only: complete, with no first token', async () => {
  const point = await streamed(ROLE, STOP + usage(20) + DONE);
  expect(point).toMatchObject({ outcomes: { ok: 10 }, tokens: { output: 200 }, stream: { answers: 10 } });
  expect(point.stream).not.toHaveProperty('ttft');
});

test.each([
  ['ends early', 'truncated-stream', [ROLE, WORD, WORD]],
  ['reports an error', 'stream-error', [ROLE, WORD, 'event: error\ndata: {"error":{"message":"gone"}}\n\n']],
  ['brings nothing', 'broken-stream', [ROLE, STOP + DONE]],
])('a stream that %s is a failure', async (_, name, pieces) => {
  const point = await streamed(...pieces);
  expect(point).toMatchObject({ outcomes: { ok: 0, invalid: 10 }, errorsByClass: { [name]: 10 }, validity: 'failed' });
});

test('a streamed chain: first token and gaps of each step', async () => {
  const b = JSON.parse(ANSWER);
  const whole = { service: 'a', a_summary: 'one two', b_result: b, timing: {}, usage: { eval_count: 2 }, done: true };
  const lines = [
    ...[
      ...['one', ' two'].map((token) => ({ hop: 'a', token })),
      ...['three', ' four'].map((token) => ({ hop: 'b', token })),
    ],
    whole,
  ];
  const { url } = await serve((request, response) => {
    request.resume().on('end', () => {
      let next = 0;
      const send = () => {
        if (next === lines.length) response.end();
        else response.write(`${JSON.stringify(lines[next++])}\n`, () => setTimeout(send, 5));
      };
      send();
    });
  });
  const { report } = await sweep(url.replace('/invoke', '/chain'), { stream: true, rates: [20], durationSeconds: 0.5 });
  const [a, second] = report.points[0]?.stream?.hops ?? [];
  expect([a?.name, second?.name]).toEqual(['a', 'b']);
  expect([a?.ttft.count, a?.itl?.count, second?.ttft.count, second?.itl?.count]).toEqual([10, 10, 10, 10]);
  expect(second?.ttft.p50).toBeGreaterThan(a?.ttft.p50 ?? Number.NaN);
});

test.each([
  ['remote(B) error: ollama error: busy', 'stream-error', { b: 10 }],
  ['ollama(A) error: gone', 'stream-error', { a: 10 }],
])(
  'a stream of the chain that ends with the error "%s" fails with its reason, at its step',
  async (detail, name, refusedBy) => {
    const { url } = await answering(
      `{"hop":"a","token":"one"}\n${JSON.stringify({ error: detail, detail, hop: 'b', status: 502 })}\n`,
      '',
    );
    const point = pointOf(
      await sweep(url.replace('/invoke', '/chain'), {
        stream: true,
        preflight: false,
        rates: [20],
        durationSeconds: 0.5,
      }),
    );
    expect(point).toMatchObject({ outcomes: { ok: 0, invalid: 10 }, errorsByClass: { [name]: 10 }, refusedBy });
    expect(point.errorTexts).toEqual({ [name]: expect.stringContaining(detail) });
  },
);

test("the services' own stream: its last line has what a plain answer has", async () => {
  const { url } = await answering(
    `{"hop":"b","token":"one"}\n${JSON.stringify({ ...JSON.parse(ANSWER), done: true })}\n`,
    '',
  );
  const point = pointOf(await sweep(url, { stream: true, probe: true, rates: [20], durationSeconds: 0.5 }));
  expect(point).toMatchObject({ outcomes: { ok: 10 }, stream: { answers: 10 } });
  expect(Object.values(point.hosts)).toEqual([10]);
});
