import { z } from 'zod';
import { checksOfA } from './checks-a.ts';
import { commonSettings, type ServiceDefinition } from './service-definition.ts';

const settings = z.object(commonSettings);

/** Takes a prompt, answers in a few words, and sends them on to B: the whole chain. */
export const a: ServiceDefinition<z.infer<typeof settings>> = {
  name: 'a',
  title: 'service A',
  port: 8001,
  path: '/chain',
  needs: ['b'],
  model: 'tinyllama',
  flags: {},
  settings,
  defaults: { numPredict: 20, numCtx: 512, promptChars: 700, temperature: 0.2 },
  ask: () => ({}),
  env: ({ model }, { b }) => ({
    OLLAMA_MODEL_A: String(model),
    ...(b === undefined ? {} : { REMOTE_B_URL: `${b}/invoke` }),
  }),
  image: { bundle: 'service-a.mjs' },
  contract: 'chain',
  answer: z.object({ service: z.literal('a'), a_summary: z.string() }),
  async linksOf(client, base, timeoutMs) {
    const health = await client.healthA(base, timeoutMs);
    return health.kind === 'answer' ? { b: health.body.remote_b } : undefined;
  },
  checks: checksOfA,
};
