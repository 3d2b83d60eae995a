import { z } from 'zod';
import { modelFlag } from '../../config/flags.ts';
import { checksOfA } from '../smoke/checks-a.ts';
import { commonSettings, type ServiceDefinition } from './service-definition.ts';

const MODEL = 'tinyllama';

const settings = z.object({ model: z.string().min(1), ...commonSettings });

/** Takes a prompt, answers in a few words, and sends them on to B: the whole chain. */
export const a: ServiceDefinition<z.infer<typeof settings>> = {
  name: 'a',
  title: 'service A',
  port: 8001,
  path: '/chain',
  needs: ['b'],
  flags: { 'model-a': modelFlag({ description: "A's model", default: MODEL, env: 'CHAINCTL_MODEL_A' }) },
  settings,
  defaults: { numPredict: 20, numCtx: 512, promptChars: 700, temperature: 0.2 },
  ask: (flags) => ({ model: String(flags.model ?? flags['model-a'] ?? MODEL) }),
  env: ({ model }, { b }) => ({
    OLLAMA_MODEL_A: model,
    ...(b === undefined ? {} : { REMOTE_B_URL: `${b}/invoke` }),
  }),
  image: { bundle: 'service-a.mjs' },
  contract: 'chain',
  answer: z.object({ service: z.literal('a'), a_summary: z.string() }),
  checks: checksOfA,
};
