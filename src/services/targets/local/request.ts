import { z } from 'zod';
import { DEFAULT_CONCURRENCY } from '../../chain/tuning.ts';
import { askServices } from '../../workloads/ask.ts';
import { SERVICES } from '../../workloads/catalog.ts';
import { commonRequest, withServices } from '../../workloads/request.ts';
import type { FlagValues, ServiceDefinition } from '../../workloads/service-definition.ts';
import type { LocalFlags } from './flags.ts';
import { ollamaUrl } from './ollama.ts';

/** B's own minimum, seconds: here it is always written out. */
const MIN_PROCESS_SECONDS = 5;

/** What the operator asks of `deploy local`; recorded in the state as it is. */
export const localRequestSchema = z.preprocess(
  withServices,
  z.object({
    replicas: z.number().int().min(1),
    engine: z.enum(['sim', 'ollama']),
    ...commonRequest,
    /** By service; 0 for any free one. */
    ports: z.record(z.string(), z.number().int()),
    /** Base URL of a running Ollama; used with `engine: ollama` only. */
    ollamaUrl: z.string(),
    /** Whether the services ask for the stack's token; default `none`. */
    auth: z.enum(['none', 'token']).optional(),
    /** The machine that the simulated engine models. */
    sim: z.object({
      outputTokensPerSecond: z.number().positive(),
      promptTokensPerSecond: z.number().positive(),
      parallel: z.number().int().min(1),
    }),
  }),
);

export type LocalRequest = z.infer<typeof localRequestSchema>;

/** What the flags ask for. */
export function localRequest(
  flags: LocalFlags,
  services: readonly ServiceDefinition[],
  env: Readonly<Record<string, string | undefined>>,
): LocalRequest {
  const asked = askServices(services, { 'min-process-seconds': MIN_PROCESS_SECONDS, ...flags });
  const port = (name: string) => (flags as FlagValues)[`port-${name}`] as number | undefined;
  return {
    replicas: flags.replicas,
    engine: flags.engine,
    services: asked,
    auth: flags.auth,
    ports: Object.fromEntries(services.map(({ name }) => [name, port(name) ?? 0])),
    ollamaUrl: flags.engine === 'ollama' ? ollamaUrl(env.OLLAMA_HOST) : '',
    sim: {
      outputTokensPerSecond: flags['sim-output-tokens'],
      promptTokensPerSecond: flags['sim-prompt-tokens'],
      parallel:
        flags['sim-parallel'] ??
        Math.max(...Object.values(asked).map(({ tuning }) => tuning?.concurrency ?? DEFAULT_CONCURRENCY)),
    },
  };
}

/**
 * A small machine for a rehearsal: about 13 chains a second (each 60 output tokens at 1200/s and some 480 prompt tokens
 * at 20,000/s), so that a short ladder shows both sides of the knee.
 */
export function rehearsalRequest(replicas: number): LocalRequest {
  return {
    replicas,
    engine: 'sim',
    services: askServices(SERVICES, { 'min-process-seconds': 0.2 }),
    ports: {},
    ollamaUrl: '',
    sim: { outputTokensPerSecond: 1200, promptTokensPerSecond: 20_000, parallel: 1 },
  };
}
