import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChainTimes, EngineChain, type EngineTimes } from '../support/engine-chain.ts';
import { RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
let a: string;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
  ({ a } = await chain.deploy());
});
afterAll(() => chain.close());

const worked = ({ load_seconds, prompt_seconds, generation_seconds }: EngineTimes) =>
  load_seconds + prompt_seconds + generation_seconds;

const median = (values: readonly number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

describe('the times in an answer', () => {
  it("are the engine's: the service saw as much within 2 %, and the parts are its total", async () => {
    const answers: ChainTimes[] = [];
    for (let i = 0; i < 5; i++) answers.push(await chain.ask(a));
    const hops = {
      a: answers.map(({ timing }) => ({ seen: timing.a_local_seconds, engine: timing.engine })),
      b: answers.map(({ b_result: { timing } }) => ({ seen: timing.ollama_seconds, engine: timing.engine })),
    };
    for (const hop of Object.values(hops)) {
      for (const { seen, engine } of hop) {
        expect(worked(engine) + engine.queue_seconds).toBeCloseTo(engine.total_seconds, 3);
        expect(Math.min(engine.load_seconds, engine.prompt_seconds, engine.generation_seconds)).toBeGreaterThan(0);
        expect(engine.total_seconds).toBeLessThanOrEqual(seen + 0.0001);
      }
      expect(median(hop.map(({ seen, engine }) => seen / engine.total_seconds))).toBeLessThan(1.02);
    }
  });

  it('tell the line before the model from its work: the services let in as many as the engine has slots', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => chain.ask(a)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const sum = (of: (answer: ChainTimes) => number) => answers.reduce((total, answer) => total + of(answer), 0);
    const inServices = sum(({ timing, b_result }) => timing.queue_seconds + b_result.timing.queue_seconds);
    const inEngine = sum(({ timing, b_result }) => timing.engine.queue_seconds + b_result.timing.engine.queue_seconds);
    // The second waits for one in A, the third for two, the fourth for three.
    expect(inServices).toBeGreaterThan(3 * Math.min(...answers.map(({ timing }) => worked(timing.engine))));
    expect(inEngine).toBeLessThan(inServices / 5);
  });
});
