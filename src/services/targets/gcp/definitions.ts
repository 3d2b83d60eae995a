import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';

/** A node of protobufjs's JSON: a namespace, a message with fields, a service with methods. */
interface Definition {
  readonly nested?: Readonly<Record<string, Definition>>;
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
  readonly methods?: Readonly<Record<string, { readonly requestType: string; readonly responseType: string }>>;
}

/** What the build has written beside this file: {@link definitionsOf} of one version of the library. */
interface Written {
  readonly version: string;
  readonly definitions: Definition;
}

const PROTOS = '@google-cloud/compute/build/protos/protos.json';
const V1 = ['google', 'cloud', 'compute', 'v1'] as const;

const require = createRequire(import.meta.url);
let done = false;

/**
 * Has the client library read, instead of all of its definitions, those that `services` use: to parse 12 MB and to build
 * all that is in them takes longer than everything else before a command's first call. Nothing else of the library
 * changes. They come from a file of the build, or are worked out here where there is none, or one for another version.
 */
export function leanDefinitions(services: readonly string[]): void {
  if (done) return;
  done = true;
  const path = require.resolve(PROTOS);
  const module = new Module(path);
  const written = readWritten();
  module.exports = written?.version === libraryVersion() ? written.definitions : definitionsOf(services).definitions;
  module.loaded = true;
  // Node looks here before it reads a file.
  require.cache[path] = module;
}

/** The definitions that some services of the installed library use, and which version it is. */
export function definitionsOf(services: readonly string[]): Written {
  return { version: libraryVersion(), definitions: trim(require(PROTOS) as Definition, services) };
}

function libraryVersion(): string {
  return (require('@google-cloud/compute/package.json') as { readonly version: string }).version;
}

function readWritten(): Written | undefined {
  try {
    return JSON.parse(readFileSync(new URL('./definitions.json', import.meta.url), 'utf8')) as Written;
  } catch {
    return undefined;
  }
}

/** The library's definitions with only what `services` use of the API's one version. Pure. */
function trim(all: Definition, services: readonly string[]): Definition {
  const within = (definition: Definition, path: readonly string[]): Definition => {
    const [first, ...rest] = path;
    const { nested = {} } = definition;
    if (first === undefined) return { ...definition, nested: closureOf(services, nested) };
    const inner = nested[first];
    if (inner === undefined) throw new Error(`the definitions of Compute Engine have no ${first}`);
    // Beside v1 stands v1beta, which is larger than all the rest.
    const beside = rest.length === 0 ? {} : nested;
    return { ...definition, nested: { ...beside, [first]: within(inner, rest) } };
  };
  return within(all, V1);
}

/**
 * Those definitions, and all that they name, directly or not. Pure.
 *
 * @param names of services or messages; one that there is not is left out
 */
export function closureOf(
  names: readonly string[],
  definitions: Readonly<Record<string, Definition>>,
): Record<string, Definition> {
  const kept: Record<string, Definition> = {};
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const definition = definitions[name];
    if (definition === undefined || Object.hasOwn(kept, name)) continue;
    kept[name] = definition;
    // `Operation`, `google.cloud.compute.v1.Operation`, `Operation.Status`.
    for (const type of typesIn(definition))
      open.push(...type.replace(/^\.?google\.cloud\.compute\.v1\./, '').split('.'));
  }
  return kept;
}

function typesIn({ fields = {}, methods = {}, nested = {} }: Definition): string[] {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType }) => [requestType, responseType]),
    ...Object.values(nested).flatMap(typesIn),
  ];
}
