import { z } from 'zod';
import { tuningSchema } from '../../chain/tuning.ts';

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
