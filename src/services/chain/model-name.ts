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

/** What Ollama puts where a separator promises a part and none stands. */
const MISSING = '!MISSING!';

/**
 * Reads `[[scheme://]host/][namespace/]model[:tag]`; what is left out is Ollama's registry, `library`, and `latest`.
 * @returns undefined for what Ollama calls an invalid model name
 */
export function parseModelName(text: string): ModelName | undefined {
  const name = modelNameParts(text);
  const { host, namespace, model, tag } = name;
  return HOST.test(host) && NAMESPACE.test(namespace) && PART.test(model) && PART.test(tag) ? name : undefined;
}

/** The same without a look at what the parts are. */
export function modelNameParts(text: string): ModelName {
  // A colon before the last slash belongs to a port.
  const hasTag = text.lastIndexOf(':') > text.lastIndexOf('/');
  const [path, tag = DEFAULT_TAG] = hasTag ? cutLast(text, ':') : [text];
  const [beforeModel, model = path] = cutLast(path, '/');
  if (model === path) return { host: DEFAULT_HOST, namespace: DEFAULT_NAMESPACE, model, tag };
  const [host, namespace] = cutLast(beforeModel, '/');
  if (namespace === undefined) return { host: DEFAULT_HOST, namespace: host, model, tag };
  return { host: host.replace(/^.*?:\/\//, '') || DEFAULT_HOST, namespace, model, tag };
}

/** What is before the last separator, and what after it; that is undefined where there is none. */
function cutLast(text: string, separator: string): [before: string, after?: string] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at) || MISSING, text.slice(at + 1) || MISSING];
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
