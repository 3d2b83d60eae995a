import { z } from 'zod';
import { durationFlag } from '../../config/flags.ts';
import { checksOfB } from './checks-b.ts';
import { commonSettings, type ServiceDefinition } from './service-definition.ts';

const settings = z.object({
  /** Its answers are never sent earlier than this, seconds; undefined for the service's own. */
  minProcessSeconds: z.number().min(0).optional(),
  ...commonSettings,
});

/** Takes a prompt, and answers it at length. */
export const b: ServiceDefinition<z.infer<typeof settings>> = {
  name: 'b',
  title: 'service B',
  port: 8002,
  path: '/invoke',
  needs: [],
  model: 'phi3:mini',
  flags: {
    'min-process-seconds': durationFlag({
      description: "shortest time of an answer of B [default: the service's own, 5 s]",
      helpValue: '5s',
      min: 0,
      max: 3600,
      env: 'CHAINCTL_MIN_PROCESS_SECONDS',
    }),
  },
  settings,
  defaults: { numPredict: 40, numCtx: 1024, promptChars: 1200, temperature: 0.2 },
  ask: (flags) => ({ minProcessSeconds: flags['min-process-seconds'] as number | undefined }),
  env: ({ model, minProcessSeconds }) => ({
    OLLAMA_MODEL: String(model),
    ...(minProcessSeconds === undefined ? {} : { MIN_PROCESS_SECONDS: String(minProcessSeconds) }),
  }),
  image: { bundle: 'service-b.mjs' },
  contract: 'invoke',
  answer: z.object({ service: z.literal('b'), llm_text: z.string() }),
  checks: checksOfB,
};
