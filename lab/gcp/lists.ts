import { regions, zones } from './catalogue.ts';
import { ApiError } from './errors.ts';
import { parseFilter } from './filter.ts';
import type { Body } from './model.ts';
import { linkTo, type Scope } from './names.ts';

const LARGEST_PAGE = 500;

/** One page of a list: filtered, ordered, cut. @throws ApiError `invalid` */
export function page(kind: string, path: string, all: readonly Body[], query: URLSearchParams, items = 'items'): Body {
  const { found, nextPageToken } = cut(all, query);
  return {
    ...{ kind: `compute#${kind}`, id: path, selfLink: linkTo(path) },
    ...(found.length > 0 ? { [items]: found } : {}),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

/** All scopes at once, those without any with the warning that Google gives. */
export function aggregated(
  kind: string,
  path: string,
  collection: string,
  all: readonly { scope: Scope; body: Body }[],
  query: URLSearchParams,
): Body {
  const { found, nextPageToken } = cut(
    all.map(({ body }) => body),
    query,
  );
  const scopeOf = new Map(all.map(({ scope, body }) => [body, scope]));
  const items: Body = {};
  for (const scope of [
    'global',
    ...regions().map((each) => `regions/${each}`),
    ...zones().map((each) => `zones/${each}`),
  ]) {
    const here = found.filter((body) => scopeOf.get(body) === scope);
    items[scope] = here.length > 0 ? { [collection]: here } : { warning: noResults(scope) };
  }
  return {
    ...{ kind: `compute#${kind}AggregatedList`, id: path, items, selfLink: linkTo(path) },
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

function cut(all: readonly Body[], query: URLSearchParams): { found: Body[]; nextPageToken?: string } {
  const filter = query.get('filter');
  const matches = filter ? all.filter(parseFilter(filter)) : [...all];
  const newest = query.get('orderBy') === 'creationTimestamp desc';
  const key = (body: Body) => String(newest ? body.creationTimestamp : body.name);
  matches.sort((a, b) => (key(a) < key(b) !== newest ? -1 : 1));
  const size = Number(query.get('maxResults') ?? LARGEST_PAGE);
  if (!Number.isInteger(size) || size < 0 || size > LARGEST_PAGE)
    throw new ApiError(
      400,
      'invalid',
      `Invalid value for field 'maxResults': '${size}'. Must be in [0, ${LARGEST_PAGE}].`,
    );
  const from = pageStart(query.get('pageToken'));
  const until = from + (size || LARGEST_PAGE);
  const found = matches.slice(from, until);
  return until < matches.length
    ? { found, nextPageToken: Buffer.from(`after:${until}`).toString('base64url') }
    : { found };
}

function pageStart(token: string | null): number {
  if (!token) return 0;
  const [, start] = /^after:(\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8')) ?? [];
  if (start === undefined) throw new ApiError(400, 'invalid', `Invalid value for field 'pageToken': '${token}'.`);
  return Number(start);
}

function noResults(scope: Scope): Body {
  const message = `There are no results for scope '${scope}' on this page.`;
  return { code: 'NO_RESULTS_ON_PAGE', message, data: [{ key: 'scope', value: scope }] };
}
