import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../clients/client.ts';
import { JS_CLIENTS } from '../clients/js-clients.ts';
import { bothWays, shownBothWays } from '../clients/proof.ts';
import { PYTHON, PYTHON_CLIENTS, pythonClient } from '../clients/python-clients.ts';
import { EngineChain } from '../support/engine-chain.ts';
import { MODEL_A, MODEL_B, RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
let urls: { readonly a: string; readonly b: string };
let clients: ReadonlyMap<string, Client>;
beforeAll(async () => {
  chain = await EngineChain.open(await RealEngine.open());
  urls = await chain.deploy();
  const python = PYTHON;
  const ofPypi = python === undefined ? [] : PYTHON_CLIENTS.map((name) => pythonClient(name, python));
  clients = new Map([...JS_CLIENTS, ...ofPypi].map((client) => [client.name, client]));
});
afterAll(async () => {
  await Promise.all([...(clients?.values() ?? [])].map((client) => client.close?.()));
  await chain.close();
});

const names = [
  ...JS_CLIENTS.map(({ name }) => name),
  ...(PYTHON === undefined ? [] : PYTHON_CLIENTS.map((name) => `${name} (Python)`)),
];

describe.each(names)('%s on a real model', (name) => {
  const text = 'Name three birds in a short list.';

  it.each([
    ['chain', 'a'],
    [MODEL_A, 'a'],
    [MODEL_B, 'b'],
  ] as const)('chats with %s of %s, whole and streamed', async (model, side) => {
    const client = clients.get(name) as Client;
    for (const answer of await bothWays(client, { base: urls[side], model, text, most: 12 })) {
      expect(answer.text).not.toBe('');
      expect(answer.input).toBeGreaterThan(0);
      expect(answer.output).toBeGreaterThan(0);
    }
  });

  it('is told that this model has no use for tools, and that there is no other model', async () => {
    const client = clients.get(name) as Client;
    for (const shown of await shownBothWays(client, { base: urls.b, model: MODEL_B, withTool: true })) {
      expect(shown).toContain('does not support tools');
    }
    for (const shown of await shownBothWays(client, { base: urls.b, model: 'nothing' })) {
      expect(shown).toContain('nothing');
    }
  });
});
