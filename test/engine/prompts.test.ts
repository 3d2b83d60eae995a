import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineChain } from '../support/engine-chain.ts';
import { RealEngine } from '../support/real-engine.ts';

let chain: EngineChain;
beforeEach(async () => {
  chain = await EngineChain.open(await RealEngine.open());
});
afterEach(() => chain.close());

/** The token that begins every prompt, and what of two numbers may be alike. */
const FEW = 5;
/** Of A's own instruction, which stands before every prompt of A. */
const INSTRUCTION = 14;

const LOAD = ['load', '--rps', '1', '--duration', '4s', '--warmup', '0'];

describe('prompts that share nothing', () => {
  it('the engine has next to nothing of a prompt of load from the one before', async () => {
    await chain.deploy('--num-predict', '2');
    expect((await chain.run(...LOAD, '--json')).code).toBe(0);
    const [toA, toB] = await promptsByHop();
    expect(toA.length).toBeGreaterThanOrEqual(4);
    expect(toB.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...toA)).toBeLessThanOrEqual(INSTRUCTION + FEW);
    expect(Math.max(...toB)).toBeLessThanOrEqual(FEW);
  });

  it('nor of a prompt of smoke, in none of two runs', async () => {
    await chain.deploy('--num-predict', '2');
    for (let i = 0; i < 2; i++) expect((await chain.run('smoke', '--json')).code).toBe(0);
    const [toA, toB] = await promptsByHop();
    expect(Math.max(...toA)).toBeLessThanOrEqual(INSTRUCTION + FEW);
    expect(Math.max(...toB)).toBeLessThanOrEqual(FEW);
  });

  it('a prefix is shared where that is asked for', async () => {
    await chain.deploy('--num-predict', '2');
    expect((await chain.run(...LOAD, '--shared-prefix', '60', '--json')).code).toBe(0);
    const [, toB] = await promptsByHop();
    // About as many tokens: the tool counts in words of English.
    expect(toB.filter((cached) => cached > 30 && cached < 120).length).toBeGreaterThanOrEqual(3);
  });
});

/** Smoke's chats are shorter: nothing is measured with them. */
const CHAT = 60;

/** Tokens from the prefix cache of each prompt of A and of B: A shows its model less of a prompt. */
async function promptsByHop(): Promise<[number[], number[]]> {
  const prompts = chain.engine.prompts().filter(({ tokens }) => tokens > CHAT);
  const [longest, shortest] = [Math.max, Math.min].map((of) => of(...prompts.map(({ tokens }) => tokens)));
  const middle = ((longest ?? 0) + (shortest ?? 0)) / 2;
  const cachedOf = (isA: boolean) =>
    prompts.filter(({ tokens }) => tokens < middle === isA).map(({ cached }) => cached);
  return [cachedOf(true), cachedOf(false)];
}
