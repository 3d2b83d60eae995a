import { expect, test } from 'vitest';
import { Offer } from '../../../../templates/services/common/api/offer.ts';
import type { ChatTarget } from '../../../../templates/services/common/api/target.ts';
import type { Engine } from '../../../../templates/services/common/engine/engine.ts';

const CHAIN: ChatTarget = {
  id: 'chain',
  architecture: 'graph',
  created: 1,
  chat: () => Promise.reject(new Error('not asked')),
};

function offer(
  ids: readonly string[],
  options: {
    own?: string;
    kind?: 'ollama' | 'openai';
    target?: boolean;
    limited?: boolean;
    defaultModel?: string;
  } = {},
) {
  const { own = 'phi3:mini', kind = 'ollama', target = false, limited = false, defaultModel = '' } = options;
  const state = { lists: 0 };
  const models = () => {
    state.lists++;
    return Promise.resolve(ids.map((id) => ({ id, ownedBy: kind, created: 5, tag: { name: id } })));
  };
  const engine = { kind, ownModel: own, models } as Partial<Engine> as Engine;
  return { state, offer: new Offer({ engine, targets: target ? [CHAIN] : [], limited, defaultModel, who: 'ollama' }) };
}

const idsOf = async ({ offer: each }: ReturnType<typeof offer>) => (await each.list()).map(({ id }) => id);
const NOT_FOUND = { status: 404, code: 'model_not_found', param: 'model' };

test('the own model comes first, in A after the chain', async () => {
  expect(await idsOf(offer(['llama:1b', 'phi3:mini']))).toEqual(['phi3:mini', 'llama:1b']);
  expect(await idsOf(offer(['llama:1b', 'phi3:mini'], { target: true }))).toEqual(['chain', 'phi3:mini', 'llama:1b']);
});

test('the own model is called as it is configured, and asked for without a list', async () => {
  const found = offer(['tinyllama:latest'], { own: 'tinyllama' });
  expect(await idsOf(found)).toEqual(['tinyllama']);
  for (const name of [undefined, 'tinyllama', 'tinyllama:latest', 'TinyLlama']) {
    expect(await found.offer.forChat(name)).toEqual({ id: 'tinyllama', name: 'tinyllama' });
  }
  expect(found.state.lists).toBe(1);
});

test('with Ollama a name without a tag means the latest; with other engines names are as they are', async () => {
  expect(await offer(['llama:latest']).offer.forChat('llama')).toEqual({ id: 'llama:latest', name: 'llama:latest' });
  const other = offer(['llama:latest'], { kind: 'openai', own: '' }).offer;
  await expect(other.forChat('llama')).rejects.toMatchObject(NOT_FOUND);
});

test('a request without a model means the default, the chain, or the own model', async () => {
  expect(await offer([], { target: true }).offer.forChat(undefined)).toBe(CHAIN);
  expect(await offer([]).offer.forChat(undefined)).toMatchObject({ id: 'phi3:mini' });
  expect(await offer(['x:1'], { target: true, defaultModel: 'x:1' }).offer.forChat(undefined)).toMatchObject({
    id: 'x:1',
  });
  // With ENGINE=openai and no name: the first that the engine lists.
  expect(await offer(['one', 'two'], { kind: 'openai', own: '' }).offer.forChat(undefined)).toEqual({
    id: 'one',
    name: 'one',
  });
});

test.each(['ollama', 'openai'] as const)(
  'the chain wins over a model of that name of %s, which is reached by its tag',
  async (kind) => {
    const id = kind === 'ollama' ? 'chain:latest' : 'chain';
    const found = offer([id], { target: true, kind });
    expect(await idsOf(found)).toEqual(['chain', 'chain:latest']);
    expect(await found.offer.forChat('chain')).toBe(CHAIN);
    expect(await found.offer.forChat('chain:latest')).toEqual({ id: 'chain:latest', name: id });
  },
);

test('completions and embeddings are the engine’s', async () => {
  const found = offer(['x:1'], { target: true });
  expect(await found.offer.forEngine(undefined)).toMatchObject({ name: 'phi3:mini' });
  expect(await found.offer.forEngine('x:1')).toMatchObject({ name: 'x:1' });
  await expect(found.offer.forEngine('chain')).rejects.toMatchObject(NOT_FOUND);
});

test('any other name is refused, with those that there are, and without what could harm a terminal', async () => {
  const found = offer(['x:1'], { target: true }).offer;
  await expect(found.forChat('no\u001b[31m\nthing')).rejects.toMatchObject({
    ...NOT_FOUND,
    message: 'model "no [31m thing" does not exist; there are chain, x:1',
  });
  await expect(found.forChat('x'.repeat(100_000))).rejects.toMatchObject({
    message: expect.stringMatching(/^.{200,400}$/),
  });
});

test('with MODELS the own model is offered only if it is among them', async () => {
  // The engine's list has been limited already.
  await expect(offer(['x:1'], { limited: true }).offer.forChat('phi3:mini')).rejects.toMatchObject(NOT_FOUND);
  expect(await offer(['x:1'], { limited: true }).offer.forChat('x:1')).toMatchObject({ id: 'x:1' });
});
