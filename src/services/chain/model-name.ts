/** A model's name with all that Ollama adds to it. */
export interface ModelName {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

const PARTS: Readonly<Record<keyof ModelName, RegExp>> = {
  host: /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}$/,
  namespace: /^[A-Za-z0-9_][A-Za-z0-9_-]{0,79}$/,
  model: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
};

/**
 * Reads a name by Ollama's own rules: `[[SCHEME://]HOST[:PORT]/][NAMESPACE/]MODEL[:TAG]`. No digest: Ollama's grammar
 * names one, and its parser takes none.
 *
 * @returns undefined for what Ollama calls an invalid model name
 * @see types/model/name.go of Ollama 0.17.4, ParseName and IsValid
 */
export function parseModelName(text: string): ModelName | undefined {
  // A colon behind the last slash begins the tag; one before it is a port's.
  const colon = text.lastIndexOf(':');
  const tagged = colon > text.lastIndexOf('/');
  const [model = '', namespace = 'library', ...rest] = (tagged ? text.slice(0, colon) : text).split('/').reverse();
  const place = rest.reverse().join('/');
  const scheme = place.indexOf('://');
  const named = scheme < 0 ? place : place.slice(scheme + 3);
  const host = rest.length === 0 || (scheme >= 0 && named === '') ? 'registry.ollama.ai' : named;
  const name = { host, namespace, model, tag: tagged ? text.slice(colon + 1) : 'latest' };
  return Object.entries(PARTS).every(([part, rule]) => rule.test(name[part as keyof ModelName])) ? name : undefined;
}

/** The same text for all names of one model: the whole name in lower case, since Ollama does not tell cases apart. */
export function canonicalModel(text: string): string {
  const name = parseModelName(text);
  return (name === undefined ? text : `${name.host}/${name.namespace}/${name.model}:${name.tag}`).toLowerCase();
}
