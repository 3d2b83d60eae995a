import type { NumberRange } from './yaml-reader.ts';

/** What a kind takes as one of its inputs. */
export type Field =
  /** Text, or any value, with templates. */
  | { readonly is: 'template'; readonly default?: string; readonly isRequired?: boolean }
  /** Any YAML, with templates in its texts. */
  | { readonly is: 'body'; readonly isRequired?: boolean }
  | { readonly is: 'number'; readonly range: NumberRange }
  /** A name of a model; may name variables. */
  | { readonly is: 'name' }
  /** One text or up to four. */
  | { readonly is: 'texts' }
  /** A file beside the pipeline's. */
  | { readonly is: 'file'; readonly isRequired: true }
  /** A step of kind `embed`. */
  | { readonly is: 'step'; readonly isRequired: true }
  /** A JSON pointer. */
  | { readonly is: 'pointer' };

export interface KindSpec {
  readonly inputs: Readonly<Record<string, Field>>;
  /** What it speaks; the first is the default. */
  readonly shapes?: readonly string[];
  /** Shapes that no engine speaks: they need a URL. */
  readonly foreign?: readonly string[];
  readonly url: 'none' | 'optional' | 'required';
  /** What other steps can name of it. */
  readonly outputs: readonly string[];
}

const INPUT_TEXT = { is: 'template', default: '{{ input.text }}' } as const;
const ANY = Number.MAX_SAFE_INTEGER;
const count = (max: number, min = 1): Field => ({ is: 'number', range: { min, max, isWhole: true } });
const number = (min: number, max: number): Field => ({ is: 'number', range: { min, max } });
const DOCUMENTS = ['documents', 'text'] as const;
const TOP = count(1000);

/** Every kind of step: contract 4.2. How each runs is in the service, under the same name. */
export const STEP_KINDS: Readonly<Record<string, KindSpec>> = {
  generate: {
    url: 'none',
    outputs: ['text'],
    inputs: {
      prompt: INPUT_TEXT,
      model: { is: 'name' },
      max_tokens: count(1_000_000),
      num_ctx: count(10_000_000),
      temperature: number(0, 2),
    },
  },
  chat: {
    url: 'optional',
    outputs: ['text'],
    inputs: {
      messages: { is: 'template' },
      prompt: { is: 'template' },
      system: { is: 'template' },
      model: { is: 'name' },
      max_tokens: count(1_000_000),
      temperature: number(0, 2),
      top_p: number(0, 1),
      top_k: count(ANY, 0),
      min_p: number(0, 1),
      seed: count(ANY, -ANY),
      stop: { is: 'texts' },
      frequency_penalty: number(-2, 2),
      presence_penalty: number(-2, 2),
      repeat_penalty: number(0, 10),
    },
  },
  'service-b': {
    url: 'optional',
    outputs: ['text', 'json'],
    inputs: { prompt: { is: 'template' }, messages: { is: 'template' } },
  },
  invoke: { url: 'required', outputs: ['text', 'json'], inputs: { prompt: INPUT_TEXT } },
  embed: {
    url: 'optional',
    shapes: ['openai', 'ollama', 'opea'],
    foreign: ['opea'],
    outputs: ['vector', 'vectors'],
    inputs: { input: INPUT_TEXT, model: { is: 'name' } },
  },
  index: {
    url: 'none',
    outputs: DOCUMENTS,
    inputs: {
      documents: { is: 'file', isRequired: true },
      chunk: count(100_000, 20),
      embed: { is: 'step', isRequired: true },
      vector: { is: 'template' },
      top: TOP,
    },
  },
  retrieve: {
    url: 'required',
    shapes: ['opea'],
    outputs: DOCUMENTS,
    inputs: { input: INPUT_TEXT, vector: { is: 'template' }, top: TOP },
  },
  rerank: {
    url: 'optional',
    shapes: ['jina', 'opea'],
    foreign: ['opea'],
    outputs: DOCUMENTS,
    inputs: {
      query: INPUT_TEXT,
      documents: { is: 'template', isRequired: true },
      model: { is: 'name' },
      top: TOP,
    },
  },
  raw: {
    url: 'required',
    outputs: ['json', 'text'],
    inputs: { body: { is: 'body', isRequired: true }, text: { is: 'pointer' } },
  },
  join: { url: 'none', outputs: ['text'], inputs: { text: { is: 'template', isRequired: true } } },
};

/** Outputs whose parts can be named, too: `steps.fetch.json.items.0`. */
export const DEEP_OUTPUTS: readonly string[] = ['json', 'documents', 'vectors'];
