import { expect, test } from 'vitest';
import { openApiOf, text } from '../../../../templates/services/common/api/openapi.ts';
import type { Route } from '../../../../templates/services/common/api/router.ts';

const route = (method: Route['method'], path: string, more: Partial<Route['doc']> = {}): Route => ({
  method,
  path,
  doc: { summary: 'x', tag: 'x', answers: { 'application/json': text }, ...more },
  handle: () => {},
});

test('each path tells of all its methods, of what stands in its braces, and of its query', () => {
  const id = { type: 'string', pattern: '^[a-z]{8}$' } as const;
  const limit = { type: 'integer', minimum: 1 } as const;
  const { paths } = openApiOf(
    'a',
    [
      route('GET', '/v1/things/{id}/parts/{part}', { parameters: { id }, query: { limit } }),
      route('PUT', '/v1/things/{id}/parts/{part}'),
      route('DELETE', '/v1/models/{+id}'),
    ],
    false,
  ) as { paths: Record<string, Record<string, { parameters: unknown }>> };
  expect(Object.keys(paths)).toEqual(['/v1/things/{id}/parts/{part}', '/v1/models/{id}']);
  expect(Object.keys(paths['/v1/things/{id}/parts/{part}'] ?? {})).toEqual(['get', 'put']);
  expect(paths['/v1/things/{id}/parts/{part}']?.get?.parameters).toEqual([
    { name: 'id', in: 'path', required: true, schema: id },
    { name: 'part', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
    { name: 'limit', in: 'query', schema: limit },
  ]);
});
