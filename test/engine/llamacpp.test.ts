import { request as httpRequest } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLab, type Json, LONG_PROMPT, type Program, post, request } from '../integration/services/lab.ts';
import { eventsOf, linesOf, rawPost } from '../integration/services/raw-stream.ts';
import { LLAMA_MODEL, LlamaServer, NO_LLAMA_SERVER, type Slot } from '../support/llama-server.ts';
import { until } from '../support/until.ts';

const lab = createLab();
let llama: LlamaServer;

const CHAT = '/v1/chat/completions';
const USER = [{ role: 'user', content: 'The river and the bridge. Tell of them.' }];
const TOOL = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a town',
    parameters: { type: 'object', properties: { town: { type: 'string' } }, required: ['town'] },
  },
};
/** Ends of itself after minutes only. */
const ENDLESS = { messages: [{ role: 'user', content: 'Count.' }], max_tokens: 3500, temperature: 1, stream: true };

/** A question, and the call that answered it. */
const called = (town: string) => [
  { role: 'user', content: `How is the weather in ${town}?` },
  {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: town, type: 'function', function: { name: 'weather', arguments: JSON.stringify({ town }) } }],
  },
];

/** B and A on a server, both ready. */
async function chainOn(url: string, settings = {}) {
  const env = { ENGINE: 'openai', ENGINE_URL: url, MIN_PROCESS_SECONDS: '0', ...settings };
  const b = await lab.start('service-b', env);
  const a = await lab.start('service-a', { ...env, REMOTE_B_URL: `${b.url}/invoke` });
  await Promise.all([isReady(a), isReady(b)]);
  return { a, b };
}

const health = ({ url }: Program) => request(`${url}/health`);
const reason = async (program: Program) => (await health(program)).body.reason;
const isReady = (program: Program) =>
  until('ready', async () => (await request(`${program.url}/ready`)).status === 200, {
    deadlineMs: 30_000,
    lastReason: () => reason(program),
  });

describe.skipIf(NO_LLAMA_SERVER)(
  `A and B on a real llama-server${NO_LLAMA_SERVER ? ` (${NO_LLAMA_SERVER})` : ''}`,
  () => {
    beforeAll(async () => {
      llama = await LlamaServer.open();
    });
    afterAll(() => llama?.close());

    it('are ready with its model, which they name as it does', async () => {
      const { a, b } = await chainOn(llama.url);
      expect(await health(b)).toMatchObject({ status: 200, body: { ok: true } });
      const { data } = (await request(`${a.url}/v1/models`)).body;
      expect(data.map(({ id }: Json) => id)).toEqual(['chain', LLAMA_MODEL]);
      expect((await request(`${b.url}/v1/models`)).body.data[0]).toMatchObject({ id: LLAMA_MODEL });
    });

    it('chat, whole and piece by piece, and stream the chain', async () => {
      const { a, b } = await chainOn(llama.url);
      for (const [{ url }, model] of [
        [a, 'chain'],
        [a, LLAMA_MODEL],
        [b, LLAMA_MODEL],
      ] as const) {
        const body = { model, messages: USER, max_tokens: 12, temperature: 0, seed: 1 };
        const whole = await post(url + CHAT, body);
        expect(whole.status, JSON.stringify(whole.body)).toBe(200);
        const { choices, usage } = whole.body;
        expect(choices[0].message.content).not.toBe('');
        expect(['stop', 'length']).toContain(choices[0].finish_reason);
        expect(usage.prompt_tokens).toBeGreaterThan(5);
        expect(usage.completion_tokens).toBeGreaterThan(0);
        const streamed = await rawPost(url + CHAT, { ...body, stream: true, stream_options: { include_usage: true } });
        expect(streamed).toMatchObject({ status: 200, end: 'clean' });
        const events = eventsOf(streamed);
        expect(events.at(-1)).toBe('[DONE]');
        const pieces = events.flatMap((event) => event.choices?.[0]?.delta?.content || []);
        expect(pieces.length).toBeGreaterThan(1);
        expect(events.find((event) => event.usage)?.usage.completion_tokens).toBeGreaterThanOrEqual(pieces.length);
      }
      const chain = await rawPost(`${a.url}/chain`, { prompt: LONG_PROMPT, stream: true });
      const lines = linesOf(chain);
      expect(chain).toMatchObject({ status: 200, end: 'clean' });
      expect(new Set(lines.flatMap(({ token, hop }) => (token ? [hop] : [])))).toEqual(new Set(['a', 'b']));
      expect(lines.at(-1)).toMatchObject({ done: true, model_a: LLAMA_MODEL, b_result: { model: LLAMA_MODEL } });
    });

    it('complete a text', async () => {
      const { b } = await chainOn(llama.url);
      const { status, body } = await post(`${b.url}/v1/completions`, { prompt: 'One, two,', max_tokens: 4 });
      expect(status, JSON.stringify(body)).toBe(200);
      expect(body.choices[0].text).not.toBe('');
      expect(body.usage.completion_tokens).toBeLessThanOrEqual(4);
    });

    it('say why it embeds nothing, and name the model that it has not', async () => {
      const { a, b } = await chainOn(llama.url);
      for (const { url } of [a, b]) {
        const refused = await post(`${url}/v1/embeddings`, { input: 'x', model: LLAMA_MODEL });
        expect(refused).toMatchObject({ status: 400, body: { error: { code: 'unsupported_parameter' } } });
        expect(refused.body.error.message).toContain('--embeddings');
        const unknown = await post(url + CHAT, { model: 'no-such', messages: USER });
        expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'model_not_found' } } });
      }
    });

    it.each([false, true])('refuse a prompt that is too long for a slot, streamed: %s', async (stream) => {
      const { a, b } = await chainOn(llama.url);
      const messages = [{ role: 'user', content: 'The river and the bridge. '.repeat(2000) }];
      for (const { url } of [a, b]) {
        const refused = await post(url + CHAT, { model: LLAMA_MODEL, messages, stream });
        expect(refused).toMatchObject({ status: 400, body: { error: { code: 'context_length_exceeded' } } });
      }
    });

    it('end the generation when whoever asked leaves', async () => {
      const { a, b } = await chainOn(llama.url);
      for (const [url, model] of [
        [b.url, LLAMA_MODEL],
        [a.url, LLAMA_MODEL],
        [a.url, 'chain'],
      ] as const) {
        await leaveInMidStream(url + CHAT, { ...ENDLESS, model });
        await until('the slot is free', async () => (await llama.busy()) === 0, { everyMs: 5 });
      }
      // Each was ended long before the 3500 tokens that it might have made.
      const ended = [...llama.log().matchAll(/stop processing: n_tokens = (\d+)/g)].slice(-3);
      for (const [, tokens] of ended) expect(Number(tokens)).toBeLessThan(500);
    });
  },
);

describe.skipIf(NO_LLAMA_SERVER)('a llama-server that', () => {
  it('still loads its model makes B wait, and say so', async () => {
    const late = await LlamaServer.open({ early: true });
    const slow = throttle(late);
    try {
      const b = await lab.start('service-b', { ENGINE: 'openai', ENGINE_URL: late.url });
      await until('B says so', async () => /engine is loading/.test(await reason(b)), {
        lastReason: () => reason(b),
        everyMs: 10,
      });
      for (const model of [undefined, LLAMA_MODEL]) {
        const { status, body } = await post(b.url + CHAT, { model, messages: USER });
        expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'engine_unavailable' });
        expect(body.error.message).toContain('Loading model');
      }
      slow.end();
      await isReady(b);
      expect((await post(b.url + CHAT, { messages: USER, max_tokens: 2 })).status).toBe(200);
    } finally {
      slow.end();
      await late.close();
    }
  });

  it('has a template for tools calls them for B', async () => {
    const more = ['--chat-template-file', fileURLToPath(new URL('../support/tools.jinja', import.meta.url))];
    const able = await LlamaServer.open({ more });
    try {
      const { b } = await chainOn(able.url);
      // The model follows what it has seen.
      const messages = [...called('Rome'), ...called('Paris'), ...called('Oslo'), ...called('Bern').slice(0, 1)];
      const body = { messages, tools: [TOOL], tool_choice: 'required', max_tokens: 60, temperature: 0 };
      for (const stream of [false, true]) {
        const answer = await rawPost(b.url + CHAT, { ...body, stream });
        expect(answer.status, answer.text).toBe(200);
        const choices = stream
          ? eventsOf(answer).flatMap((event) => event.choices ?? [])
          : JSON.parse(answer.text).choices;
        const calls = choices.flatMap((choice: Json) => (choice.delta ?? choice.message).tool_calls ?? []);
        expect(calls[0].function.name).toBe('weather');
        const args = calls.map((call: Json) => call.function.arguments ?? '').join('');
        expect(JSON.parse(args)).toHaveProperty('town');
      }
    } finally {
      await able.close();
    }
  });

  it('is killed in mid-stream breaks the answer with the reason, and is found again where it comes back', async () => {
    const first = await LlamaServer.open();
    const { a, b } = await chainOn(first.url);
    const streams = [
      rawPost(b.url + CHAT, ENDLESS),
      rawPost(`${a.url}/api/chat`, { ...ENDLESS, model: LLAMA_MODEL, options: { num_predict: 3500 } }),
    ];
    await until('both are in the middle', async () => (await first.slots()).every((slot) => decoded(slot) > 5));
    await first.kill();
    const [openai, ollama] = await Promise.all(streams);
    expect(openai).toMatchObject({ status: 200, end: 'broken' });
    expect(ollama).toMatchObject({ status: 200, end: 'broken' });
    expect(eventsOf(openai as Json).at(-1)).toMatchObject({ error: { code: 'engine_error' } });
    expect(linesOf(ollama as Json).at(-1)).toHaveProperty('error');
    await until('B has seen it', async () => (await health(b)).status === 503);
    expect(await post(b.url + CHAT, { messages: USER })).toMatchObject({
      status: 503,
      body: { error: { code: 'engine_unavailable' } },
    });
    const second = await LlamaServer.open({ port: Number(new URL(first.url).port) });
    try {
      await Promise.all([isReady(a), isReady(b)]);
      expect((await post(b.url + CHAT, { messages: USER, max_tokens: 2 })).status).toBe(200);
    } finally {
      await second.close();
      await first.close();
    }
  });
});

const decoded = ({ next_token }: Slot) => next_token?.[0]?.n_decoded ?? 0;

/** Reads two pieces of a stream, and closes the connection. */
async function leaveInMidStream(url: string, body: object): Promise<void> {
  const outgoing = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } });
  outgoing.on('error', () => {});
  outgoing.end(JSON.stringify(body));
  await new Promise<void>((resolve, reject) => {
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('error', () => {});
      incoming.on('data', (chunk: string) => {
        text += chunk;
        if (text.split('"content":"').length > 3) {
          outgoing.destroy();
          resolve();
        }
      });
      incoming.once('end', () => reject(new Error(`it ended of itself: ${text.slice(-500)}`)));
    });
  });
}

/** Gives a process a tenth of the time, so that what takes half a second takes five; meanwhile it answers all the same. */
function throttle({ child }: LlamaServer): { end(): void } {
  const timer = setInterval(() => {
    child.kill('SIGCONT');
    setTimeout(() => child.kill('SIGSTOP'), 2);
  }, 20);
  return {
    end() {
      clearInterval(timer);
      setTimeout(() => child.kill('SIGCONT'), 5);
    },
  };
}
