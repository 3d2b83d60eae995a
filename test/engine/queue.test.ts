import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open({ OLLAMA_MAX_QUEUE: '2' }));
});
afterAll(() => chain.close());

const BURST = Array.from({ length: 8 }, (_, i) => i);

describe('a burst of 8 on an engine with one slot and a queue of 2', () => {
  it('is answered by a chain that is ready: the queue of a loaded model has no end', async () => {
    const { a } = await chain.deploy('--num-predict', '2');
    const answers = await Promise.all(BURST.map(() => chain.ask(a)));
    expect(answers.map(({ status }) => status)).toEqual(BURST.map(() => 200));
  });

  it('is answered by the engine itself, too', async () => {
    const statuses = await Promise.all(
      BURST.map(async (i) => {
        const options = { num_ctx: 512, num_predict: 2 };
        const answer = await chain.engine.post('/api/generate', {
          model: MODEL_A,
          prompt: `${i}`,
          stream: false,
          options,
        });
        await answer.text();
        return answer.status;
      }),
    );
    expect(statuses).toEqual(BURST.map(() => 200));
  });
});
