import { describe, expect, it } from 'vitest';
import { Problem } from '../../../templates/services/common/problem.ts';
import { builtInPipeline } from '../../../templates/services/service-a/pipeline/built-in.ts';
import { KINDS } from '../../../templates/services/service-a/pipeline/kinds.ts';
import { PipelineGraph } from '../../../templates/services/service-a/pipeline/pipeline-graph.ts';
import { caller, doubles, heldClock, listener, ofChain, ofChat, said, tell } from './pipeline-doubles.ts';

function builtIn(given: Parameters<typeof doubles>[0]) {
  return new PipelineGraph(builtInPipeline(700), doubles(given), KINDS, { isBuiltIn: true, clock: heldClock() });
}

describe('the built-in graph', () => {
  it("asks A's model with the cut prompt and its settings, then B with the whole prompt", async () => {
    const asked: unknown[] = [];
    const graph = builtIn({
      async generate(order) {
        asked.push(order);
        return said('three points');
      },
      async invoke(step, prompt) {
        asked.push({ step, prompt });
        return said('an answer');
      },
    });
    const text = '😀'.repeat(1000);
    const free: string[] = [];
    const outcome = await graph.run(ofChain(text), {
      scope: caller().scope,
      headers: {},
      onEngineFree: () => free.push('engine'),
      onLeaf: () => free.push('leaf'),
    });
    const instruction = 'Summarize the user prompt in 3 bullet points.\n\n';
    expect(asked).toEqual([
      {
        model: 'tinyllama',
        prompt: instruction + '😀'.repeat(700 - instruction.length),
        numPredict: 20,
        numCtx: 512,
        temperature: 0.2,
      },
      { step: 'b', prompt: text },
    ]);
    expect(free).toEqual(['engine', 'leaf']);
    expect(outcome.outputs).toEqual({
      a: { text: 'three points' },
      b: { text: 'an answer', json: { llm_text: 'an answer' } },
    });
    expect(outcome).toMatchObject({
      leaf: 'b',
      answer: { text: 'an answer', finishReason: 'stop' },
      usage: { input: 10, output: 2 },
      wholeUsage: { input: 20, output: 4 },
      host: 'b-1',
    });
    expect(outcome.steps).toMatchObject([
      {
        name: 'a',
        model: 'tinyllama',
        host: 'a-0',
        input_tokens: 10,
        output_tokens: 2,
        attempts: 1,
        text: 'three points',
      },
      { name: 'b', model: 'phi3:mini', host: 'b-1', attempts: 1, address: 'http://b/invoke' },
    ]);
    expect(outcome.steps[1]).not.toHaveProperty('text');
  });

  it('streams both steps of a chain, and of a chat the answer alone', async () => {
    const graph = builtIn({
      async generate(_order, { sink }) {
        await tell('sum', sink);
        return said('sum');
      },
      async invoke(_step, _prompt, { sink }) {
        await tell('done', sink);
        return said('done');
      },
      async remoteChat(_step, { messages, maxTokens, sampling }, { sink }) {
        await tell(`${messages.at(-1)?.content} ${maxTokens} ${sampling.temperature}`, sink);
        return said('done');
      },
    });
    const chain = listener();
    await graph.run(ofChain('hello'), { scope: caller().scope, headers: {}, sink: chain.sink });
    expect(chain.told).toEqual([
      { step: 'a', text: 'su' },
      { step: 'a', text: 'm' },
      { step: 'b', text: 'do' },
      { step: 'b', text: 'ne' },
    ]);
    const chat = listener();
    const input = ofChat('hello', { maxTokens: 7, sampling: { temperature: 0 } });
    await graph.run(input, { scope: caller().scope, headers: {}, sink: chat.sink });
    expect(chat.told.map(({ text }) => text).join('')).toBe('hello 7 0');
    expect(new Set(chat.told.map(({ step }) => step))).toEqual(new Set(['b']));
  });

  it.each([
    ['a', 'ollama_a', 502],
    ['b', 'remote_b', 504],
  ])('tells a failure of %s by the stage %s', async (step, stage, status) => {
    const fail = async (name: string) => {
      if (name === step) throw new Problem(status, `of ${name}`);
      return said('fine');
    };
    const graph = builtIn({ generate: () => fail('a'), invoke: () => fail('b') });
    const run = graph.run(ofChain('hello'), { scope: caller().scope, headers: {} });
    await expect(run).rejects.toMatchObject({ status, stage, message: `of ${step}` });
  });

  it('names the failing hop to whom it asks', async () => {
    const names: string[] = [];
    const graph = builtIn({
      async generate(_order, { who }) {
        names.push(who);
        return said('');
      },
      async invoke(_step, _prompt, { who }) {
        names.push(who);
        return said('');
      },
    });
    await graph.run(ofChain('hello'), { scope: caller().scope, headers: {} });
    expect(names).toEqual(['ollama(A)', 'remote(B)']);
  });

  it('asks B no more when the caller has left', async () => {
    const { scope, leave } = caller();
    let asked = 0;
    const graph = builtIn({
      async generate() {
        leave();
        return said('late');
      },
      async invoke() {
        asked++;
        return said('');
      },
    });
    await expect(graph.run(ofChain('hello'), { scope, headers: {} })).rejects.toMatchObject({
      status: 499,
      stage: 'remote_b',
    });
    expect(asked).toBe(0);
  });
});
