import type { Engine } from '../engine/engine.ts';
import { Problem } from '../problem.ts';
import { roundSeconds } from '../seconds.ts';
import type { ApiDeps } from './api-deps.ts';
import { refuseFaults } from './chat-request.ts';
import { namingField } from './errors.ts';
import { count, list, number, object, text, WORK_FAILURES } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import { type Call, handleWork, type WorkResult } from './work.ts';

const MOST_INPUTS = 2048;

/** Only engines of kind `openai` take ids of tokens: one input as a list, or a list of such lists. */
export function embeddingSchema(kind: Engine['kind']): Schema {
  const token = count;
  const tokens: Schema = { type: 'array', minItems: 1, items: token };
  const items: Schema = kind === 'ollama' ? text : { anyOf: [text, token, tokens] };
  return {
    type: 'object',
    properties: {
      input: { anyOf: [text, { type: 'array', minItems: 1, maxItems: MOST_INPUTS, items }] },
      model: text,
      dimensions: { type: 'integer', minimum: 1, maximum: 65_536 },
      encoding_format: { type: 'string', enum: ['float', 'base64'], default: 'float' },
    },
    required: ['input'],
  };
}

const ANSWER: Schema = object({
  object: { type: 'string', enum: ['list'] },
  data: list(
    object({
      object: { type: 'string', enum: ['embedding'] },
      index: count,
      embedding: { anyOf: [list(number), text] },
    }),
  ),
  model: text,
  usage: object({ prompt_tokens: count, total_tokens: count }),
});

interface Body {
  readonly input: string | readonly (string | number | readonly number[])[];
  readonly model?: string | null;
  readonly dimensions?: number | null;
  readonly encoding_format?: 'float' | 'base64' | null;
}

/** Vectors of texts, by a model of the engine. */
export function embeddingRoutes(deps: ApiDeps): readonly Route[] {
  const schema = embeddingSchema(deps.generator.options.engine.kind);
  return [
    {
      method: 'POST',
      path: '/v1/embeddings',
      doc: {
        summary: 'Vectors of texts',
        tag: 'embeddings',
        request: schema,
        answers: { 'application/json': ANSWER },
        failures: WORK_FAILURES,
      },
      handle: (exchange) =>
        handleWork(exchange, deps.work, {
          free: true,
          mostMs: deps.settings.chatTimeoutMs,
          run: (body, call) => embed(deps, schema, body, call),
        }),
    },
  ];
}

async function embed({ offer, generator }: ApiDeps, schema: Schema, raw: unknown, call: Call): Promise<WorkResult> {
  refuseFaults(schema, raw);
  const { input, model, dimensions, encoding_format: encoding } = raw as Body;
  const { scope, headers, exchange } = call;
  const { id, name } = await offer.forEngine(model ?? undefined);
  const { engine, admission, who } = generator.options;
  const inputs = inputsOf(input);
  const queueSeconds = (await admission.enterFree(scope)) / 1000;
  const order = { model: name, input: inputs, ...(typeof dimensions === 'number' && { dimensions }) };
  const { vectors, inputTokens } = await engine
    .embed(order, { scope, who, headers })
    .catch((error: unknown) => {
      throw namingField(error, 'input');
    })
    .finally(() => admission.leave());
  return {
    body: {
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: encoding === 'base64' ? base64Of(vector) : vector,
      })),
      model: id,
      usage: { prompt_tokens: inputTokens, total_tokens: inputTokens },
    },
    log: {
      route: exchange.path,
      model: id,
      inputs: inputs.length,
      input_tokens: inputTokens,
      queue_seconds: roundSeconds(queueSeconds),
      total_seconds: roundSeconds(scope.elapsedSeconds()),
    },
  };
}

export function inputsOf(input: Body['input']): readonly (string | readonly number[])[] {
  if (typeof input === 'string') return [input];
  const ids = input.filter((each) => typeof each === 'number');
  if (ids.length === 0) return input as readonly (string | readonly number[])[];
  // A list of ids is one input.
  if (ids.length === input.length) return [ids];
  throw new Problem(400, 'input must be all texts, all ids of tokens, or all lists of these', {}, { param: 'input' });
}

/** Little-endian floats of 32 bits, as the clients of OpenAI ask for them. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
