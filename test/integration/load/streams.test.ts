import { expect, test } from 'vitest';
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
  const outcome = await sweep(url, { stream: true, probe: true, rates: [20], durationSeconds: 0.5 });
  expect(pointOf(outcome)).toMatchObject({ outcomes: { ok: 10 }, stream: expect.anything() });
  expect(outcome.report.plan.probeMs).toBeGreaterThan(0);
  expect(new Set(asked)).toEqual(new Set([true]));
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
