import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, MODEL_B, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
let a: string;
let b: string;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
  ({ a, b } = await chain.deploy('--num-predict', '5'));
});
afterAll(() => chain.close());

describe('a chain that a deploy calls ready', () => {
  it('has its models loaded as its requests want them: the first one loads nothing', async () => {
    const { engine } = chain;
    expect(await engine.contexts()).toEqual({ [MODEL_A]: 512, [MODEL_B]: 1024 });
    expect(engine.loads()).toBe(2);
    expect((await chain.ask(a)).status).toBe(200);
    expect(engine.loads()).toBe(2);
    expect(await engine.contexts()).toEqual({ [MODEL_A]: 512, [MODEL_B]: 1024 });
  });

  it('passes all checks of smoke', async () => {
    const smoke = await chain.run('smoke', '--json');
    const { status, result } = JSON.parse(smoke.stdout);
    expect(result.checks.filter((check: { status: string }) => check.status !== 'passed')).toEqual([]);
    expect(result.checks.length).toBeGreaterThanOrEqual(25);
    expect({ status, simulated: result.simulated }).toEqual({ status: 'ok', simulated: false });
  });

  it('is not healthy while a model is not loaded, and loads it again as it was', async () => {
    const { engine } = chain;
    const loads = engine.loads();
    await engine.unload(MODEL_B);
    await expect
      .poll(() => health(b), PATIENT)
      .toMatchObject({ status: 503, reason: expect.stringContaining(MODEL_B) });
    await expect.poll(() => health(b), PATIENT).toMatchObject({ status: 200, ok: true });
    expect(await engine.contexts()).toEqual(AFTER_CHATS);
    expect(engine.loads()).toBe(loads + 1);
    expect((await chain.ask(a)).status).toBe(200);
    expect(engine.loads()).toBe(loads + 1);
  });

  it('tells that A is not ready when its model is gone, and has it back', async () => {
    await chain.engine.unload(MODEL_A);
    await expect.poll(() => health(a), PATIENT).toMatchObject({ ready: false });
    await expect.poll(() => health(a), PATIENT).toMatchObject({ ready: true });
    expect(await chain.engine.contexts()).toEqual(AFTER_CHATS);
  });
});

/** Smoke has asked B for chats, from the first of which on its model has their context; A's own model was in none. */
const AFTER_CHATS = { [MODEL_A]: 512, [MODEL_B]: 4096 };

/** A model comes back in a second or two; a look takes milliseconds. */
const PATIENT = { timeout: 120_000, interval: 5 };

async function health(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/health`);
  return { ...((await response.json()) as object), status: response.status };
}
