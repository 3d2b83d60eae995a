import { z } from 'zod';
import { tuningOf } from '../../../config/tuning-flags.ts';
import { DEFAULT_CONCURRENCY, tuningSchema } from '../../chain/tuning.ts';
import type { LocalFlags } from './flags.ts';
import { ollamaUrl } from './ollama.ts';

/** What the operator asks of `deploy local`; recorded in the state as it is. */
export const localRequestSchema = z.object({
  replicas: z.number().int().min(1),
  engine: z.enum(['sim', 'ollama']),
  modelA: z.string().min(1),
  modelB: z.string().min(1),
  /** B's minimum processing time, seconds. */
  minProcessSeconds: z.number().min(0),
  /** 0 for any free one. */
  portA: z.number().int(),
  portB: z.number().int(),
  /** Base URL of a running Ollama; used with `engine: ollama` only. */
  ollamaUrl: z.string(),
  /** Whether A and B ask for the stack's token; default `none`. */
  auth: z.enum(['none', 'token']).optional(),
  /** How A and B work, where the operator has said so. */
  tuning: z.object({ a: tuningSchema.optional(), b: tuningSchema.optional() }).optional(),
  /** The machine that the simulated engine models. */
  sim: z.object({
    outputTokensPerSecond: z.number().positive(),
    promptTokensPerSecond: z.number().positive(),
    parallel: z.number().int().min(1),
  }),
});

export type LocalRequest = z.infer<typeof localRequestSchema>;

/** What the flags ask for. */
export function localRequest(flags: LocalFlags, env: Readonly<Record<string, string | undefined>>): LocalRequest {
  const tuning = { a: tuningOf(flags, 'a'), b: tuningOf(flags, 'b') };
  return {
    replicas: flags.replicas,
    engine: flags.engine,
    modelA: flags['model-a'],
    modelB: flags['model-b'],
    minProcessSeconds: flags['min-process-seconds'],
    auth: flags.auth,
    portA: flags['port-a'],
    portB: flags['port-b'],
    ollamaUrl: flags.engine === 'ollama' ? ollamaUrl(env.OLLAMA_HOST) : '',
    ...(tuning.a === undefined && tuning.b === undefined ? {} : { tuning }),
    sim: {
      outputTokensPerSecond: flags['sim-output-tokens'],
      promptTokensPerSecond: flags['sim-prompt-tokens'],
      parallel:
        flags['sim-parallel'] ??
        Math.max(tuning.a?.concurrency ?? DEFAULT_CONCURRENCY, tuning.b?.concurrency ?? DEFAULT_CONCURRENCY),
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
    modelA: 'tinyllama',
    modelB: 'phi3:mini',
    minProcessSeconds: 0.2,
    portA: 0,
    portB: 0,
    ollamaUrl: '',
    sim: { outputTokensPerSecond: 1200, promptTokensPerSecond: 20_000, parallel: 1 },
  };
}
