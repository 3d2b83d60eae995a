import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, MODEL_B, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
});
afterAll(() => chain.close());

const BRIEF = ['--rps', '1', '--duration', '4s', '--warmup', '0', '--timeout', '120s', '--json'];
/** No API has a limit of its own here: with this one the model's answers end soon. */
const LIMIT = ['--max-tokens', '4'];

async function load(...args: readonly string[]) {
  const result = await chain.run('load', ...BRIEF, ...args);
  return { code: result.code, ...JSON.parse(result.stdout) };
}

describe('a load of the engine itself, by each API that it speaks', () => {
  it.each(['/v1/chat/completions', '/v1/completions', '/api/chat', '/api/generate'])(
    '%s, streamed and not',
    async (path) => {
      let answered = 0;
      for (const stream of [[], ['--stream']]) {
        const { result } = await load('--target', chain.engine.url + path, '--model', MODEL_A, ...LIMIT, ...stream);
        const [{ outcomes, errorsByClass, sent, models, tokens }] = result.points;
        // The model may end an answer before its first token: that is an answer without any, and no success.
        const empty = (errorsByClass['empty-answer'] ?? 0) + (errorsByClass['broken-stream'] ?? 0);
        expect(outcomes.ok + empty).toBe(sent);
        answered += outcomes.ok;
        if (outcomes.ok === 0) continue;
        expect(models[MODEL_A]).toBeGreaterThanOrEqual(outcomes.ok);
        expect(tokens.prompt).toBeGreaterThan(200 * outcomes.ok);
        expect(tokens.output).toBeGreaterThan(0);
        expect(tokens.output).toBeLessThanOrEqual(4 * outcomes.ok);
        expect(tokens.estimated ?? 0).toBe(0);
      }
      expect(answered).toBeGreaterThan(0);
    },
  );

  it('is found by its address, and names its models', async () => {
    const { code, error } = await load('--target', chain.engine.url);
    expect(code).toBe(2);
    expect(error.message).toContain(`has 2 models: ${MODEL_A}, ${MODEL_B}`);
    expect(error.nextSteps[0]).toContain(`--model ${MODEL_A}`);
  });

  it('says why it refuses', async () => {
    const url = `${chain.engine.url}/api/generate`;
    expect((await load('--target', url, '--model', 'nothing')).error.message).toContain("model 'nothing' not found");
    const smoke = await chain.run('smoke', '--api', 'openai-chat', '--target', url, '--model', 'nothing', '--json');
    expect(smoke.code).toBe(8);
  });
});

it('a smoke test of the engine', async () => {
  const args = [
    '--api',
    'openai-chat',
    '--target',
    chain.engine.url,
    '--model',
    MODEL_A,
    '--count',
    '2',
    '--max-tokens',
    '4',
  ];
  const smoke = await chain.run('smoke', ...args, '--json');
  const { result } = JSON.parse(smoke.stdout);
  expect(result.target).toBe(`${chain.engine.url}/v1/chat/completions`);
  expect(result.requests).toHaveLength(2);
  for (const { status } of result.requests) expect(status).toBe(200);
});
