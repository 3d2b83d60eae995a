import { createHash, randomBytes } from 'node:crypto';
import { ApiError } from './errors.ts';
import type { Body } from './model.ts';

/** `global`, `zones/europe-west3-c` or `regions/europe-west3`. */
export type Scope = string;

/** Where a resource is. Its path is `projects/P/SCOPE/COLLECTION/NAME`. */
export interface Place {
  readonly project: string;
  readonly scope: Scope;
  readonly collection: string;
  readonly name: string;
}

const ROOT = 'https://www.googleapis.com/compute/v1/';
const REFERENCE =
  /^(?:https?:\/\/[^/]+\/compute\/[^/]+\/)?(?:projects\/([^/]+)\/)?(global|zones\/[^/]+|regions\/[^/]+)\/([A-Za-z]+)\/((?:family\/)?[^/]+)$/;
const SCOPE = /^(?:https?:\/\/[^/]+\/compute\/[^/]+\/)?(?:projects\/[^/]+\/)?((?:zones|regions)\/[^/]+)$/;
const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A resource's full address, as it appears in `selfLink` and in references. */
export function linkTo(path: string): string {
  return `${ROOT}${path}`;
}

export function pathOf({ project, scope, collection, name }: Place): string {
  return `projects/${project}/${scope}/${collection}/${name}`;
}

/** What a reference names: a full address, a path, or a path without its project. */
export function parseReference(reference: unknown, project: string): Place | undefined {
  if (typeof reference !== 'string') return undefined;
  const [, own, scope, collection, name] = REFERENCE.exec(reference) ?? [];
  if (scope === undefined || collection === undefined || name === undefined) return undefined;
  return { project: own ?? project, scope, collection, name };
}

/** The path that a reference names; `undefined` for what is none. */
export function pathIn(reference: unknown, project: string): string | undefined {
  const place = parseReference(reference, project);
  return place && pathOf(place);
}

/** The last part of a path or an address. */
export function lastPart(reference: string | null | undefined): string {
  return reference?.split('/').at(-1) ?? '';
}

export function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

/** @throws ApiError `invalid` */
export function checkName(value: unknown, field: string, longest = 63): asserts value is string {
  if (typeof value === 'string' && NAME.test(value) && value.length <= longest) return;
  const pattern = `(?:[a-z](?:[-a-z0-9]{0,${longest - 2}}[a-z0-9])?)`;
  const message = `Invalid value for field '${field}': '${String(value)}'. Must be a match of regex '${pattern}'`;
  throw new ApiError(400, 'invalid', message);
}

/** References in a body become full addresses. */
export function withFullReferences<T>(value: T, project: string): T {
  if (typeof value === 'string') {
    const scope = SCOPE.exec(value)?.[1];
    const path = pathIn(value, project) ?? (scope && `projects/${project}/${scope}`);
    return (path ? linkTo(path) : value) as T;
  }
  if (Array.isArray(value)) return value.map((each) => withFullReferences(each, project)) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    // Text of the user's own may look like anything.
    key === 'value' || key === 'description' ? each : withFullReferences(each, project),
  ]);
  return Object.fromEntries(entries) as T;
}

export function newFingerprint(): string {
  return randomBytes(8).toString('base64');
}

/** Clients that know it as bytes write it in the other alphabet of base64. */
export function sameFingerprint(one: unknown, other: unknown): boolean {
  const plain = (each: unknown) => String(each).replaceAll('-', '+').replaceAll('_', '/');
  return typeof one === 'string' && plain(one) === plain(other);
}

/** Ids are decimal numbers in a string: too large for a JavaScript number. */
export function newId(): string {
  return (randomBytes(8).readBigUInt64BE() >> 1n).toString();
}

/** Equal for equal values, whatever the order of their fields. */
export function digest(value: unknown): string {
  const sorted = (_key: string, each: unknown) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each as Body).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each;
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('base64');
}
