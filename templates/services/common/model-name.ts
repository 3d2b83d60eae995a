/** A model's name with all four parts, as Ollama's `types/model/name.go` reads it. */
export interface ModelName {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

const DEFAULT_HOST = 'registry.ollama.ai';
const DEFAULT_NAMESPACE = 'library';
const DEFAULT_TAG = 'latest';

/** A host may have a port, a namespace no dot; the lengths are Ollama's. */
const HOST = /^\w[\w.:-]{0,349}$/;
const NAMESPACE = /^\w[\w-]{0,79}$/;
const PART = /^\w[\w.-]{0,79}$/;

/**
 * Reads `[[scheme://]host/][namespace/]model[:tag]`; what is left out is Ollama's registry, `library`, and `latest`.
 * @returns undefined for what Ollama calls an invalid model name
 */
export function parseModelName(text: string): ModelName | undefined {
  const colon = text.lastIndexOf(':');
  // A colon before the last slash belongs to a port.
  const hasTag = colon > text.lastIndexOf('/');
  const path = (hasTag ? text.slice(0, colon) : text).split('/');
  const model = path.pop() as string;
  // A slash promises a part, and an empty one is not the default.
  const namespace = path.length === 0 ? DEFAULT_NAMESPACE : (path.pop() as string);
  const host = path.length === 0 ? DEFAULT_HOST : path.join('/').replace(/^[^/]*?:\/\//, '');
  const tag = hasTag ? text.slice(colon + 1) : DEFAULT_TAG;
  if (!HOST.test(host) || !NAMESPACE.test(namespace) || !PART.test(model) || !PART.test(tag)) return undefined;
  return { host, namespace, model, tag };
}

/** The form in which Ollama lists a model: without the registry and namespace that are its defaults. */
export function shortModelName({ host, namespace, model, tag }: ModelName): string {
  if (host.toLowerCase() !== DEFAULT_HOST) return `${host}/${namespace}/${model}:${tag}`;
  return namespace.toLowerCase() === DEFAULT_NAMESPACE ? `${model}:${tag}` : `${namespace}/${model}:${tag}`;
}

/** With every part, as Ollama's messages have it. */
export function longModelName({ host, namespace, model, tag }: ModelName): string {
  return `${host}/${namespace}/${model}:${tag}`;
}

/** One text for all the names of a model: the short form in lower case, since Ollama does not tell case apart. */
export function canonicalModelName(text: string): string {
  const name = parseModelName(text);
  return (name === undefined ? text : shortModelName(name)).toLowerCase();
}
