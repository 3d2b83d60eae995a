import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
});
afterAll(() => chain.close());

/** Nobody listens on the port of "discard". */
const NOWHERE = '127.0.0.1:9';

describe('names that Ollama takes', () => {
  it('a registry with host and port: a chain runs on such a model', async () => {
    const name = `${NOWHERE}/library/gemma3:270m`;
    await chain.engine.post('/api/copy', { source: MODEL_A, destination: name });
    const { a } = await chain.deploy('--model-a', name, '--num-predict', '2');
    expect(await chain.ask(a)).toMatchObject({ status: 200, model_a: name });
    const smoke = await chain.run('smoke', '--json');
    expect(smoke.code).toBe(0);
    expect((await chain.run('teardown', '--yes')).code).toBe(0);
  });

  it.each([
    [
      `${NOWHERE}/library/nothing`,
      /pull model manifest: Get "https:\/\/127\.0\.0\.1:9\/v2\/library\/nothing\/\S+: dial tcp .*refused/,
    ],
    [
      `${NOWHERE}/owner/name:Q4_K_M`,
      /pull model manifest: Get "https:\/\/127\.0\.0\.1:9\/v2\/owner\/name\/manifests\/Q4_K_M": dial tcp .*refused/,
    ],
  ])('%s cannot be pulled: the operator reads what the engine says', async (name, said) => {
    const failed = await chain.tryDeploy('--model-a', name);
    expect(failed.code).toBe(3);
    const { error } = JSON.parse(failed.stdout);
    expect(error.message).toContain(`could not pull the model ${name}`);
    expect(error.message).toMatch(said);
    expect(await chain.cli.running()).toEqual([]);
  });
});

describe('what the engine says to a load that it cannot answer', () => {
  it('reaches the operator', async () => {
    const load = await chain.run(
      ...['load', '--target', `${chain.engine.url}/api/generate`, '--rps', '2', '--duration', '2s', '--warmup', '0'],
      ...['--model', 'nothing', '--no-preflight', '--json'],
    );
    expect(load.stdout + load.stderr).toContain("model 'nothing' not found");
  });
});
