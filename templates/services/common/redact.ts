/** Replaces what must not be told. */
export type Redact = (text: string) => string;

/** What is shorter may be any word. */
const LEAST = 6;
/** The same from whoever repeats it. */
const HIDDEN = '***';
/** The mark of a text that was cut. */
const CUT = '…';

/**
 * Some services say which key they do not take, and what they say goes into answers, logs and terminals.
 *
 * @param secrets replaced as they are, percent-encoded, and as JSON has them; a header's value without its scheme, too
 */
export function redactor(secrets: Iterable<string | undefined>): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) for (const form of formsOf(secret ?? '')) if (form.length >= LEAST) forms.add(form);
  // One may be a part of another.
  const known = [...forms].toSorted((one, other) => other.length - one.length);
  return (text) => {
    const hidden = known.reduce((so, form) => so.replaceAll(form, HIDDEN), text);
    return hidden.includes(CUT) ? known.reduce(hideBeginning, hidden) : hidden;
  };
}

/** Where a text was cut, the beginning of a secret may stand at its end. */
function hideBeginning(text: string, form: string): string {
  let hidden = text;
  for (let length = form.length - 1; length >= LEAST; length--) {
    hidden = hidden.replaceAll(form.slice(0, length) + CUT, HIDDEN + CUT);
  }
  return hidden;
}

/** The parts of a URL that nobody else is to know: its password, the values of its query. */
export function secretsOfUrl(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { username, password, search, searchParams } = new URL(url);
  const raw = search.slice(1).split('&');
  return [username, password, ...searchParams.values(), ...raw.map((pair) => pair.slice(pair.indexOf('=') + 1))];
}

/** A URL that may be told: without name, password and query. */
export function toldUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return (origin + pathname).replace(/\/+$/, '');
}

/** The values of headers that are there to be known by one side alone. */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => (SECRET_HEADER.test(name) ? [value] : []));
}

const SECRET_HEADER = /auth|key|token|secret|pass|cookie|sign|credential/i;

function formsOf(secret: string): string[] {
  const bare = secret.trim().replace(SCHEME, '');
  const quoted = JSON.stringify(bare).slice(1, -1);
  return [bare, quoted, quoted.replaceAll('/', '\\/'), encoded(bare)];
}

const SCHEME = /^(?:bearer|basic|token|apikey|api-key) +/i;

/** Half a surrogate pair has no such form. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
