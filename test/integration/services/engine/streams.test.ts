import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ContextRule } from '../../../../templates/services/common/engine/context.ts';
import type { ChatOrder, Delta, Engine, EngineRun } from '../../../../templates/services/common/engine/engine.ts';
import type { EngineSettings } from '../../../../templates/services/common/engine/engine-settings.ts';
import { OllamaEngine } from '../../../../templates/services/common/engine/ollama.ts';
import { OpenAiEngine } from '../../../../templates/services/common/engine/openai.ts';
import { OwnModel } from '../../../../templates/services/common/engine/own-model.ts';
import { clientGone } from '../../../../templates/services/common/problem.ts';
import {
  chunk,
  engineSettings,
  events,
  json,
  lines,
  openScope,
  ScriptedEngine,
} from '../../../support/scripted-engine.ts';

const KINDS = ['ollama', 'openai'] as const;
type Kind = (typeof KINDS)[number];

const ORDER: ChatOrder = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], maxTokens: 9, sampling: {} };

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(script: ScriptedEngine['script']): Promise<ScriptedEngine> {
  const server = await ScriptedEngine.open(script);
  open.push(() => server.close());
  return server;
}

function engineOf(kind: Kind, url: string, more: Partial<EngineSettings> = {}): Engine {
  const settings = engineSettings(url, { kind, ...more });
  const engine =
    kind === 'ollama'
      ? new OllamaEngine(settings, new ContextRule('m', 1024, 4096))
      : new OpenAiEngine(settings, new OwnModel('m'), () => {});
  open.push(() => engine.close());
  return engine;
}

/** One token, in the words of each kind. */
function token(kind: Kind, response: ServerResponse, text: string): void {
  if (kind === 'ollama') lines(response, { message: { role: 'assistant', content: text }, done: false });
  else events(response, chunk({ content: text }));
}

function finish(kind: Kind, response: ServerResponse): void {
  if (kind === 'ollama') {
    const end = { message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' };
    lines(response, { ...end, prompt_eval_count: 5, eval_count: 2 });
  } else {
    events(response, chunk({}, 'stop'), { choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } }, '[DONE]');
  }
  response.end();
}

interface Ran {
  readonly texts: string[];
  readonly error?: { status: number; code: string | undefined; message: string };
  readonly answer?: Awaited<ReturnType<Engine['chat']>>;
}

async function chat(engine: Engine, more: Partial<EngineRun> = {}, order = ORDER): Promise<Ran> {
  const texts: string[] = [];
  const sink = (deltas: readonly Delta[]) => {
    texts.push(...deltas.map(({ text }) => text ?? ''));
    return undefined;
  };
  try {
    const answer = await engine.chat(order, { scope: openScope(), who: 'ollama', sink, ...more });
    return { texts, answer };
  } catch (error) {
    const { status, code, message } = error as NonNullable<Ran['error']>;
    return { texts, error: { status, code, message } };
  }
}

describe.each(KINDS)('%s: what goes wrong in a stream', (kind) => {
  const spoiltBy = (then: (response: ServerResponse) => void, timeoutMs = 10_000) =>
    serve((_asked, response) => {
      token(kind, response, 'one');
      then(response);
    }).then((server) => chat(engineOf(kind, server.url, { timeoutMs })));
  const failure = (message: string | RegExp, status = 502, code = 'engine_error') => ({
    texts: ['one'],
    error: {
      status,
      code,
      message: typeof message === 'string' ? `ollama error: ${message}` : expect.stringMatching(message),
    },
  });

  test('nothing: pieces come as they are made, and the answer is their sum', async () => {
    const { texts, answer } = await spoiltBy((response) => {
      token(kind, response, ' two');
      finish(kind, response);
    });
    expect(texts).toEqual(['one', ' two']);
    expect(answer).toMatchObject({ text: 'one two', finishReason: 'stop', usage: { input: 5, output: 2 } });
    expect(answer?.firstTokenSeconds).toBeLessThanOrEqual(answer?.seconds ?? 0);
  });

  test('a connection that breaks', async () => {
    const ran = await spoiltBy((response) => setImmediate(() => response.socket?.resetAndDestroy()));
    expect(ran).toEqual(failure(/^ollama error: (connection closed before the answer was complete|read ECONNRESET)$/));
  });

  test('a clean end before the last event', async () => {
    expect(await spoiltBy((response) => response.end())).toEqual(failure('ended its answer before the last event'));
  });

  test('a clean end in the middle of an event', async () => {
    const half = kind === 'ollama' ? '{"message":{"con' : 'data: {"choices":[{"del';
    expect(await spoiltBy((response) => response.end(half))).toEqual(failure('ended its answer before the last event'));
  });

  test('silence', async () => {
    expect(await spoiltBy(() => {}, 1500)).toEqual(failure('nothing more within 1.5 s', 504, 'timeout'));
  });

  test('silence before the first token', async () => {
    const server = await serve((_asked, response) => response.flushHeaders());
    expect(await chat(engineOf(kind, server.url, { timeoutMs: 200 }))).toEqual({
      texts: [],
      error: { status: 504, code: 'timeout', message: 'ollama error: no answer within 0.2 s' },
    });
  });

  test('signs of life that are no tokens do not count as such', async () => {
    const ping = kind === 'ollama' ? '{"message":{"role":"assistant","content":""},"done":false}\n' : ': ping\n\n';
    let timer: NodeJS.Timeout | undefined;
    const ran = await spoiltBy((response) => {
      timer = setInterval(() => response.write(ping), 50);
    }, 1500);
    clearInterval(timer);
    expect(ran).toEqual(failure('nothing more within 1.5 s', 504, 'timeout'));
  });

  test('a line that is not JSON', async () => {
    const bad = kind === 'ollama' ? '<html>\u001b[31m\n' : 'data: <html>\u001b[31m\n\n';
    const ran = await spoiltBy((response) => response.write(bad));
    expect(ran).toEqual(failure('sent something that is not JSON: <html> [31m'));
  });

  test('JSON that is no part of an answer', async () => {
    const ran = await spoiltBy((response) => response.write(kind === 'ollama' ? '{"a":1}\n' : 'data: {"a":1}\n\n'));
    expect(ran).toEqual(failure(/sent (a line|an event) that is no part of a/));
  });

  test('an error in mid-stream, with what the engine says', async () => {
    const error = kind === 'ollama' ? '{"error":"out of memory"}\n' : 'data: {"error":{"message":"out of memory"}}\n\n';
    expect(await spoiltBy((response) => response.write(error))).toEqual(failure('out of memory'));
  });

  test('an error in the words of older servers', async () => {
    const said = '{"object":"error","message":"out of memory"}';
    const ran = await spoiltBy((response) => response.write(kind === 'ollama' ? `${said}\n` : `data: ${said}\n\n`));
    expect(ran).toEqual(failure('out of memory'));
  });

  test('an event above 1 MiB', async () => {
    const ran = await spoiltBy((response) => token(kind, response, 'x'.repeat(1 << 20)));
    expect(ran).toEqual(failure('sent an event of more than 1 MiB'));
  });

  test('an answer above 8 MiB', async () => {
    const part = 'é'.repeat(1 << 18);
    const ran = await spoiltBy((response) => {
      for (let i = 0; i < 17; i++) token(kind, response, part);
    });
    expect(ran.error).toEqual(failure('sent an answer of more than 8 MiB').error);
  });

  test('an error of the sink itself is passed on, and ends the generation', async () => {
    const server = await serve((_asked, response) => token(kind, response, 'one'));
    const run = { scope: openScope(), who: 'x', sink: () => Promise.reject(new TypeError('a defect')) };
    await expect(engineOf(kind, server.url).chat(ORDER, run)).rejects.toThrow(TypeError);
    await expect.poll(() => server.events).toEqual([expect.stringMatching(/was left$/)]);
  });
});

describe.each(KINDS)('%s: whoever asks', (kind) => {
  test('leaves: the engine sees its connection closed, and the answer is the reason', async () => {
    const scope = openScope();
    const server = await serve((_asked, response) => token(kind, response, 'one'));
    const sink = () => {
      server.events.push('caller leaves');
      scope.cancel(clientGone());
      return undefined;
    };
    await expect(engineOf(kind, server.url).chat(ORDER, { scope, who: 'x', sink })).rejects.toMatchObject({
      status: 499,
    });
    await expect.poll(() => server.events).toEqual(['caller leaves', expect.stringMatching(/was left$/)]);
  });

  test('leaves while the engine is held back, too', async () => {
    const scope = openScope();
    const server = await serve((_asked, response) => token(kind, response, 'one'));
    const sink = () => {
      setImmediate(() => scope.cancel(clientGone()));
      return new Promise<void>(() => {});
    };
    await expect(engineOf(kind, server.url).chat(ORDER, { scope, who: 'x', sink })).rejects.toMatchObject({
      status: 499,
    });
    await expect.poll(() => server.events).toHaveLength(1);
  });

  test('is slow: the engine is not read meanwhile, and its time does not count', async () => {
    const MANY = 400;
    let written = 0;
    let isBlocked = false;
    const server = await serve(async (_asked, response) => {
      response.setMaxListeners(0);
      token(kind, response, 'first');
      const part = 'x'.repeat(100_000);
      for (; written < MANY && !response.destroyed; written++) {
        token(kind, response, part);
        if (response.writableNeedDrain) {
          isBlocked = true;
          await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
        }
      }
      finish(kind, response);
    });
    let release = () => {};
    let calls = 0;
    const sink = () => {
      calls++;
      if (calls > 1) return undefined;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    };
    const answer = engineOf(kind, server.url, { timeoutMs: 2000 }).chat(ORDER, { scope: openScope(), who: 'x', sink });
    const ended = answer.catch((error: Error) => error.message);
    await expect.poll(() => isBlocked && calls === 1, { timeout: 10_000 }).toBe(true);
    // Longer than the engine may be silent.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(calls).toBe(1);
    expect(written).toBeLessThan(MANY);
    release();
    // 40 MB are more than an answer may have: they are read again, then.
    expect(await ended).toBe('x error: sent an answer of more than 8 MiB');
    expect(calls).toBeGreaterThan(1);
  });

  test('gets all pieces of one read in one call', async () => {
    const server = await serve((_asked, response) => {
      response.socket?.cork();
      for (let i = 0; i < 50; i++) token(kind, response, String(i));
      finish(kind, response);
      response.socket?.uncork();
    });
    const calls: number[] = [];
    const sink = (deltas: readonly Delta[]) => {
      calls.push(deltas.length);
      return undefined;
    };
    const run = { scope: openScope(), who: 'x', sink };
    expect((await engineOf(kind, server.url).chat(ORDER, run)).text).toHaveLength(90);
    expect(calls.reduce((sum, each) => sum + each)).toBe(50);
    expect(calls.length).toBeLessThan(10);
  });

  test('is answered over one connection, one request after another', async () => {
    const sockets = new Set<unknown>();
    const server = await serve((_asked, response) => {
      sockets.add(response.socket);
      token(kind, response, 'one');
      finish(kind, response);
    });
    const engine = engineOf(kind, server.url);
    for (let i = 0; i < 5; i++) expect((await chat(engine)).texts).toEqual(['one']);
    expect(sockets.size).toBe(1);
  });
});

describe.each(KINDS)('%s: refusals', (kind) => {
  const refusal = async (status: number, body: unknown, headers = {}) => {
    const server = await serve((_asked, response) => json(response, status, body, headers));
    return (await chat(engineOf(kind, server.url))).error;
  };

  test.each([
    [400, { error: 'bad "temperature"' }, { status: 400, code: undefined, message: 'bad "temperature"' }],
    [400, { error: { message: 'bad' } }, { status: 400, code: undefined, message: 'bad' }],
    [
      400,
      { error: 'the input length exceeds the context length' },
      {
        status: 400,
        code: 'context_length_exceeded',
        message: expect.stringMatching(/\(model m, set .*\): the input length exceeds the context length$/),
      },
    ],
    [
      400,
      { error: { message: 'the request exceeds the available context size', type: 'exceed_context_size_error' } },
      { status: 400, code: 'context_length_exceeded' },
    ],
    [404, { error: "model 'm' not found" }, { status: 404, code: 'model_not_found', message: "model 'm' not found" }],
    [404, {}, { status: 502, code: 'engine_error', message: 'ollama error: answered with status 404' }],
    [401, { error: { message: 'no key' } }, { status: 502, code: 'engine_error', message: 'ollama error: no key' }],
    [403, {}, { status: 502, code: 'engine_error' }],
    [429, { error: 'slow down' }, { status: 503, code: 'overloaded', message: 'overloaded: ollama slow down' }],
    [500, { error: 'invalid JSON schema in format' }, { status: 400, message: 'invalid JSON schema in format' }],
    [500, { error: 'oops' }, { status: 502, code: 'engine_error', message: 'ollama error: oops' }],
    [503, { error: 'busy' }, { status: 503, code: 'engine_unavailable', message: 'ollama error: busy' }],
    [504, {}, { status: 502, code: 'engine_error' }],
  ])('%d %o', async (status, body, expected) => {
    expect(await refusal(status, body)).toMatchObject(expected);
  });

  test('the key is in no text, also where the engine repeats it', async () => {
    const server = await serve(({ headers }, response) => {
      json(response, 401, { error: { message: `wrong key: ${headers.authorization}` } });
    });
    const headers = { authorization: 'Bearer sk-very-secret' };
    const { error } = await chat(engineOf(kind, server.url, { headers }));
    expect(error?.message).toBe('ollama error: wrong key: Bearer ***');
  });

  test('no connection', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const engine = engineOf(kind, `http://127.0.0.1:${port}`);
    const { error } = await chat(engine);
    expect(error).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(error?.message).toMatch(/^ollama error: connect ECONNREFUSED/);
    // The contract of /chain and /invoke knows no 503 for it.
    const order = { model: 'm', prompt: 'p', numPredict: 1, numCtx: 512, temperature: 0 };
    for (const sink of [undefined, () => undefined]) {
      const run = { scope: openScope(), who: 'ollama', ...(sink && { sink }) };
      await expect(engine.generate(order, run)).rejects.toMatchObject({ status: 502, code: 'engine_unavailable' });
    }
  });
});
