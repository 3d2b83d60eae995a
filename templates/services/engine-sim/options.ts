import { EngineError } from './engine-error.ts';

/** Options for which a model is loaded: others than those of a loaded one mean to unload and to load again. */
export interface RunnerOptions {
  readonly num_ctx: number;
  readonly num_batch: number;
  /** Negative: as the engine thinks right, and no reason to load again. */
  readonly num_gpu: number;
  readonly main_gpu: number;
  readonly use_mmap: boolean | undefined;
  readonly num_thread: number;
}

export interface Options extends RunnerOptions {
  readonly num_keep: number;
  /** -1 for another text every time. */
  readonly seed: number;
  /** 0 or less for as much as the model says. */
  readonly num_predict: number;
  readonly temperature: number;
  readonly stop: readonly string[];
}

const TYPES: Readonly<Record<string, 'integer' | 'float32' | 'boolean' | 'array'>> = {
  num_ctx: 'integer',
  num_batch: 'integer',
  num_gpu: 'integer',
  main_gpu: 'integer',
  num_thread: 'integer',
  num_keep: 'integer',
  seed: 'integer',
  num_predict: 'integer',
  top_k: 'integer',
  repeat_last_n: 'integer',
  top_p: 'float32',
  min_p: 'float32',
  typical_p: 'float32',
  temperature: 'float32',
  repeat_penalty: 'float32',
  presence_penalty: 'float32',
  frequency_penalty: 'float32',
  use_mmap: 'boolean',
  stop: 'array',
};

/**
 * `Options.FromMap` over Ollama's defaults: null and unknown options are passed over, fractions cut to whole numbers.
 * @throws EngineError 500, as there, for an option of a wrong type
 */
export function readOptions(given: Readonly<Record<string, unknown>>, defaultNumCtx: number): Options {
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const type = Object.hasOwn(TYPES, key) ? TYPES[key] : undefined;
    if (type === undefined || value === null) continue;
    read[key] = optionOf(key, type, value);
  }
  const options: Options = {
    num_ctx: defaultNumCtx,
    num_batch: 512,
    num_gpu: -1,
    main_gpu: 0,
    use_mmap: undefined,
    num_thread: 0,
    num_keep: 4,
    seed: -1,
    num_predict: -1,
    temperature: 0.8,
    stop: [],
    ...read,
  };
  return { ...options, num_ctx: Math.max(4, options.num_ctx) };
}

function optionOf(key: string, type: string, value: unknown): unknown {
  const problem = (what: string) => new EngineError(500, `option "${key}" must be of ${what}`);
  if (type === 'array') {
    if (!Array.isArray(value)) throw problem('type array');
    if (!value.every((element) => typeof element === 'string')) throw problem('an array of strings');
    return value;
  }
  if (typeof value !== (type === 'boolean' ? 'boolean' : 'number')) throw problem(`type ${type}`);
  return type === 'integer' ? Math.trunc(value as number) : value;
}

/** Whether a model that was loaded with `loaded` serves a request with `asked` as it is. */
export function fits(loaded: RunnerOptions, asked: RunnerOptions): boolean {
  return (
    loaded.num_ctx === asked.num_ctx &&
    loaded.num_batch === asked.num_batch &&
    (asked.num_gpu < 0 || loaded.num_gpu === asked.num_gpu) &&
    loaded.main_gpu === asked.main_gpu &&
    loaded.use_mmap === asked.use_mmap &&
    loaded.num_thread === asked.num_thread
  );
}
