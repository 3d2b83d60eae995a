import { EngineError } from './engine-error.ts';

/** How Go reads a JSON value into a field. `name` is the type's own, as its errors tell it. */
export type GoType =
  | { readonly kind: 'string' | 'bool' | 'int' | 'map' | 'any'; readonly name: string }
  | { readonly kind: 'list'; readonly name: string; readonly of: GoType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: Readonly<Record<string, GoType>> }
  /** A type that reads itself: what is wrong, or undefined. */
  | { readonly kind: 'own'; readonly name: string; readonly problem: (value: unknown) => string | undefined }
  /** The same, where Go reads on and may find something else that is wrong. */
  | { readonly kind: 'bytes'; readonly name: string; readonly problem: (value: unknown) => string | undefined };

export type Fields = Readonly<Record<string, unknown>>;

export const STRING: GoType = { kind: 'string', name: 'string' };
export const BOOL: GoType = { kind: 'bool', name: 'bool' };
export const INT: GoType = { kind: 'int', name: 'int' };
export const MAP: GoType = { kind: 'map', name: 'map[string]interface {}' };
export const ANY: GoType = { kind: 'any', name: 'interface {}' };
export const listOf = (of: GoType, name = `[]${of.name}`): GoType => ({ kind: 'list', name, of });

/** A request of Ollama's `api` package, with the names of its fields in lower case to find them by. */
export interface RequestType {
  readonly name: string;
  readonly fields: ReadonlyMap<string, readonly [name: string, type: GoType]>;
}

export function requestType(name: string, fields: Readonly<Record<string, GoType>>): RequestType {
  // Go does not tell the case of keys apart.
  return { name, fields: new Map(Object.entries(fields).map(([key, type]) => [key.toLowerCase(), [key, type]])) };
}

/**
 * The fields that a body has. What is null counts as left out; unknown keys are passed over.
 * @throws EngineError 400 with Go's text for the first value of a wrong type, or for one that could not read itself: there
 * Go stops
 */
export function readFields(type: RequestType, value: unknown): Fields {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new EngineError(400, `json: cannot unmarshal ${kindOf(value)} into Go value of type api.${type.name}`);
  }
  const fields: Record<string, unknown> = {};
  let found: string | undefined;
  for (const [key, given] of Object.entries(value)) {
    const field = type.fields.get(key) ?? type.fields.get(key.toLowerCase());
    if (field === undefined || given === null) continue;
    const problem = problemOf(field[1], given, `${type.name}.${field[0]}`);
    if (problem !== undefined && readsItself(field[1], given)) throw new EngineError(400, problem);
    found ??= problem;
    fields[field[0]] = given;
  }
  if (found !== undefined) throw new EngineError(400, found);
  return fields;
}

/** A message reads itself; a list of them does not. */
function readsItself(type: GoType, value: unknown): boolean {
  return type.kind === 'own' || (type.kind === 'list' && type.of.kind === 'struct' && Array.isArray(value));
}

function problemOf(type: GoType, value: unknown, path: string): string | undefined {
  if (value === null || type.kind === 'any') return undefined;
  if (type.kind === 'own' || type.kind === 'bytes') return type.problem(value);
  const kind = kindOf(value);
  const mismatch = (what: string) => `json: cannot unmarshal ${what} into Go struct field ${path} of type ${type.name}`;
  if (kind !== JSON_KIND[type.kind]) return mismatch(kind);
  if (type.kind === 'int') return Number.isSafeInteger(value) ? undefined : mismatch(`number ${value}`);
  if (type.kind === 'list') return first((value as unknown[]).map((element) => problemOf(type.of, element, path)));
  if (type.kind !== 'struct') return undefined;
  return first(
    Object.entries(value as Fields).map(([key, field]) => {
      const fieldType = type.fields[key.toLowerCase()];
      return fieldType && problemOf(fieldType, field, `${path}.${key.toLowerCase()}`);
    }),
  );
}

const JSON_KIND = { string: 'string', bool: 'bool', int: 'number', map: 'object', list: 'array', struct: 'object' };

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function first(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}
