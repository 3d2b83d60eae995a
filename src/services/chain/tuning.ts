import { z } from 'zod';

/** How a service works, as a deploy may set it. What is left out is the service's own default. */
export const tuningSchema = z.object({
  /** Requests that the service lets work at the same time, and the slots of an engine that is deployed with it. */
  concurrency: z.number().optional(),
  /** Longest answer, tokens. */
  numPredict: z.number().optional(),
  /** Context of the model: prompt and answer together, tokens. */
  numCtx: z.number().optional(),
  /** What the model sees of a prompt, characters. */
  promptChars: z.number().optional(),
  temperature: z.number().optional(),
});

export type Tuning = z.infer<typeof tuningSchema>;

interface Knob {
  /** The variable that the services read. */
  readonly variable: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

/** The one list of them; ranges are the services' own, but that Ollama makes at least 4 of any context. */
export const TUNING: Readonly<Record<keyof Tuning, Knob>> = {
  concurrency: { variable: 'MAX_CONCURRENCY', min: 1, max: 1024, whole: true },
  numPredict: { variable: 'NUM_PREDICT', min: 1, max: 1_000_000, whole: true },
  numCtx: { variable: 'NUM_CTX', min: 4, max: 10_000_000, whole: true },
  promptChars: { variable: 'PROMPT_CHARS', min: 1, max: 10_000_000, whole: true },
  temperature: { variable: 'TEMPERATURE', min: 0, max: 10, whole: false },
};

export const TUNING_NAMES = Object.keys(TUNING) as readonly (keyof Tuning)[];

/** One slot, as Ollama has. */
export const DEFAULT_CONCURRENCY = 1;

/** The environment that gives a service this tuning. Pure. */
export function tuningEnv(tuning: Tuning = {}): Record<string, string> {
  const settled: Tuning = { ...tuning, concurrency: tuning.concurrency ?? DEFAULT_CONCURRENCY };
  return Object.fromEntries(
    TUNING_NAMES.flatMap((name) =>
      settled[name] === undefined ? [] : [[TUNING[name].variable, String(settled[name])]],
    ),
  );
}
