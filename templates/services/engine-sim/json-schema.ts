type Json = Readonly<Record<string, unknown>>;

/** What llama.cpp has a rule for by name. */
const PRIMITIVES = new Set([
  ...['boolean', 'decimal-part', 'integral-part', 'number', 'integer', 'value'],
  ...['object', 'array', 'uuid', 'char', 'string', 'null'],
]);
const STRING_FORMATS = /^(uuid[1-5]?|date|time|date-time)$/;

const INVALID = 'invalid JSON schema in format';
/** Alternatives of which there are none make a grammar that cannot be read; so does one that is too long. */
const NO_GRAMMAR = 'failed to load model vocabulary required for format';

/** The names of a grammar's rules grow with the depth, until they do not fit any more: measured with lists in lists. */
const MAX_DEPTH = 70;

/**
 * Why Ollama takes no grammar from a schema, in its words; undefined where it takes one. The rules are those of the
 * `SchemaConverter` in llama.cpp's `common/json-schema-to-grammar.cpp`, as Ollama 0.17.4 has it.
 */
export function schemaProblem(schema: Json): string | undefined {
  const targets = new Set<unknown>();

  /** What a reference of this document points to; undefined for nothing. */
  const resolve = (ref: unknown): unknown => {
    if (typeof ref !== 'string' || !ref.startsWith('#/')) return undefined;
    const path = ref.split('/').slice(1);
    return path.reduce<unknown>(
      (at, key) => (isObject(at) || Array.isArray(at) ? own(at as Json, key) : undefined),
      schema,
    );
  };
  const all = (schemas: readonly unknown[]) => schemas.map(within).find((problem) => problem !== undefined);
  const union = (schemas: readonly unknown[]) => (schemas.length === 0 ? NO_GRAMMAR : all(schemas));

  let depth = 0;
  function within(value: unknown): string | undefined {
    if (depth === MAX_DEPTH) return NO_GRAMMAR;
    depth++;
    const problem = visit(value);
    depth--;
    return problem;
  }

  function visit(value: unknown): string | undefined {
    // Nothing is anything, and so is what is not there.
    if (value === null || (Array.isArray(value) && value.length === 0)) return undefined;
    if (!isObject(value)) return INVALID;
    const has = (key: string) => Object.hasOwn(value, key);
    const type = own(value, 'type') ?? null;
    const format = has('format') ? value.format : '';
    if (typeof format !== 'string') return INVALID;
    if (has('$ref')) {
      const target = resolve(value.$ref);
      if (target === undefined) return INVALID;
      if (targets.has(target)) return undefined;
      targets.add(target);
      return within(target);
    }
    if (has('oneOf') || has('anyOf')) {
      const alternatives = has('oneOf') ? value.oneOf : value.anyOf;
      return Array.isArray(alternatives) ? union(alternatives) : INVALID;
    }
    if (Array.isArray(type)) return union(type.map((one) => ({ ...value, type: one })));
    if (has('const') || has('enum')) return undefined;
    const may = (name: string) => type === null || type === name;
    if (may('object') && (has('properties') || (has('additionalProperties') && value.additionalProperties !== true))) {
      const additional = isObject(value.additionalProperties) ? [value.additionalProperties] : [];
      return all([...elementsOf(own(value, 'properties')), ...additional]);
    }
    if ((may('object') || type === 'string') && has('allOf')) return all(elementsOf(value.allOf).flatMap(properties));
    if (may('array') && (has('items') || has('prefixItems'))) {
      const items = has('items') ? value.items : value.prefixItems;
      if (Array.isArray(items)) return all(items);
      return within(items) ?? counts(value, ['minItems']);
    }
    if (may('string') && has('pattern')) {
      return typeof value.pattern === 'string' && /^\^.*\$$/s.test(value.pattern) ? undefined : INVALID;
    }
    if (may('string') && STRING_FORMATS.test(format)) return undefined;
    if (type === 'string') return counts(value, ['minLength', 'maxLength']);
    if (type === 'integer') return counts(value, ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum']);
    if (Object.keys(value).length === 0) return undefined;
    return typeof type === 'string' && PRIMITIVES.has(type) ? undefined : INVALID;
  }
  return visit(schema);
}

/** The properties that a part of `allOf` gives. */
function properties(part: unknown): unknown[] {
  const parts = isObject(part) && Object.hasOwn(part, 'anyOf') ? elementsOf(part.anyOf) : [part];
  return parts.flatMap((one) => (isObject(one) ? elementsOf(own(one, 'properties')) : []));
}

function counts(value: Json, keys: readonly string[]): string | undefined {
  const isCount = (count: unknown) => typeof count === 'number' || typeof count === 'boolean';
  return keys.some((key) => Object.hasOwn(value, key) && !isCount(value[key])) ? INVALID : undefined;
}

/** As that library goes through a value: what is no list is one element. */
function elementsOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return typeof value === 'object' ? Object.values(value) : [value];
}

function own(value: Json, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
