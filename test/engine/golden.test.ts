import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPENAI_REQUESTS } from '../golden/openai-requests.ts';
import { replay } from '../golden/replay.ts';
import { observe } from '../golden/scenarios.ts';
import { MODEL_A, MODEL_B, RealEngine } from '../support/real-engine.ts';

let engine: RealEngine;
beforeAll(async () => {
  engine = await RealEngine.open({ OLLAMA_MAX_QUEUE: '2' });
  // The record is of a server that has one model.
  await (await engine.post('/api/delete', { model: MODEL_B }, 'DELETE')).text();
});
afterAll(() => engine.close());

const golden = async (name: string) =>
  JSON.parse(await readFile(new URL(`../golden/ollama-0.17.4/${name}.json`, import.meta.url), 'utf8'));

describe('what the simulated engine is held against is what a real one does', () => {
  it('its answers: statuses, headers, and the shapes of bodies', async () => {
    expect(await replay(engine.url, MODEL_A)).toEqual(await golden('answers'));
  });

  it("its answers to OpenAI's clients, and where it embeds", async () => {
    expect(await replay(engine.url, MODEL_A, OPENAI_REQUESTS)).toEqual(await golden('openai'));
  });

  it('its slots, queue, loads and cache', async () => {
    expect(await observe(engine.url, MODEL_A)).toEqual(await golden('facts'));
  });
});
