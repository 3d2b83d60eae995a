import { expect, test } from 'vitest';
import { chainAnswer, summaryStep } from '../../../templates/services/service-a/chain-answer.ts';
import type { GraphOutcome } from '../../../templates/services/service-a/pipeline/graph.ts';

const OUTCOME: GraphOutcome = {
  steps: [
    { name: 'a', model: 'tinyllama', seconds: 0.4, input_tokens: 175, output_tokens: 20, attempts: 1, text: 'short' },
    { name: 'b', model: 'phi3:mini', seconds: 1.5, attempts: 2, address: 'http://two/invoke' },
  ],
  outputs: { a: { text: 'short' }, b: { text: 'long', json: { service: 'b', llm_text: 'long', host: 'b-1' } } },
  leaf: 'b',
  answer: { text: 'long', reasoning: '', toolCalls: [], finishReason: 'stop' },
  usage: { input: 12, output: 40 },
  wholeUsage: { input: 187, output: 60 },
  beforeLeafSeconds: 0.4,
  leafSeconds: 1.5,
  firstTokenSeconds: 0.6,
  host: 'b-1',
  simulated: false,
  engine: {},
};

function answerOf(outcome: GraphOutcome, steps: readonly { name: string; kind: string }[]) {
  return chainAnswer({
    graph: { steps, leaf: outcome.leaf },
    outcome,
    model: 'tinyllama',
    remoteUrl: 'http://one/invoke',
    host: 'a-1',
    queueSeconds: 0.1,
    endToEndSeconds: 2.05,
  });
}

test('the built-in graph: B’s own object, the address that answered, times that add up', () => {
  const { body, log } = answerOf(OUTCOME, [
    { name: 'a', kind: 'generate' },
    { name: 'b', kind: 'service-b' },
  ]);
  expect(body).toEqual({
    service: 'a',
    model_a: 'tinyllama',
    remote_b_url: 'http://two/invoke',
    a_summary: 'short',
    b_result: { service: 'b', llm_text: 'long', host: 'b-1' },
    timing: {
      a_local_seconds: 0.4,
      b_remote_seconds: 1.5,
      end_to_end_seconds: 2.05,
      queue_seconds: 0.1,
      steps: { a: 0.4, b: 1.5 },
    },
    host: 'a-1',
    usage: { prompt_eval_count: 175, eval_count: 20 },
    steps: OUTCOME.steps,
  });
  expect(log).toMatchObject({ remote_b_url: 'http://two/invoke', a_local_seconds: 0.4 });
});

test('a graph whose answer is no B’s: an object in B’s form, made of the leaf', () => {
  const steps = [{ name: 'only', model: 'llama', seconds: 0.7, attempts: 1 }];
  const outputs = { only: { text: 'long' } };
  const { body } = answerOf({ ...OUTCOME, steps, outputs, leaf: 'only', leafSeconds: 0.7, host: undefined }, [
    { name: 'only', kind: 'chat' },
  ]);
  expect(body).toMatchObject({
    a_summary: '',
    remote_b_url: 'http://one/invoke',
    usage: { prompt_eval_count: 0, eval_count: 0 },
    b_result: {
      service: 'b',
      model: 'llama',
      llm_text: 'long',
      timing: { ollama_seconds: 0.7, total_seconds: 0.7 },
      host: 'a-1',
    },
  });
});

test('the summary is of the first step that writes text and is not the answer', () => {
  const steps = ['embed', 'chat', 'generate', 'service-b'].map((kind) => ({ name: kind, kind }));
  expect(summaryStep({ steps, leaf: 'service-b' })).toBe('chat');
  expect(summaryStep({ steps, leaf: 'chat' })).toBe('generate');
  expect(summaryStep({ steps: [{ name: 'x', kind: 'chat' }], leaf: 'x' })).toBeUndefined();
});
