import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatOrder, Delta, Engine } from '../../templates/services/common/engine/engine.ts';
import { readEngineSettings } from '../../templates/services/common/engine/engine-settings.ts';
import { type OpenedEngine, openEngine } from '../../templates/services/common/engine/open-engine.ts';
import { Env } from '../../templates/services/common/env.ts';
import { clientGone } from '../../templates/services/common/problem.ts';
import { MODEL_A, MODEL_B, RealEngine } from '../support/real-engine.ts';
import { openScope } from '../support/scripted-engine.ts';

let real: RealEngine;
beforeAll(async () => {
  real = await RealEngine.open();
});
afterAll(() => real.close());

const opened: OpenedEngine[] = [];
afterAll(() => {
  for (const each of opened) each.close();
});

function open(env: Record<string, string>): OpenedEngine {
  const settings = readEngineSettings(
    new Env({ ENGINE_URL: real.url, MODEL_NAME: MODEL_A, ...env }),
    { variable: 'NONE', fallback: MODEL_A },
    { numPredict: 20, numCtx: 512, temperature: 0.2 },
  );
  const engine = openEngine(settings, () => {});
  opened.push(engine);
  return engine;
}

const order = (more: Partial<ChatOrder> = {}): ChatOrder => ({
  model: MODEL_A,
  messages: [{ role: 'user', content: 'The river' }],
  maxTokens: 12,
  sampling: { temperature: 0, seed: 1 },
  ...more,
});

/** A chat, and when its pieces came. */
async function chat(engine: Engine, more: Partial<ChatOrder> = {}) {
  const calls: (readonly Delta[])[] = [];
  const sink = (deltas: readonly Delta[]) => {
    calls.push(deltas);
    return undefined;
  };
  return { answer: await engine.chat(order(more), { scope: openScope(), who: 'ollama', sink }), calls };
}

describe.each(['ollama', 'openai'])('ENGINE=%s', (ENGINE) => {
  let engine: Engine;
  let state: OpenedEngine['readiness'];
  beforeAll(() => {
    ({ engine, readiness: state } = open({ ENGINE }));
  });

  test('becomes ready, and lists its models', async () => {
    await expect.poll(() => state.current(), { timeout: 120_000, interval: 250 }).toMatchObject({ ready: true });
    expect((await engine.models()).map(({ id }) => id)).toEqual(expect.arrayContaining([MODEL_A, MODEL_B]));
  });

  test('streams a chat: piece by piece, as many as it counts', async () => {
    const { answer, calls } = await chat(engine);
    const pieces = calls.flat();
    expect(pieces.map(({ text }) => text).join('')).toBe(answer.text);
    expect(answer.text).not.toBe('');
    expect(calls.length).toBeGreaterThan(1);
    expect(answer.usage.input).toBeGreaterThan(1);
    expect(answer.usage.output).toBeGreaterThanOrEqual(pieces.length);
    expect(answer.usage.output).toBeLessThanOrEqual(12);
    expect(['stop', 'length']).toContain(answer.finishReason);
    expect(answer.firstTokenSeconds).toBeLessThan(answer.seconds);
    expect(answer.simulated).toBe(false);
  });

  test('generates for /invoke, whole and streamed', async () => {
    const generate = { model: MODEL_A, prompt: 'The river', numPredict: 8, numCtx: 512, temperature: 0 };
    const whole = await engine.generate(generate, { scope: openScope(), who: 'ollama' });
    const texts: string[] = [];
    const sink = (deltas: readonly Delta[]) => {
      texts.push(...deltas.map(({ text }) => text ?? ''));
      return undefined;
    };
    const streamed = await engine.generate(generate, { scope: openScope(), who: 'ollama', sink });
    expect(texts.join('')).toBe(streamed.text);
    for (const answer of [whole, streamed]) expect(answer.usage.output).toBeGreaterThan(0);
    expect(whole.usage.output).toBeLessThanOrEqual(8);
  });

  test('completes a text', async () => {
    const completion = { model: MODEL_A, prompt: 'One, two,', maxTokens: 4, sampling: { temperature: 0 } };
    const answer = await engine.complete(completion, { scope: openScope(), who: 'ollama' });
    expect(answer.usage.output).toBeGreaterThan(0);
    expect(answer.text).not.toBe('');
  });

  test('says of a model that it has not what the caller can use', async () => {
    await expect(chat(engine, { model: 'nowhere:1b' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
      message: expect.stringContaining('nowhere:1b'),
    });
  });

  test('ends its generation when whoever asked leaves', async () => {
    const { answer: short } = await chat(engine, { maxTokens: 2 });
    const scope = openScope();
    const sink = () => {
      scope.cancel(clientGone());
      return undefined;
    };
    const long = order({
      messages: [{ role: 'user', content: 'Count.' }],
      maxTokens: 3000,
      sampling: { temperature: 1 },
    });
    await expect(engine.chat(long, { scope, who: 'ollama', sink })).rejects.toMatchObject({ status: 499 });
    // One slot: the next one waits for its end, which would be more than a thousand times as far away.
    const { answer } = await chat(engine, { maxTokens: 2 });
    expect(answer.seconds).toBeLessThan(short.seconds * 20);
  });
});

test('a chat that does not fit is refused, not cut, and Ollama says so in words that are understood', async () => {
  const { engine } = open({ ENGINE: 'ollama', CHAT_NUM_CTX: '512' });
  const content = 'The river and the bridge. '.repeat(400);
  await expect(chat(engine, { messages: [{ role: 'user', content }] })).rejects.toMatchObject({
    status: 400,
    code: 'context_length_exceeded',
  });
});

test('the first chat is the last load: generations after it have its context', async () => {
  const { engine, readiness } = open({ ENGINE: 'ollama', MODEL_NAME: MODEL_B, CHAT_NUM_CTX: '2048' });
  await expect.poll(() => readiness.current(), { timeout: 120_000, interval: 250 }).toMatchObject({ ready: true });
  expect((await real.contexts())[MODEL_B]).toBe(512);
  await chat(engine, { model: MODEL_B, maxTokens: 2 });
  expect((await real.contexts())[MODEL_B]).toBe(2048);
  const loads = real.loads();
  const generate = { model: MODEL_B, prompt: 'The river', numPredict: 2, numCtx: 512, temperature: 0 };
  await engine.generate(generate, { scope: openScope(), who: 'ollama' });
  await chat(engine, { model: MODEL_B, maxTokens: 2 });
  expect(await readiness.current(0)).toMatchObject({ ready: true });
  expect(real.loads()).toBe(loads);
});
