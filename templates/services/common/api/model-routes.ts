import type { Offer, OfferedModel } from './offer.ts';
import { count, list, object, text } from './openapi.ts';
import type { Route } from './router.ts';
import type { Schema } from './schema.ts';

const MODEL: Schema = object({ id: text, object: { type: 'string', enum: ['model'] }, created: count, owned_by: text });
const TAGS: Schema = list({ type: 'object' });
const nullable: Schema = { type: ['string', 'null'] };

/** The models of a service in the forms of OpenAI, Ollama, and of those that read both from one body. */
export function modelRoutes(offer: Offer, version: string): readonly Route[] {
  const both = ['/v1/models', '/models'].map(
    (path): Route => ({
      method: 'GET',
      path,
      doc: {
        summary: 'The models that chats may ask for, and those of the engine as Ollama lists them',
        tag: 'models',
        answers: {
          'application/json': object({ object: { type: 'string', enum: ['list'] }, data: list(MODEL), models: TAGS }),
        },
        failures: [502],
      },
      async handle(exchange) {
        const models = await offer.list();
        exchange.json(200, { object: 'list', data: models.map(openAiModel), models: tagsOf(models) });
      },
    }),
  );
  return [
    ...both,
    {
      method: 'GET',
      path: '/v1/models/{+id}',
      doc: { summary: 'One model', tag: 'models', answers: { 'application/json': MODEL }, failures: [404, 502] },
      async handle(exchange, rest = '') {
        exchange.json(200, openAiModel(await offer.listed(decoded(rest))));
      },
    },
    {
      method: 'GET',
      path: '/api/tags',
      doc: {
        summary: 'The models of the engine, as Ollama lists them',
        tag: 'models',
        answers: { 'application/json': object({ models: TAGS }) },
        failures: [502],
      },
      async handle(exchange) {
        exchange.json(200, { models: tagsOf(await offer.list()) });
      },
    },
    {
      method: 'GET',
      path: '/api/version',
      open: true,
      doc: { summary: 'The version', tag: 'models', answers: { 'application/json': object({ version: text }) } },
      handle: (exchange) => exchange.json(200, { version }),
    },
    {
      method: 'GET',
      path: '/models.json',
      doc: {
        summary: 'What is known of each model',
        tag: 'models',
        answers: {
          'application/json': object({
            models: list(
              object({
                id: text,
                architecture: nullable,
                size: nullable,
                quantization: nullable,
                format: nullable,
                source: nullable,
                digest: nullable,
                bytes: { type: ['integer', 'null'] },
                modified_at: nullable,
              }),
            ),
          }),
        },
        failures: [502],
      },
      async handle(exchange) {
        exchange.json(200, { models: (await offer.list()).map(describedModel) });
      },
    },
  ];
}

function openAiModel({ id, created, ownedBy }: OfferedModel): Record<string, unknown> {
  return { id, object: 'model', created, owned_by: ownedBy };
}

function tagsOf(models: readonly OfferedModel[]): unknown[] {
  return models.flatMap(({ tag }) => (tag === undefined ? [] : [tag]));
}

function describedModel({ id, ownedBy, tag = {}, architecture }: OfferedModel): Record<string, unknown> {
  const details = (typeof tag.details === 'object' && tag.details !== null ? tag.details : {}) as Record<
    string,
    unknown
  >;
  return {
    id,
    architecture: architecture ?? textOf(details.family),
    size: textOf(details.parameter_size),
    quantization: textOf(details.quantization_level),
    format: textOf(details.format),
    source: ownedBy,
    digest: textOf(tag.digest),
    bytes: Number.isSafeInteger(tag.size) && tag.size !== 0 ? tag.size : null,
    modified_at: textOf(tag.modified_at),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
