import { VERSION } from '../version.ts';
import { type Family, familyOf } from './errors.ts';
import type { Route } from './router.ts';
import { documented, type Schema } from './schema.ts';

/** What /openapi.json tells about a route. */
export interface RouteDoc {
  readonly summary: string;
  readonly tag: string;
  /** Of what stands in the braces of its path, by name; by default any text. */
  readonly parameters?: Readonly<Record<string, Schema>>;
  readonly query?: Readonly<Record<string, Schema>>;
  /** The very schema that validates its body. */
  readonly request?: Schema;
  /** In its optional fields null is no value. */
  readonly isStrict?: boolean;
  /** Of a 200, by content type. */
  readonly answers: Readonly<Record<string, Schema>>;
  /** Headers that a 200 may have beside `x-request-id`. */
  readonly headers?: readonly string[];
  /** Other statuses that it answers with; 401 and 405 come by themselves. */
  readonly failures?: readonly number[];
  /** Bodies of those that are no errors. */
  readonly otherAnswers?: Readonly<Record<number, Schema>>;
}

/** Statuses of every route that generates. */
export const WORK_FAILURES = [400, 404, 408, 413, 415, 500, 502, 503, 504] as const;

export const text: Schema = { type: 'string' };
/** One of the events of a stream, as readers of descriptions take it apart. */
export const event: Schema = { type: 'object', properties: { data: text }, required: ['data'] };
export const number: Schema = { type: 'number' };
export const count: Schema = { type: 'integer', minimum: 0 };
export const anything: Schema = {};
export const flag: Schema = { type: 'boolean' };

/** An object with all of these properties, and perhaps more. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return { type: 'object', properties: { ...properties, ...optional }, required: Object.keys(properties) };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

const MEANINGS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'The page may ask',
  400: 'The body or a field of it is refused; the message names it',
  401: 'A token is needed',
  403: 'Not for this page, or not under this name',
  404: 'There is no such model or route',
  405: 'Not with this method',
  408: 'The body came too slowly',
  410: 'It was deleted',
  413: 'The body is too large',
  415: 'The body is compressed',
  500: 'A defect',
  502: 'The engine or a step has failed',
  503: 'No place, or not ready; ask again after `retry-after` seconds',
  504: 'Too late',
};

const ERRORS: Readonly<Record<Family, Schema>> = {
  own: object({ detail: text }),
  ollama: object({ error: text, detail: text }),
  openai: object({
    error: object({
      message: text,
      type: text,
      param: { type: ['string', 'null'] },
      code: { type: ['string', 'null'] },
    }),
    detail: text,
  }),
};

const HEADERS: Readonly<Record<string, Schema>> = {
  'x-request-id': { type: 'string' },
  'x-chainctl-trimmed': { type: 'string' },
  'retry-after': { type: 'string' },
  'x-should-retry': { type: 'string', enum: ['false'] },
  'www-authenticate': { type: 'string' },
  allow: { type: 'string' },
};

/** The document of OpenAPI 3.1 for these routes, as an object for JSON. */
export function openApiOf(service: string, routes: readonly Route[], auth: boolean): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (!route.doc) continue;
    const path = route.path.replaceAll('{+', '{');
    paths[path] ??= {};
    (paths[path] as Record<string, unknown>)[route.method.toLowerCase()] = operationOf(route, route.doc, auth);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: `chainctl service ${service}`,
      version: VERSION,
      description: 'Language models behind the APIs of OpenAI and Ollama, alone and as a chain.',
    },
    paths,
    components: {
      schemas: { OpenAiError: ERRORS.openai, OllamaError: ERRORS.ollama, Error: ERRORS.own },
      ...(auth && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

function operationOf(route: Route, doc: RouteDoc, auth: boolean): Record<string, unknown> {
  const family = familyOf(route.path);
  const failures = [
    ...(doc.failures ?? []),
    ...(route.method === 'POST' ? [403] : []),
    ...(auth && !route.open ? [401] : []),
    ...(route.open ? [] : [500]),
  ];
  const responses: Record<number, unknown> = {
    200: {
      description: MEANINGS[200],
      headers: headersOf(doc.headers ?? []),
      content: Object.fromEntries(
        Object.entries(doc.answers).map(([type, schema]) => [type, { schema: documented(schema) }]),
      ),
    },
  };
  for (const [status, schema] of Object.entries(doc.otherAnswers ?? {})) {
    responses[Number(status)] = answerOf(Number(status), schema, []);
  }
  for (const status of failures) responses[status] ??= answerOf(status, errorRef(family), failureHeaders(status));
  const parameters = parametersOf(route.path, doc);
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[^A-Za-z0-9]+/g, '_')}`,
    summary: doc.summary,
    tags: [doc.tag],
    ...(auth && !route.open && { security: [{ token: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(doc.request && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: doc.isStrict ? doc.request : documented(doc.request) } },
      },
    }),
    responses,
  };
}

function parametersOf(path: string, { parameters = {}, query = {} }: RouteDoc): object[] {
  const names = [...path.matchAll(/\{\+?(\w+)\}/g)].map(([, name = '']) => name);
  return [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: parameters[name] ?? SOME_TEXT })),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema })),
  ];
}

const SOME_TEXT: Schema = { type: 'string', minLength: 1 };

function answerOf(status: number, schema: unknown, headers: readonly string[]): Record<string, unknown> {
  return {
    description: MEANINGS[status] ?? String(status),
    headers: headersOf(headers),
    content: { 'application/json': { schema } },
  };
}

function headersOf(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    ['x-request-id', ...names].map((name) => [
      name,
      { required: name === 'x-request-id', schema: HEADERS[name] ?? text },
    ]),
  );
}

function failureHeaders(status: number): string[] {
  if (status === 503) return ['retry-after'];
  if (status === 502 || status === 504) return ['x-should-retry'];
  return status === 401 ? ['www-authenticate'] : status === 405 ? ['allow'] : [];
}

function errorRef(family: Family): Record<string, string> {
  const name = family === 'openai' ? 'OpenAiError' : family === 'ollama' ? 'OllamaError' : 'Error';
  return { $ref: `#/components/schemas/${name}` };
}
