import { EngineError } from './engine-error.ts';
import { firstOverflow, literalOf } from './go-json.ts';

/** How Go reads a JSON value into a field. `name` is the type's own, as its errors tell it. */
export type GoType =
  | { readonly kind: 'string' | 'bool' | 'int' | 'float' | 'map' | 'any'; readonly name: string }
  | { readonly kind: 'list'; readonly name: string; readonly of: GoType }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: Readonly<Record<string, GoType>>;
      /** It stands in the path of its fields, instead of the request. */
      readonly named?: string;
    }
  /** A type that reads itself: what is wrong, or undefined. */
  | { readonly kind: 'own'; readonly name: string; readonly problem: (value: unknown) => string | undefined }
  /** A text that reads itself, after which Go reads on and may find something else that is wrong. */
  | { readonly kind: 'bytes'; readonly name: string; readonly problem: (value: string) => string | undefined };

export type Fields = Readonly<Record<string, unknown>>;

export const STRING: GoType = { kind: 'string', name: 'string' };
export const BOOL: GoType = { kind: 'bool', name: 'bool' };
export const INT: GoType = { kind: 'int', name: 'int' };
export const FLOAT32: GoType = { kind: 'float', name: 'float32' };
export const FLOAT64: GoType = { kind: 'float', name: 'float64' };
export const MAP: GoType = { kind: 'map', name: 'map[string]interface {}' };
export const ANY: GoType = { kind: 'any', name: 'interface {}' };
export const listOf = (of: GoType, name = `[]${of.name}`): GoType => ({ kind: 'list', name, of });

/** A request of one of Ollama's packages, with the names of its fields in lower case to find them by. */
export interface RequestType {
  readonly name: string;
  readonly package: string;
  readonly fields: ReadonlyMap<string, readonly [name: string, type: GoType]>;
}

export function requestType(name: string, fields: Readonly<Record<string, GoType>>, from = 'api'): RequestType {
  // Go does not tell the case of keys apart.
  const byName = new Map(Object.entries(fields).map(([key, type]) => [key.toLowerCase(), [key, type]] as const));
  return { name, package: from, fields: byName };
}

/**
 * The fields that a body has. What is null counts as left out; unknown keys are passed over.
 * @throws EngineError 400 with Go's text for the first value of a wrong type, or for one that could not read itself: there
 * Go stops
 */
export function readFields(type: RequestType, value: unknown): Fields {
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new EngineError(
      400,
      `json: cannot unmarshal ${kindOf(value)} into Go value of type ${type.package}.${type.name}`,
    );
  }
  const fields: Record<string, unknown> = {};
  let found: string | undefined;
  for (const [key, given] of Object.entries(value)) {
    const field = type.fields.get(key) ?? type.fields.get(key.toLowerCase());
    if (field === undefined || given === null) continue;
    const problem = problemOf(field[1], given, `${type.name}.${field[0]}`, value, key);
    if (problem !== undefined && readsItself(field[1], given)) throw new EngineError(400, problem);
    found ??= problem;
    fields[field[0]] = given;
  }
  if (found !== undefined) throw new EngineError(400, found);
  return fields;
}

/** A message reads itself; a list of them does not. So does what a tool is called with, wherever it stands. */
function readsItself(type: GoType, value: unknown): boolean {
  return type.kind === 'own' || (type.kind === 'list' && isMessage(type.of) && Array.isArray(value));
}

function isMessage(type: GoType): boolean {
  return type.kind === 'struct' && type.named === undefined;
}

/** @param holder what the value stands in, under `key` */
function problemOf(
  type: GoType,
  value: unknown,
  path: string,
  holder: object,
  key: string | number,
): string | undefined {
  if (value === null || type.kind === 'any') return undefined;
  const mismatch = (what: string, name = type.name) =>
    `json: cannot unmarshal ${what} into Go struct field ${path} of type ${name}`;
  const overflow = (number: string) => mismatch(`number ${number}`, 'float64');
  if (type.kind === 'own') {
    const isTooLarge = type.name === DURATION_NAME && (value === Infinity || value === -Infinity);
    return isTooLarge ? overflow(literalOf(holder, key, value)) : type.problem(value);
  }
  const kind = kindOf(value);
  if (kind !== JSON_KIND[type.kind]) return mismatch(kind);
  switch (type.kind) {
    case 'bytes':
      return type.problem(value as string);
    case 'int': {
      const literal = literalOf(holder, key, value as number);
      return isInt64(literal) ? undefined : mismatch(`number ${literal}`);
    }
    case 'float': {
      const limit = type.name === 'float32' ? MAX_FLOAT32 : Number.MAX_VALUE;
      const isTooLarge = Math.abs(value as number) > limit;
      return isTooLarge ? mismatch(`number ${literalOf(holder, key, value as number)}`) : undefined;
    }
    case 'map': {
      const number = firstOverflow(value as object);
      return number === undefined ? undefined : overflow(number);
    }
    case 'list': {
      const list = value as unknown[];
      return first(list.map((element, index) => problemOf(type.of, element, path, list, index)));
    }
    case 'struct':
      return structProblem(type, value as Fields, path);
    default:
      return undefined;
  }
}

function structProblem(type: GoType & { kind: 'struct' }, value: Fields, path: string): string | undefined {
  const within = type.named === undefined ? path : path.replace(/^[^.]*/, type.named);
  let found: string | undefined;
  for (const [key, given] of Object.entries(value)) {
    const name = key.toLowerCase();
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (field === undefined || given === null) continue;
    const problem = problemOf(field, given, `${within}.${name}`, value, key);
    if (problem !== undefined && stops(field, given)) return problem;
    found ??= problem;
  }
  return found;
}

/** Whether what is wrong there ends the reading of everything. */
function stops(type: GoType, value: unknown): boolean {
  if (type.kind === 'own') return problemOf(type, value, '', {}, '') !== undefined;
  if (type.kind === 'list') return Array.isArray(value) && value.some((element) => stops(type.of, element));
  if (type.kind !== 'struct' || typeof value !== 'object' || value === null) return false;
  return Object.entries(type.fields).some(([name, field]) => {
    const given = (value as Fields)[name];
    return given !== undefined && given !== null && stops(field, given);
  });
}

/** `api.Duration` reads itself as a float64. */
export const DURATION_NAME = 'api.Duration';

function isInt64(literal: string): boolean {
  return /^-?\d{1,19}$/.test(literal) && BigInt.asIntN(64, BigInt(literal)) === BigInt(literal);
}

const MAX_FLOAT32 = 3.4028234663852886e38;

const JSON_KIND = {
  string: 'string',
  bool: 'bool',
  int: 'number',
  float: 'number',
  map: 'object',
  list: 'array',
  struct: 'object',
  bytes: 'string',
};

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function first(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}
