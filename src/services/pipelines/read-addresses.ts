import type { KindSpec } from './step-kinds.ts';
import { type Entry, type Placed, quote, type YamlReader } from './yaml-reader.ts';

const MOST_ADDRESSES = 8;
/** RFC 9110: a token, and what a header may carry. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;
/** What the connection says itself. */
const OWN_HEADERS = [
  'host',
  'content-length',
  'content-type',
  'connection',
  'transfer-encoding',
  'x-request-timeout-ms',
];

interface AddressedStep {
  readonly fields: ReadonlyMap<string, Entry>;
  readonly what: string;
  readonly kind: string;
  readonly spec: KindSpec;
  readonly shape: string | undefined;
  readonly at: Placed;
}

/** The URLs of a step; empty where it names none and its kind can do without. @throws PipelineFault */
export function readUrls(reader: YamlReader, { fields, what, kind, spec, shape, at }: AddressedStep): string[] {
  const one = fields.get('url');
  const many = fields.get('urls');
  if (one !== undefined && many !== undefined) throw reader.fault(many, `${what} has url and urls: leave one out`);
  if (one !== undefined) return [readUrl(reader, one, `url of ${what}`)];
  if (many !== undefined) {
    const items = reader.items(many, `urls of ${what}`);
    if (items.length === 0) throw reader.fault(many, `urls of ${what} is empty`);
    const extra = items[MOST_ADDRESSES];
    if (extra !== undefined) throw reader.fault(extra, `${what} has more than ${MOST_ADDRESSES} addresses`);
    return items.map((item) => readUrl(reader, item, `urls of ${what}`));
  }
  if (spec.url === 'required') throw reader.fault(at, `${what} of kind "${kind}" needs a url`);
  if (shape !== undefined && spec.foreign?.includes(shape)) {
    throw reader.fault(fields.get('shape') ?? at, `${what} needs a url: no engine speaks ${shape}`);
  }
  // B has addresses of its own, for which these may say how.
  const stray = kind === 'service-b' ? undefined : ['policy', 'resolve', 'headers'].find((key) => fields.has(key));
  if (stray !== undefined)
    throw reader.fault(fields.get(stray) as Entry, `${stray} of ${what} is of no use without a url`);
  return [];
}

function readUrl(reader: YamlReader, at: Placed, says: string): string {
  const text = reader.filled(at, says);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw reader.fault(at, `${says} must begin with http:// or https://`);
  }
  if (url.username !== '' || url.password !== '') {
    throw reader.fault(at, `${says} has a name and password in it: put them into headers`);
  }
  return url.href;
}

/** @throws PipelineFault that names no value, which may be a secret */
export function readHeaders(reader: YamlReader, at: Placed, says: string): Record<string, string> {
  return Object.fromEntries(
    reader.entries(at, says).map(({ key, ...value }) => {
      const name = key.toLowerCase();
      if (!HEADER_NAME.test(key)) throw reader.fault(value, `${says}: ${quote(key)} is no name of a header`);
      if (OWN_HEADERS.includes(name))
        throw reader.fault(value, `${says}: ${quote(name)} is said by the connection itself`);
      const text = reader.filled(value, `${name} in ${says}`);
      if (HEADER_VALUE.test(text)) return [name, text];
      throw reader.fault(value, `${name} in ${says} has a character that no header can carry`);
    }),
  );
}
