import { describe, expect, it } from 'vitest';
import { readPipeline } from '../../../src/services/pipelines/read-pipeline.ts';
import { refusedGenerate } from '../../../templates/services/common/engine/failure.ts';
import { Problem } from '../../../templates/services/common/problem.ts';
import { UpstreamError } from '../../../templates/services/common/upstream.ts';
import type { GraphInput } from '../../../templates/services/service-a/pipeline/graph.ts';
import { KINDS } from '../../../templates/services/service-a/pipeline/kinds.ts';
import { PipelineGraph } from '../../../templates/services/service-a/pipeline/pipeline-graph.ts';
import { caller, doubles, heldClock, listener, ofChain, ofChat, said, tell } from './pipeline-doubles.ts';

type Given = Parameters<typeof doubles>[0];

function graphOf(steps: string, given: Given = {}, more = '') {
  const { pipeline } = readPipeline({
    text: `version: 1\n${more}\nsteps:\n${steps.replace(/^/gm, '  ')}`,
    file: 'chain.yaml',
    variables: () => undefined,
    fileFault: () => undefined,
  });
  const clock = heldClock();
  return { clock, graph: new PipelineGraph(pipeline, doubles(given), KINDS, { clock }) };
}

function run(graph: PipelineGraph, input: GraphInput = ofChain('hello'), { scope } = caller()) {
  const { told, sink } = listener();
  return { told, outcome: graph.run(input, { scope, headers: { 'x-request-id': 'r-1' }, sink }) };
}

const JSON_HEAD = { status: 200 };

describe('steps', () => {
  it('begin when all that they need has ended, and those that need nothing together', async () => {
    const begun: string[] = [];
    let release = () => {};
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { graph } = graphOf(
      `one: { kind: generate, prompt: "one" }
two: { kind: generate, prompt: "two" }
last: { kind: generate, prompt: "{{ steps.one.text }}+{{ steps.two.text }}" }`,
      {
        async generate({ prompt }) {
          begun.push(prompt);
          if (begun.length === 2) release();
          await both;
          return said(prompt.toUpperCase());
        },
      },
    );
    const outcome = await run(graph).outcome;
    expect(begun).toEqual(['one', 'two', 'ONE+TWO']);
    expect(outcome.answer.text).toBe('ONE+TWO');
    expect(outcome.steps.map(({ name }) => name)).toEqual(['one', 'two', 'last']);
    expect(outcome.wholeUsage).toEqual({ input: 30, output: 6 });
  });

  it('may stand in any order in the file', async () => {
    const { graph } = graphOf(`last: { kind: join, text: "<{{ steps.first.text }}>" }
first: { kind: join, text: "{{ input.text }}" }`);
    expect((await run(graph).outcome).answer.text).toBe('<hello>');
  });

  it('of a chat get the caller’s sampling, limits and tools where they are the answer, and nowhere else', async () => {
    const orders: unknown[] = [];
    const { graph } = graphOf(
      `first: { kind: chat, prompt: "sum up: {{ input.text }}", max_tokens: 9, temperature: 0.7 }
last: { kind: chat, system: "{{ steps.first.text }}", max_tokens: 50, temperature: 0.9, top_p: 0.5 }`,
      {
        async chat(order) {
          orders.push(order);
          return said('ok');
        },
      },
    );
    const tools = [{ type: 'function' }];
    const input = {
      ...ofChat('hello', { maxTokens: 100, sampling: { temperature: 0 }, tools }),
      messages: [
        { role: 'system' as const, content: 'be kind' },
        { role: 'user' as const, content: 'hello' },
      ],
    };
    await run(graph, input).outcome;
    expect(orders).toEqual([
      {
        model: 'tinyllama',
        messages: [{ role: 'user', content: 'sum up: hello' }],
        maxTokens: 9,
        sampling: { temperature: 0.7 },
      },
      {
        model: 'tinyllama',
        messages: [
          { role: 'system', content: 'ok\n\nbe kind' },
          { role: 'user', content: 'hello' },
        ],
        maxTokens: 50,
        sampling: { temperature: 0, top_p: 0.5 },
        tools,
      },
    ]);
  });

  it('are told as they come in a chain, and of a chat the answer alone, in one piece where it does not generate', async () => {
    const steps = `first: { kind: generate }
last: { kind: join, text: "{{ steps.first.text }}!" }`;
    const given: Given = {
      async generate(_order, { sink }) {
        await tell('abcd', sink);
        return said('abcd');
      },
    };
    const chain = run(graphOf(steps, given).graph);
    await chain.outcome;
    expect(chain.told).toEqual([
      { step: 'first', text: 'ab' },
      { step: 'first', text: 'cd' },
      { step: 'last', text: 'abcd!' },
    ]);
    const chat = run(graphOf(steps, given).graph, ofChat('hello'));
    await chat.outcome;
    expect(chat.told).toEqual([{ step: 'last', text: 'abcd!' }]);
  });

  it('of kind service-b ask by /invoke for a chain and by a chat for a chat', async () => {
    const asked: unknown[] = [];
    const given: Given = {
      async invoke(step, prompt, { who, headers }) {
        asked.push([step, prompt, who, headers]);
        return said('x');
      },
      async remoteChat(step, { messages, model }) {
        asked.push([step, messages, model]);
        return said('x');
      },
    };
    const { graph } = graphOf('b: { kind: service-b, prompt: "<{{ input.text }}>" }', given);
    await run(graph).outcome;
    await run(graph, ofChat('hello')).outcome;
    expect(asked).toEqual([
      ['b', '<hello>', 'step b', { 'x-request-id': 'r-1' }],
      ['b', [{ role: 'user', content: '<hello>' }], ''],
    ]);
  });
});

describe('a failure', () => {
  it('ends all other steps, and is told by its step', async () => {
    const ended: string[] = [];
    const { graph } = graphOf(
      `slow: { kind: generate, prompt: slow }
bad: { kind: generate, prompt: bad }
last: { kind: join, text: x, needs: [slow, bad] }`,
      {
        async generate({ prompt }, { scope, who }) {
          if (prompt === 'bad') throw new Problem(502, `${who} error: no`);
          return new Promise((_resolve, reject) => {
            scope.onCancel((why) => {
              ended.push(prompt);
              reject(why);
            });
          });
        },
      },
    );
    await expect(run(graph).outcome).rejects.toMatchObject({
      status: 502,
      stage: 'bad',
      message: 'step bad error: no',
    });
    expect(ended).toEqual(['slow']);
  });

  it('is none where the step may be skipped: its outputs are empty and its report tells why', async () => {
    const { graph } = graphOf(
      `maybe: { kind: generate, on_error: skip }
last: { kind: join, text: "{{ steps.maybe.text | or input.text }}" }`,
      {
        async generate(_order, { who, sink }) {
          await sink?.([{ text: 'half' }]);
          throw new Problem(502, `${who} error: broke off`);
        },
      },
    );
    const { outcome, told } = run(graph);
    const { answer, steps } = await outcome;
    expect(answer.text).toBe('hello');
    expect(steps[0]).toMatchObject({ name: 'maybe', error: 'step maybe error: broke off' });
    // Of a step that may come to nothing, nothing is told before it has ended.
    expect(told).toEqual([{ step: 'last', text: 'hello' }]);
  });

  it('of a model that the engine has not is no fault of the request', async () => {
    const { graph } = graphOf('last: { kind: generate, model: none }', {
      async generate() {
        throw new Problem(404, 'model none not found', {}, { code: 'model_not_found', param: 'model' });
      },
    });
    expect(graph.models).toEqual(['none']);
    await expect(run(graph).outcome).rejects.toMatchObject({
      status: 502,
      message: 'step last error: model none not found',
    });
  });

  it('is tried again as often as the file says, for what it says, with pauses that double', async () => {
    let asked = 0;
    const given: Given = {
      async post() {
        asked++;
        return asked < 4 ? { status: 429, text: '{"detail":"slow down"}' } : { ...JSON_HEAD, text: '{"a":1}' };
      },
    };
    const steps = 'last: { kind: raw, url: "http://x/", body: {}, retries: 3, retry_on: [429] }';
    const { graph, clock } = graphOf(steps, given);
    const outcome = await run(graph).outcome;
    expect(clock.slept).toEqual([250, 500, 1000]);
    expect(outcome.steps[0]).toMatchObject({ attempts: 4 });
    asked = 0;
    const fewer = graphOf(steps.replace('retries: 3', 'retries: 2'), given);
    await expect(run(fewer.graph).outcome).rejects.toMatchObject({
      status: 502,
      message: 'step last error: slow down',
    });
    asked = 0;
    const other = graphOf(steps.replace('[429]', '[500]'), given);
    await expect(run(other.graph).outcome).rejects.toMatchObject({ status: 502 });
    expect(asked).toBe(1);
  });

  it('of the own engine is known by what the engine answered', async () => {
    let asked = 0;
    const { graph } = graphOf('last: { kind: generate, retries: 1, retry_on: [500] }', {
      async generate(_order, { who }) {
        asked++;
        if (asked === 2) return said('at last');
        throw refusedGenerate(who, { status: 500, headers: {}, text: '{"error":"out of memory"}' });
      },
    });
    const { answer, steps } = await run(graph).outcome;
    expect([answer.text, steps[0]?.attempts]).toEqual(['at last', 2]);
  });

  it('is not tried again when the caller has got pieces of it', async () => {
    let asked = 0;
    const { graph } = graphOf('last: { kind: generate, retries: 3, retry_on: [502] }', {
      async generate(_order, { sink, who }) {
        asked++;
        await sink?.([{ text: 'half' }]);
        throw new Problem(502, `${who} error: broke off`);
      },
    });
    await expect(run(graph).outcome).rejects.toMatchObject({ status: 502 });
    expect(asked).toBe(1);
  });

  it('of time is a 504 that names the step', async () => {
    const waits: Given['generate'] = (_order, { scope }) =>
      new Promise((_resolve, reject) => {
        scope.onCancel(reject);
      });
    const step = graphOf('last: { kind: generate, timeout: 1ms }', { generate: waits });
    await expect(run(step.graph).outcome).rejects.toMatchObject({
      status: 504,
      stage: 'last',
      message: 'step last error: no answer within 0.001 s',
    });
    const whole = graphOf('last: { kind: generate }', { generate: waits }, 'timeout: 1ms');
    await expect(run(whole.graph).outcome).rejects.toMatchObject({
      status: 504,
      stage: 'last',
      message: 'pipeline chain error: no answer within 0.001 s',
    });
    const late = graphOf('last: { kind: raw, url: "http://x/", body: 1 }', {
      post: async () => {
        throw new UpstreamError('timeout', 'no answer within 120 s');
      },
    });
    await expect(run(late.graph).outcome).rejects.toMatchObject({
      status: 504,
      message: 'step last error: no answer within 120 s',
    });
  });

  it('of the caller’s own time is told as such, though the step has a timeout', async () => {
    const { graph } = graphOf('last: { kind: generate, timeout: 10s }', {
      generate: (_order, { scope }) =>
        new Promise((_resolve, reject) => {
          scope.onCancel(reject);
        }),
    });
    const run = graph.run(ofChain('hello'), { scope: caller(2).scope, headers: {} });
    await expect(run).rejects.toMatchObject({
      status: 504,
      message: 'deadline passed: the caller waits at most 2 ms',
    });
  });

  it('of the caller’s leaving ends what runs, and is never skipped', async () => {
    const { scope, leave } = caller();
    const { graph } = graphOf('last: { kind: generate, on_error: skip }', {
      generate: (_order, run) =>
        new Promise((_resolve, reject) => {
          run.scope.onCancel(reject);
          leave();
        }),
    });
    await expect(graph.run(ofChain('hello'), { scope, headers: {} })).rejects.toMatchObject({ status: 499 });
  });
});

describe('what JSON services are asked and answer', () => {
  const cases: readonly (readonly [step: string, asked: unknown, answer: unknown, output: unknown])[] = [
    [
      'kind: embed, url: "http://x/", model: m',
      { model: 'm', input: ['hello'] },
      { data: [{ index: 0, embedding: [1, 2] }] },
      { vector: [1, 2], vectors: [[1, 2]] },
    ],
    [
      'kind: embed, url: "http://x/", shape: ollama, input: ["a", "b"]',
      { input: ['a', 'b'] },
      { embeddings: [[1], [2]] },
      { vector: [1], vectors: [[1], [2]] },
    ],
    [
      'kind: embed, url: "http://x/", input: ["a", "b"]',
      { input: ['a', 'b'] },
      {
        data: [
          { index: 1, embedding: [2] },
          { index: 0, embedding: [1] },
        ],
      },
      { vector: [1], vectors: [[1], [2]] },
    ],
    [
      'kind: embed, url: "http://x/", shape: opea',
      { text: 'hello', input: 'hello' },
      { text: 'hello', embedding: [3, 4] },
      { vector: [3, 4], vectors: [[3, 4]] },
    ],
    [
      'kind: retrieve, url: "http://x/", vector: [1, 2], top: 1',
      { input: 'hello', text: 'hello', embedding: [1, 2], search_type: 'similarity', k: 1 },
      { retrieved_docs: [{ text: 'one', metadata: { page: 1 } }, { text: 'two' }] },
      { documents: [{ id: '0', text: 'one', score: null, metadata: { page: 1 } }], text: 'one' },
    ],
    [
      'kind: rerank, url: "http://x/", documents: ["one", "two", "three"], top: 2',
      { query: 'hello', documents: ['one', 'two', 'three'], top_n: 2 },
      {
        results: [
          { index: 0, relevance_score: 0.1 },
          { index: 2, relevance_score: 0.9 },
        ],
      },
      {
        documents: [
          { id: '2', text: 'three', score: 0.9, metadata: null },
          { id: '0', text: 'one', score: 0.1, metadata: null },
        ],
        text: 'three\n\none',
      },
    ],
    [
      'kind: rerank, url: "http://x/", shape: opea, documents: [{ id: k, text: one }]',
      { input: 'hello', retrieved_docs: [{ id: 'k', text: 'one', metadata: {} }], top_n: 1 },
      { reranked_docs: [{ text: 'one', score: 0.5 }] },
      { documents: [{ id: 'k', text: 'one', score: 0.5, metadata: null }], text: 'one' },
    ],
    [
      'kind: raw, url: "http://x/", body: { q: "{{ input.text }}", n: 1, all: "{{ input.messages }}" }, text: /hits/1/name',
      { q: 'hello', n: 1, all: [{ role: 'user', content: 'hello' }] },
      { hits: [{ name: 'x' }, { name: 'y' }] },
      { json: { hits: [{ name: 'x' }, { name: 'y' }] }, text: 'y' },
    ],
    ['kind: raw, url: "http://x/", body: 1', 1, [1, 2], { json: [1, 2], text: '[1,2]' }],
  ];
  it.each(cases)('%s', async (step, asked, answer, output) => {
    const bodies: unknown[] = [];
    const { graph } = graphOf(`x: { ${step} }\nlast: { kind: join, text: done, needs: [x] }`, {
      async post(_addresses, body) {
        bodies.push(body);
        return { ...JSON_HEAD, text: JSON.stringify(answer) };
      },
    });
    const { outputs } = await run(graph).outcome;
    expect(bodies).toEqual([asked]);
    expect(outputs.x).toEqual(output);
  });

  it.each([
    ['embed', '{"data":[]}', 'answered with 0 vectors for 1 texts'],
    ['embed', '{"data":[{"embedding":["x"]}]}', 'vector is no list of numbers'],
    ['embed', 'no json', 'answered with something that has no list "data"'],
    ['retrieve', '{"retrieved_docs":[{"page":1}]}', 'documents[0] has no text'],
    [
      'rerank, documents: [a]',
      '{"results":[{"index":7,"relevance_score":1}]}',
      'answered with a result that names no document',
    ],
    ['rerank, documents: [a]', '{"results":{}}', 'answered with something that has no list "results"'],
    ['rerank, documents: "{{ input.text }}"', '{}', 'documents is no list'],
    ['raw, body: 1, text: /a/b', '{"a":{}}', 'its answer has nothing at /a/b'],
    ['raw, body: 1, text: /a', 'no json', 'its answer has nothing at /a'],
  ])('kind %s refuses %s', async (kind, text, reason) => {
    const { graph } = graphOf(`x: { kind: ${kind}, url: "http://x/" }\nlast: { kind: join, text: done, needs: [x] }`, {
      post: async () => ({ ...JSON_HEAD, text }),
    });
    await expect(run(graph).outcome).rejects.toMatchObject({
      status: 502,
      stage: 'x',
      message: expect.stringContaining(`step x error: ${reason}`),
    });
  });

  it.each([
    [500, '{"error":{"message":"broken\\u001b[31m"}}', 502, 'step x error: broken [31m'],
    [404, 'not here', 502, 'step x error: answered with status 404: not here'],
    [504, '', 504, 'step x error: answered with status 504'],
    [302, '', 502, 'step x error: answered with status 302'],
  ])('with status %i never pass for an answer', async (status, text, expected, message) => {
    const { graph } = graphOf('x: { kind: raw, url: "http://x/", body: 1 }', { post: async () => ({ status, text }) });
    await expect(run(graph).outcome).rejects.toMatchObject({ status: expected, message });
  });

  it('are told by their addresses without what may hold a key', async () => {
    const { graph } = graphOf('constructor: { kind: raw, url: "http://x/y?key=secret", body: 1 }', {
      post: async () => ({ ...JSON_HEAD, text: '{}' }),
    });
    const { steps, outputs } = await run(graph).outcome;
    expect(steps[0]).toMatchObject({ name: 'constructor', address: 'http://x/y' });
    expect(outputs.constructor).toEqual({ json: {}, text: '{}' });
  });

  it('order nothing where there is nothing, without a request', async () => {
    const { graph } = graphOf('x: { kind: rerank, documents: [] }\nlast: { kind: join, text: "({{ steps.x.text }})" }');
    expect((await run(graph).outcome).answer.text).toBe('()');
  });

  it('are the own engine’s server where the file names none', async () => {
    const urls: unknown[] = [];
    const { graph } = graphOf('x: { kind: rerank, documents: [a] }', {
      async post({ urls: sent }) {
        urls.push(sent);
        return { ...JSON_HEAD, text: '{"results":[{"index":0,"relevance_score":1}]}' };
      },
    });
    await run(graph).outcome;
    expect(urls).toEqual([['http://engine/v1/rerank']]);
  });
});
