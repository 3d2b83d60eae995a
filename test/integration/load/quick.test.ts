import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { findingsOf } from '../../../src/services/load/quick/findings.ts';
import { FREE } from '../../../src/services/load/quick/quick-plan.ts';
import { type QuickDeps, type QuickOptions, runQuick } from '../../../src/services/load/quick/run-quick.ts';
import { ANSWER, serve } from './lab.ts';

const TOKENS = 4;

/** A chat server that streams, and works on `places` requests at a time. */
async function chatServer(places: number, ms: number) {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const next = () => {
    while (busy < places && waiting.length > 0) {
      busy++;
      waiting.shift()?.();
    }
  };
  const { server, url } = await serve((request, response) => {
    if (request.method === 'GET') {
      response.statusCode = request.url === '/v1/models' ? 200 : 404;
      response.end('{"object":"list","data":[{"id":"one","object":"model"}]}');
      return;
    }
    request.resume().on('end', () => {
      waiting.push(() => {
        response.setHeader('content-type', 'text/event-stream');
        let sent = 0;
        const timer = setInterval(() => {
          const finish = sent === TOKENS ? '"stop"' : 'null';
          response.write(`data: {"choices":[{"index":0,"delta":{"content":"w "},"finish_reason":${finish}}]}\n\n`);
          if (sent++ < TOKENS) return;
          clearInterval(timer);
          response.end('data: [DONE]\n\n');
          busy--;
          next();
        }, ms / TOKENS);
      });
      next();
    });
  });
  return { url: new URL(url).origin, server };
}

async function quick(targetUrl: string, change: Partial<QuickOptions> = {}, more: Partial<QuickDeps> = {}) {
  const outFolder = await mkdtemp(join(tmpdir(), 'chainctl-quick-'));
  const signal = new AbortController().signal;
  const self = { host: 'here', user: 'me', pid: process.pid, startedAt: 'now', command: 'test' };
  const claims = {
    ...{ clock: systemClock, signal, emit: () => {}, self, newToken: () => 'token', isAlive: async () => false },
    folder: join(outFolder, 'claims'),
  };
  const runs = await runQuick(
    {
      ...{ targetUrl, prompt: DEFAULT_PROMPT, seed: 1, outFolder, tag: 'quick', about: {}, bounds: FREE },
      totalSeconds: 6,
      ...change,
    },
    { clock: systemClock, emit: () => {}, signal, tokenOf: () => undefined, claims, ...more },
  );
  return { runs, outFolder, findings: findingsOf(runs) };
}

test('a server is found out, measured alone and together, and leaves its runs', async () => {
  const { url } = await chatServer(2, 20);
  const { runs, findings, outFolder } = await quick(url);
  expect(runs).toMatchObject({ api: 'openai-chat', model: 'one', isStreamed: true });
  expect(findings.alone).toMatchObject({ concurrent: 1, failed: 0, ttftMs: expect.any(Number) });
  expect(runs.doubling.points.every(({ loop }) => loop === 'closed')).toBe(true);
  expect(findings.next[0]?.command).toContain('--model one');
  expect((await readdir(outFolder)).filter((name) => name.includes('-quick'))).not.toHaveLength(0);
});

test('of a slow one it says what there was no time for', async () => {
  const { url } = await chatServer(1, 2000);
  const { runs, findings } = await quick(url);
  expect(runs.search).toBeUndefined();
  expect(findings.unknown.join()).toContain('the knee');
  expect(runs.doubling.points[0]).toMatchObject({ rate: 1, sent: 5 });
});

test('what is stopped in the middle is told as far as it came', async () => {
  const { url } = await chatServer(2, 20);
  const stop = new AbortController();
  const emit: QuickDeps['emit'] = (event) => {
    if (event.type === 'point-done' && event.point.rate === 1) stop.abort(new Error('stopped'));
  };
  const { runs, findings } = await quick(url, { totalSeconds: 60 }, { emit, signal: stop.signal });
  expect(runs).toMatchObject({ status: 'interrupted', doubling: { status: 'interrupted' } });
  expect(runs.search).toBeUndefined();
  expect(findings.alone).toMatchObject({ concurrent: 1, answers: expect.any(Number) });
  expect(findings.unknown.at(-1)).toContain('it was stopped before');
});

test('nothing is sent to who may bill for it before it was approved', async () => {
  const posted: string[] = [];
  const url = await asked(() => {
    posted.push('a request');
    return [200, WHOLE];
  });
  const seen: unknown[] = [];
  const approve: QuickDeps['approve'] = async (found, maxTokens) => {
    seen.push(found.api, maxTokens, ...posted);
    throw new Error('no');
  };
  await expect(quick(url, { model: 'm' }, { approve })).rejects.toThrow('no');
  expect([seen, posted]).toEqual([['openai-chat', 64], []]);
});

test('what answers no single request is an error, not a report of nothing', async () => {
  const { url } = await serve((request, response) => {
    request.resume();
    response.statusCode = 503;
    response.end('{"error":{"message":"loading"}}');
  });
  await expect(quick(url.replace('/invoke', '/v1/chat/completions'), { model: 'm' })).rejects.toMatchObject({
    code: 'target-unhealthy',
    exit: 5,
  });
});

const WHOLE = JSON.stringify({
  ...{ object: 'chat.completion', usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } },
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello there' }, finish_reason: 'stop' }],
});
const FLAGS = ['model', 'api', 'header'];

/** A chat server that does what is told with each body. */
async function asked(answer: (body: { readonly stream?: boolean }) => readonly [status: number, text: string]) {
  const { url } = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const [status, text] = answer(JSON.parse(body));
      response.statusCode = status;
      setTimeout(() => response.setHeader('content-type', 'application/json').end(text), 20);
    });
  });
  return url.replace('/invoke', '/v1/chat/completions');
}

test.each([
  ['answers in one piece all the same', 200, WHOLE],
  ['refuses to', 400, '{"error":{"message":"streaming is not supported"}}'],
])('a server that does not stream, and %s, is measured without', async (_, status, text) => {
  const url = await asked(({ stream }) => (stream === true ? [status, text] : [200, WHOLE]));
  const notes: string[] = [];
  const emit: QuickDeps['emit'] = (event) => void (event.type === 'note' && notes.push(event.text));
  const { runs, findings } = await quick(url, { model: 'm' }, { emit });
  expect(runs).toMatchObject({ isStreamed: false, doubling: { status: 'complete' } });
  expect(notes.join()).toContain('does not stream');
  expect(findings.alone).toMatchObject({ failed: 0, responseMs: expect.any(Number) });
  expect(findings.next[0]?.command).toContain('--model m');
  expect(findings.next[0]?.command).not.toContain('--stream');
});

/** A service of a chain; an old one does not know what a stream is. */
async function service(isOld: boolean): Promise<string> {
  const { url } = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const isStream = !isOld && JSON.parse(body).stream === true;
      if (isStream) response.write('{"hop":"b","token":"one"}\n{"hop":"b","token":" two"}\n');
      setTimeout(() => response.end(isStream ? `${ANSWER.slice(0, -1)},"done":true}\n` : ANSWER), 20);
    });
  });
  return url;
}

test('a service of a chain is asked for streams', async () => {
  const { runs, findings } = await quick(await service(false));
  expect(runs).toMatchObject({ api: 'invoke', isStreamed: true });
  expect(runs.maxTokens).toBeUndefined();
  expect(findings.alone).toMatchObject({ failed: 0, ttftMs: expect.any(Number) });
  expect(findings.unknown.join()).not.toContain('first token');
});

test('an old service, which knows no streams, is timed as a whole', async () => {
  const { runs, findings } = await quick(await service(true));
  expect(runs).toMatchObject({ api: 'invoke', isStreamed: false });
  expect(findings.alone).toMatchObject({ failed: 0, responseMs: expect.any(Number) });
});

test('a refusal names no flag that the command does not have', async () => {
  const url = await asked(() => [400, '{"error":{"message":"the maximum context length is 10 tokens"}}']);
  await expect(quick(url, { model: 'm' }, { flags: FLAGS })).rejects.toMatchObject({
    code: 'target-refuses',
    nextSteps: [expect.stringMatching(/^with "chainctl load": ask for less/)],
  });
});
