/**
 * The part of JSON Schema (2020-12) in which requests are described. The same objects validate and stand in
 * /openapi.json, so that every documented constraint is enforced. Two rules keep it small and its refusals plain:
 * a property that is not required may be null, which counts as absent; branches of `anyOf` differ in their type, those of
 * `oneOf` in a property that names them.
 */
export interface Schema {
  readonly type?: TypeName | readonly TypeName[];
  readonly description?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** In characters: code points. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression, anchored. */
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly discriminator?: { readonly propertyName: string };
  /** Documented by these, enforced where the message is read: what depends on more than one property. */
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly default?: unknown;
  readonly deprecated?: boolean;
  /** The code of a refusal, where it is a special one. */
  readonly 'x-code'?: string;
  /** Why, where the keywords do not tell. */
  readonly 'x-reason'?: string;
}

type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

/** What is wrong with a value. */
export interface Fault {
  /** `messages[1].role`; empty for the whole. */
  readonly path: string;
  /** `must be a string` */
  readonly reason: string;
  readonly code?: string | undefined;
}

/** The first fault of a value, in the order in which the schema names its properties. */
export function findFault(schema: Schema, value: unknown): Fault | undefined {
  if (schema.anyOf) return anyFault(schema, schema.anyOf, value);
  if (schema.type !== undefined && !typesOf(schema).some((type) => isOf(type, value)))
    return fault(schema, expected(schema));
  if (schema.oneOf) return oneFault(schema, schema.oneOf, value as Fields);
  if (schema.enum && !schema.enum.includes(value as string)) return fault(schema, expected(schema));
  if (typeof value === 'number') return numberFault(schema, value);
  if (typeof value === 'string') return textFault(schema, value);
  if (Array.isArray(value)) return arrayFault(schema, value);
  return typeof value === 'object' && value !== null ? objectFault(schema, value as Fields) : undefined;
}

/** A schema as OpenAPI shows it: what may be null says so. */
export function documented(schema: Schema): Schema {
  const { properties, required = [], items, anyOf, oneOf } = schema;
  const shown =
    properties &&
    Object.entries(properties).map(([name, each]) => {
      const own = documented(each);
      return [name, required.includes(name) ? own : orNull(own)] as const;
    });
  const { minimum = 0, maximum = 0, ...unbounded } = schema;
  // No JSON tells a bound exactly that is beyond what doubles do.
  const isTold = Number.isSafeInteger(minimum) && Number.isSafeInteger(maximum);
  return {
    ...(isTold || schema.type !== 'integer' ? schema : unbounded),
    ...(shown && { properties: Object.fromEntries(shown) }),
    ...(items && { items: documented(items) }),
    ...(anyOf && { anyOf: anyOf.map(documented) }),
    ...(oneOf && { oneOf: oneOf.map(documented) }),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function orNull(schema: Schema): Schema {
  const { description, default: usual, deprecated, ...rest } = schema;
  if (schema.anyOf === undefined && schema.oneOf === undefined && schema.enum === undefined) {
    const types = typesOf(schema);
    return types.length === 0 || types.includes('null') ? schema : { ...schema, type: [...types, 'null'] };
  }
  return {
    ...(description !== undefined && { description }),
    ...(usual !== undefined && { default: usual }),
    ...(deprecated !== undefined && { deprecated }),
    anyOf: [rest, { type: 'null' }],
  };
}

function anyFault(schema: Schema, branches: readonly Schema[], value: unknown): Fault | undefined {
  const branch = branches.find((each) => typesOf(each).some((type) => isOf(type, value)));
  if (branch) return findFault(branch, value);
  return fault(schema, `must be ${either(branches.flatMap(typesOf).map((type) => TYPE_WORDS[type]))}`);
}

function oneFault(schema: Schema, branches: readonly Schema[], value: Fields): Fault | undefined {
  const name = schema.discriminator?.propertyName ?? '';
  const values = branches.flatMap((branch) => branch.properties?.[name]?.enum ?? []);
  const given = own(value, name);
  const branch = branches.find((each) => each.properties?.[name]?.enum?.includes(given as string));
  if (branch) return findFault(branch, value);
  return {
    path: name,
    reason: `must be ${either(values.map((each) => JSON.stringify(each)))}`,
    code: schema['x-code'],
  };
}

function numberFault(schema: Schema, value: number): Fault | undefined {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return value < minimum || value > maximum ? fault(schema, expected(schema)) : undefined;
}

function textFault(schema: Schema, value: string): Fault | undefined {
  const { minLength = 0, maxLength = Infinity, pattern } = schema;
  if (value.length < minLength) return fault(schema, 'must not be empty');
  if (value.length > maxLength && [...value].length > maxLength)
    return fault(schema, `must have at most ${maxLength} characters`);
  // The flag with which JSON Schema reads it.
  return pattern !== undefined && !new RegExp(pattern, 'u').test(value)
    ? fault(schema, `must match ${pattern}`)
    : undefined;
}

function arrayFault(schema: Schema, value: readonly unknown[]): Fault | undefined {
  const { minItems = 0, maxItems = Infinity, items } = schema;
  if (value.length < minItems)
    return fault(schema, minItems === 1 ? 'must not be empty' : `must have at least ${minItems} elements`);
  if (value.length > maxItems) return fault(schema, `must have at most ${maxItems} elements`);
  if (!items) return undefined;
  for (let index = 0; index < value.length; index++) {
    const found = findFault(items, value[index]);
    if (found) return { ...found, path: joined(`[${index}]`, found.path) };
  }
  return undefined;
}

function objectFault(schema: Schema, value: Fields): Fault | undefined {
  const { maxProperties = Infinity } = schema;
  if (Object.keys(value).length > maxProperties) return fault(schema, `must have at most ${maxProperties} properties`);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const given = own(value, name) ?? undefined;
    if (given === undefined) {
      if (schema.required?.includes(name)) return { path: name, reason: `is required: it ${expected(property)}` };
      continue;
    }
    const found = findFault(property, given);
    if (found) return { ...found, path: joined(name, found.path) };
  }
  return undefined;
}

function fault(schema: Schema, reason: string): Fault {
  return { path: '', reason: schema['x-reason'] ?? reason, code: schema['x-code'] };
}

function joined(name: string, path: string): string {
  return path === '' || path.startsWith('[') ? name + path : `${name}.${path}`;
}

/** What a caller calls `constructor` is not what every object has. */
function own(value: Fields, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function typesOf({ type }: Schema): readonly TypeName[] {
  return type === undefined ? [] : typeof type === 'string' ? [type] : type;
}

function isOf(type: TypeName, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      // 1e400 is a number in JSON, and none that can be passed on.
      return Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

const TYPE_WORDS: Readonly<Record<TypeName, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

function expected(schema: Schema): string {
  if (schema['x-reason'] !== undefined) return schema['x-reason'];
  if (schema.enum) return `must be ${either(schema.enum.map((each) => JSON.stringify(each)))}`;
  const types = schema.anyOf ? schema.anyOf.flatMap(typesOf) : typesOf(schema);
  const { minimum, maximum } = schema;
  const range =
    minimum === undefined && maximum === undefined
      ? ''
      : maximum === undefined
        ? ` of at least ${minimum}`
        : minimum === undefined
          ? ` of at most ${maximum}`
          : ` from ${minimum} to ${maximum}`;
  return `must be ${either(types.map((type) => TYPE_WORDS[type]))}${range}`;
}

function either(words: readonly string[]): string {
  const unique = [...new Set(words)];
  return unique.length < 2 ? unique.join('') : `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`;
}
