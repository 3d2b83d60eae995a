import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
beforeEach(async () => {
  chain = await EngineChain.open(await RealEngine.open());
});
afterEach(() => chain.close());

/** Ollama knows models by their file: under two names it is loaded once. */
const OTHER_NAME = 'gemma3:other-name';

describe('one model for A and B on one engine', () => {
  it.each([
    ['under one name', MODEL_A],
    ['under two names', OTHER_NAME],
  ])('%s: it is loaded once, with the larger context, and stays', async (_, modelB) => {
    const { engine } = chain;
    await engine.post('/api/copy', { source: MODEL_A, destination: OTHER_NAME });
    const { a } = await chain.deploy('--model-b', modelB, '--num-predict', '5');
    expect(Object.values(await engine.contexts())).toEqual([1024]);
    expect(engine.loads()).toBe(1);
    for (let i = 0; i < 3; i++) expect((await chain.ask(a)).status).toBe(200);
    expect(engine.loads()).toBe(1);
    expect(Object.values(await engine.contexts())).toEqual([1024]);
  });

  it('refuses two contexts that were asked for, and takes the one that it names', async () => {
    const same = ['--model-b', MODEL_A, '--num-predict', '5'];
    const refused = await chain.tryDeploy(...same, '--num-ctx', 'a=2048,b=768');
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'one-model-two-contexts',
      nextSteps: expect.arrayContaining([expect.stringContaining('--num-ctx 2048')]),
    });
    const { a } = await chain.deploy(...same, '--num-ctx', '2048');
    expect((await chain.ask(a)).status).toBe(200);
    expect(Object.values(await chain.engine.contexts())).toEqual([2048]);
    expect(chain.engine.loads()).toBe(1);
  });
});
