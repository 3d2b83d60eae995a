import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime.ts';
import { DEFAULT_PROMPT } from '../../../src/services/load/prompt.ts';
import { findingsOf } from '../../../src/services/load/quick/findings.ts';
import { FREE } from '../../../src/services/load/quick/quick-plan.ts';
import { type QuickOptions, runQuick } from '../../../src/services/load/quick/run-quick.ts';
import { serve } from './lab.ts';

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

async function quick(targetUrl: string, change: Partial<QuickOptions> = {}) {
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
    { clock: systemClock, emit: () => {}, signal, tokenOf: () => undefined, claims },
  );
  return { runs, outFolder, findings: findingsOf(runs) };
}

test('a server is found out, measured alone and together, and leaves its runs', async () => {
  const { url } = await chatServer(2, 20);
  const { runs, findings, outFolder } = await quick(url);
  expect(runs).toMatchObject({ api: 'openai-chat', model: 'one', isStreamed: true });
  expect(findings.alone).toMatchObject({ concurrent: 1, failed: 0, ttftMs: expect.any(Number) });
  expect(runs.doubling.points.every(({ loop }) => loop === 'closed')).toBe(true);
  expect(findings.next[0]).toContain('--model one --stream --max-tokens 64');
  expect((await readdir(outFolder)).filter((name) => name.includes('-quick'))).not.toHaveLength(0);
});

test('of a slow one it says what there was no time for', async () => {
  const { url } = await chatServer(1, 2000);
  const { runs, findings } = await quick(url);
  expect(runs.search).toBeUndefined();
  expect(findings.unknown.join()).toContain('the knee');
  expect(runs.doubling.points[0]).toMatchObject({ rate: 1, sent: 1 });
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
