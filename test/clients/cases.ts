import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from './client.ts';
import { allowed, BROKEN, bothWays, FAILURES, openProof, type Proof, shown, shownBothWays } from './proof.ts';

/** How often a client asks where a model fails for good: `x-should-retry: false` tells it not to ask again. */
export interface Expectations {
  readonly generations: number;
}

/**
 * Proves with each client what a program gets from A and B: answers whole and streamed, tools, models, embeddings, and of
 * every failure the reason.
 */
export function proveClients(open: () => readonly (readonly [Client, Expectations])[], names: readonly string[]): void {
  let proof: Proof;
  let clients: ReadonlyMap<string, readonly [Client, Expectations]>;
  beforeAll(async () => {
    proof = await openProof();
    clients = new Map(open().map((each) => [each[0].name, each]));
  });
  afterAll(async () => {
    await Promise.all([...(clients?.values() ?? [])].map(([client]) => client.close?.()));
    await proof?.close();
  });

  describe.each(names)('%s', (name) => {
    const own = () => clients.get(name) as readonly [Client, Expectations];

    test.each([
      ['the whole chain', 'a', 'chain'],
      ["A's own model", 'a', 'tinyllama'],
      ["B's model", 'b', 'phi3:mini'],
    ] as const)('chats with %s, in one piece and as it is written', async (_, side, model) => {
      const [whole, streamed] = await bothWays(own()[0], { base: proof[side].url, model });
      expect(whole?.text).not.toBe('');
      expect(streamed?.text).not.toBe('');
      expect(streamed?.pieces).toBeGreaterThan(1);
      for (const answer of [whole, streamed]) {
        expect(answer?.input).toBeGreaterThan(0);
        expect(answer?.output).toBeGreaterThan(1);
      }
    });

    test('gets its answer with the token', async () => {
      for (const { text } of await bothWays(own()[0], allowed(proof))) expect(text).toBe('Eleven trains waited.');
    });

    test.each(['scriptedA', 'scriptedB'] as const)('is told which tool to call, by %s', async (side) => {
      const ask = { base: proof[side].url, model: 'tools', withTool: true };
      for (const { calls } of await bothWays(own()[0], ask)) expect(calls).toEqual([{ name: 'weather', city: 'Bern' }]);
    });

    test('lists the models and embeds, where it can', async () => {
      const [client] = own();
      const [onA, onB] = [
        { base: proof.a.url, model: 'chain' },
        { base: proof.b.url, model: 'phi3:mini' },
      ];
      if (client.models !== undefined) {
        const [all, alsoA] = [await client.models(onB), await client.models(onA)];
        for (const ids of [all, alsoA]) expect(ids.join()).toMatch(/phi3:mini/);
        for (const ids of [all, alsoA]) expect(ids.join()).toMatch(/tinyllama/);
      }
      if (client.embed !== undefined) {
        expect(await client.embed({ ...onA, model: 'tinyllama' })).toEqual([256, 256]);
        expect(await client.embed({ base: proof.scriptedB.url, model: 'fine' })).toEqual([3, 3]);
      }
    });

    test.each(FAILURES)('shows why: $title', async ({ ask, reason }) => {
      for (const text of await shownBothWays(own()[0], ask(proof))) expect(text).toMatch(reason);
    });

    test.each(BROKEN)('takes no half text for an answer, and shows why: $title', async ({ ask, reason }) => {
      const text = await shown(own()[0].stream(ask(proof)));
      expect(text).not.toContain('taken for an answer');
      expect(text).toMatch(reason);
    });

    test('asks no oftener than it has to where a generation has failed', async () => {
      const [client, { generations }] = own();
      const before = proof.engine.generations('crashed');
      await shown(client.chat({ base: proof.scriptedB.url, model: 'crashed', retries: true }));
      expect(proof.engine.generations('crashed') - before).toBe(generations);
    });
  });
}
