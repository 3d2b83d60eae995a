import { roundSeconds } from '../seconds.ts';
import type { ApiDeps } from './api-deps.ts';
import { refuseFaults } from './chat-request.ts';
import { namingField } from './errors.ts';
import { count, list, number, object, text, WORK_FAILURES } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';
import { type Call, handleWork, type WorkResult } from './work.ts';

const MOST_INPUTS = 2048;

const REQUEST: Schema = {
  type: 'object',
  properties: {
    input: { anyOf: [text, { type: 'array', minItems: 1, maxItems: MOST_INPUTS, items: text }] },
    model: text,
    dimensions: { type: 'integer', minimum: 1, maximum: 65_536 },
    encoding_format: { type: 'string', enum: ['float', 'base64'], default: 'float' },
  },
  required: ['input'],
};

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
  readonly input: string | readonly string[];
  readonly model?: string | null;
  readonly dimensions?: number | null;
  readonly encoding_format?: 'float' | 'base64' | null;
}

/** Vectors of texts, by a model of the engine. */
export function embeddingRoutes(deps: ApiDeps): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/embeddings',
      doc: {
        summary: 'Vectors of texts',
        tag: 'embeddings',
        request: REQUEST,
        answers: { 'application/json': ANSWER },
        failures: WORK_FAILURES,
      },
      handle: (exchange) =>
        handleWork(exchange, deps.work, {
          free: true,
          mostMs: deps.settings.chatTimeoutMs,
          run: (body, call) => embed(deps, body, call),
        }),
    },
  ];
}

async function embed({ offer, generator }: ApiDeps, raw: unknown, call: Call): Promise<WorkResult> {
  refuseFaults(REQUEST, raw);
  const { input, model, dimensions, encoding_format: encoding } = raw as Body;
  const { scope, headers, exchange } = call;
  const { id, name } = await offer.forEngine(model ?? undefined);
  const { engine, admission, who } = generator.options;
  const inputs = typeof input === 'string' ? [input] : input;
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

/** Little-endian floats of 32 bits, as the clients of OpenAI ask for them. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
