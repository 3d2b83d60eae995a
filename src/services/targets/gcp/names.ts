import type { Ownership } from '../../stack/resource.ts';

/** What an object says of itself. */
export interface Marker extends Ownership {
  readonly key: string;
}

const SIGN = 'chainctl:';
/** Every stack's objects begin with this; also with another stack's name behind it, so only the marker decides. */
const prefixOf = (stack: string) => `chainctl-${stack}-`;

/**
 * The name of an object: at most 63 characters, of which the stack's has at most 20. What the course called `llm-b-mig`
 * is `chainctl-default-llm-b-mig`.
 *
 * @param part short name of the object within the stack, at most 30 characters
 */
export function objectName(stack: string, part: string): string {
  return `${prefixOf(stack)}${part}`;
}

/** Who made something, as a marker can hold it. */
export function ownerText(createdBy: string): string {
  return createdBy.replace(/[^\w.@-]/g, '_').slice(0, 100);
}

/**
 * The marker as an object's description: the one field that every kind of object has and that is set in the call which
 * makes it, so that there is no moment at which it exists without an owner.
 */
export function describe({ stack, key, createdBy, expiresAt }: Marker): string {
  const fields = { stack, key, by: ownerText(createdBy), expires: expiresAt };
  const words = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  return [SIGN, ...words].join(' ');
}

/** What a description says; undefined for an object that chainctl did not make. */
export function readMarker(description: string | null | undefined): Marker | undefined {
  const [sign, ...words] = (description ?? '').split(' ');
  if (sign !== SIGN) return undefined;
  const fields = new Map(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
  const stack = fields.get('stack');
  const key = fields.get('key');
  if (stack === undefined || key === undefined) return undefined;
  return { stack, key, createdBy: fields.get('by') ?? 'unknown', expiresAt: fields.get('expires') };
}

/** Labels, for those kinds that have them: what `gcloud --filter labels.chainctl-stack=...` finds. */
export function labelsOf({ stack }: Ownership, key: string): Record<string, string> {
  return { 'chainctl-stack': stack, 'chainctl-key': key };
}

/** Filter of a list call for what may be the stack's: the API's own comparison, a regular expression on the whole name. */
export function nameFilter(stack: string): string {
  return `name eq "${prefixOf(stack)}.*"`;
}

/** `europe-west3` of `europe-west3-c`. */
export function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

/** The last part of a URL of the API: a name, where it names the whole path. */
export function shortName(url: string | null | undefined): string {
  return (url ?? '').split('/').at(-1) ?? '';
}
