import { z } from 'zod';

/**
 * What A and B answer, as far as a client may rely on it. Loose on purpose: services may add fields (`simulated`,
 * token counts, queue times), but may not rename or drop one of these.
 */
const seconds = z.number().nonnegative();

/** What the engine says that it did with a request: together they are its total. */
const engineTimes = z.looseObject({
  total_seconds: seconds,
  queue_seconds: seconds,
  load_seconds: seconds,
  prompt_seconds: seconds,
  generation_seconds: seconds,
});

/** Services from before these fields leave them out, and so do engines that do not measure themselves. */
const waits = { queue_seconds: seconds.optional(), engine: engineTimes.optional() };

export const healthB = z.looseObject({
  ok: z.literal(true),
  service: z.literal('b'),
  host: z.string().min(1),
  simulated: z.boolean().optional(),
});

/** The graph that A runs, and the step that is its answer. */
const pipeline = z.looseObject({
  name: z.string(),
  steps: z.array(z.looseObject({ name: z.string(), kind: z.string() })),
  answer: z.string(),
});

export const healthA = z.looseObject({
  ok: z.literal(true),
  service: z.literal('a'),
  remote_b: z.string().min(1),
  model_a: z.string(),
  /** Services from before they told of it leave it out. */
  pipeline: pipeline.optional().catch(undefined),
  simulated: z.boolean().optional(),
});

export const invokeAnswer = z.looseObject({
  service: z.literal('b'),
  model: z.string(),
  llm_text: z.string(),
  timing: z.looseObject({ ollama_seconds: seconds, total_seconds: seconds, ...waits }),
  host: z.string().min(1),
  simulated: z.boolean().optional(),
});

/** What became of a step; `error` where it was skipped. */
const step = z.looseObject({
  name: z.string(),
  seconds: seconds.optional().catch(undefined),
  error: z.string().optional().catch(undefined),
});

export const chainAnswer = z.looseObject({
  service: z.literal('a'),
  model_a: z.string(),
  remote_b_url: z.string(),
  a_summary: z.string(),
  b_result: invokeAnswer,
  /** Of its graph; services from before there were others leave them out. */
  steps: z.array(step).optional(),
  timing: z.looseObject({ a_local_seconds: seconds, b_remote_seconds: seconds, end_to_end_seconds: seconds, ...waits }),
  simulated: z.boolean().optional(),
});

export type EngineTimes = z.infer<typeof engineTimes>;
export type PipelineOfA = z.infer<typeof pipeline>;
export type StepOfChain = z.infer<typeof step>;
