import { z } from 'zod';

/**
 * What A and B answer, as far as a client may rely on it. Loose on purpose: services may add fields (`simulated`,
 * token counts, queue times), but may not rename or drop one of these.
 */
const seconds = z.number().nonnegative();

export const healthB = z.looseObject({
  ok: z.literal(true),
  service: z.literal('b'),
  host: z.string().min(1),
  simulated: z.boolean().optional(),
});

export const healthA = z.looseObject({
  ok: z.literal(true),
  service: z.literal('a'),
  remote_b: z.string().min(1),
  model_a: z.string(),
  simulated: z.boolean().optional(),
});

export const invokeAnswer = z.looseObject({
  service: z.literal('b'),
  model: z.string(),
  llm_text: z.string(),
  timing: z.looseObject({ ollama_seconds: seconds, total_seconds: seconds }),
  host: z.string().min(1),
  simulated: z.boolean().optional(),
});

export const chainAnswer = z.looseObject({
  service: z.literal('a'),
  model_a: z.string(),
  remote_b_url: z.string(),
  a_summary: z.string(),
  b_result: invokeAnswer,
  timing: z.looseObject({ a_local_seconds: seconds, b_remote_seconds: seconds, end_to_end_seconds: seconds }),
  simulated: z.boolean().optional(),
});

/** A refusal or a failure: `detail` says why; `/health` may say it as `reason`. */
export const problem = z.looseObject({ detail: z.string().optional(), reason: z.string().optional() });

export type HealthA = z.infer<typeof healthA>;
export type HealthB = z.infer<typeof healthB>;
export type InvokeAnswer = z.infer<typeof invokeAnswer>;
export type ChainAnswer = z.infer<typeof chainAnswer>;

/** Where and how an answer deviates, on one line: `timing.total_seconds: expected number, received string`. */
export function describeDeviation(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length === 0 ? 'the answer' : path.join('.')}: ${decapitalize(message)}`)
    .join('; ');
}

function decapitalize(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
