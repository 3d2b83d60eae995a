import { ApiError, type LateError } from './errors.ts';
import type { Body } from './model.ts';
import type { Scope } from './names.ts';

/** One call of a client. */
export interface ApiRequest {
  /** As Google names its methods: `instances.insert`, `regionInstanceGroupManagers.resize`, `globalAddresses.setLabels`. */
  readonly action: string;
  readonly project: string;
  /** `project` and `aggregated` beside the scopes of resources. */
  readonly scope: Scope | 'project' | 'aggregated';
  readonly collection: string;
  /** Empty for a call that is about a collection. */
  readonly name: string;
  /** `get`, `list`, `insert`, `delete`, `patch`, `update` or one of the resource's own. */
  readonly verb: string;
  readonly query: URLSearchParams;
  readonly body: Body;
  /** What the operation is to fail with. */
  readonly failure?: LateError | undefined;
}

const PATH = /^\/compute\/(?:v1|beta|alpha)\/projects\/([^/]+)(?:\/(.*))?$/;
/** Collections of more than one level, whose regional methods are named by it. */
const REGIONAL = [
  ...['instanceGroupManagers', 'instanceGroups', 'autoscalers', 'disks', 'healthChecks', 'backendServices', 'urlMaps'],
  ...['targetHttpProxies', 'instanceTemplates'],
];
const GLOBAL = ['addresses', 'forwardingRules'];

/** @throws ApiError where there is no such method */
export function parseRequest(method: string, url: URL, body: Body): ApiRequest {
  const [, project, rest = ''] = PATH.exec(decodeURIComponent(url.pathname)) ?? [];
  if (project === undefined) throw new ApiError(404, 'notFound', `Not Found: ${url.pathname}`);
  const common = { project, query: url.searchParams, body };
  const parts = rest.split('/').filter((part) => part !== '');
  const [first = '', second = ''] = parts;
  if (parts.length === 0)
    return { ...common, action: 'projects.get', scope: 'project', collection: 'projects', name: project, verb: 'get' };
  if (first === 'aggregated')
    return {
      ...common,
      action: `${second}.aggregatedList`,
      scope: 'aggregated',
      collection: second,
      name: '',
      verb: 'aggregatedList',
    };
  if ((first === 'zones' || first === 'regions') && parts.length <= 2) {
    const verb = parts.length === 1 ? 'list' : 'get';
    return { ...common, action: `${first}.${verb}`, scope: 'project', collection: first, name: second, verb };
  }
  const global = first === 'global' || first === 'targetHttpProxies';
  const scope = global ? 'global' : `${first}/${second}`;
  // One method has no scope in its path: targetHttpProxies.setUrlMap.
  const [collection = '', name = '', ...more] = parts.slice(first === 'global' ? 1 : global ? 0 : 2);
  const family = collection === 'images' && name === 'family';
  const verb = family ? 'getFromFamily' : (more[0] ?? verbOf(method, name !== ''));
  return {
    ...common,
    action: `${qualified(collection, scope)}.${verb}`,
    scope,
    collection,
    name: family ? (more[0] ?? '') : name,
    verb,
  };
}

function verbOf(method: string, named: boolean): string {
  if (method === 'GET') return named ? 'get' : 'list';
  if (method === 'POST' && !named) return 'insert';
  if (method === 'DELETE' && named) return 'delete';
  if (method === 'PATCH' && named) return 'patch';
  if (method === 'PUT' && named) return 'update';
  // Autoscalers are the exception: what is patched is named by the query.
  if (method === 'PATCH' || method === 'PUT') return method === 'PATCH' ? 'patch' : 'update';
  throw new ApiError(404, 'notFound', 'Not Found');
}

function qualified(collection: string, scope: Scope): string {
  const level = scope.split('/')[0] ?? '';
  const capital = collection.charAt(0).toUpperCase() + collection.slice(1);
  if (collection === 'operations') return `${level.replace(/s$/, '')}Operations`;
  if (level === 'regions' && REGIONAL.includes(collection)) return `region${capital}`;
  if (level === 'global' && GLOBAL.includes(collection)) return `global${capital}`;
  return collection;
}
