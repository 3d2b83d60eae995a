import { parseJson } from '../words.ts';
import { printable } from './excerpt.ts';

/** What an answer says for itself. */
export interface Said {
  readonly words: string;
  /** A service of the chain says it as `detail`; engines, gateways and everybody else say it otherwise. */
  readonly isDetail: boolean;
}

/** Longer texts are not looked through: they come from the network. */
const MAX_TEXT = 64 * 1024;
/** Faults of a request that are named; some have one for each field. */
const MAX_FAULTS = 3;

/**
 * What a failed answer says about its failure: `detail` (a text, or FastAPI's list of faults), `error` (a text, or an
 * object with a `message`), `message`, the title of a web page, or plain text. Pure.
 *
 * @returns undefined where it says nothing that a person could read
 */
export function saidBy(text: string): Said | undefined {
  const read = text.slice(0, MAX_TEXT);
  // Told apart by its beginning: an exception costs more than all the rest of a request.
  const body = /^\s*[{["]/.test(read) ? parseJson(read) : undefined;
  if (body !== undefined) {
    const words = inBody(body, 0);
    return words === undefined ? undefined : { words, isDetail: hasDetail(body) };
  }
  const words = titleOf(read) ?? plainText(read);
  return words === undefined ? undefined : { words, isDetail: false };
}

/**
 * The error that an answer carries beside its status: `{"error": ...}`, GraphQL's `{"errors": [...]}`, vLLM's
 * `{"object": "error", "message": ...}`, `{"status": "error"}`, `{"success": false}`, or a list with one of these in it.
 * Some servers and gateways send it with 200.
 *
 * @returns undefined where there is none: an error of null, of no letters or members, or of the code 0 is none
 */
export function errorIn(body: unknown, depth = 0): string | undefined {
  if (Array.isArray(body) && depth < MAX_DEPTH) {
    for (const each of body) {
      const words = errorIn(each, depth + 1);
      if (words !== undefined) return words;
    }
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, errors, object, type, status, success } = objectOf(body);
  const isError = isFilled(error) || success === false || [object, type, status].includes('error');
  if (isError) return inBody(body, 0) ?? 'an error without words';
  // A number of errors is a figure.
  if (typeof errors === 'number' || !isFilled(errors)) return undefined;
  return inBody(errors, 0) ?? inBody(body, 0) ?? 'an error without words';
}

/** Whether a field says anything: not null, false, 0 or empty, nor made of such. */
function isFilled(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  return depth > MAX_DEPTH || Object.values(value).some((each) => isFilled(each, depth + 1));
}

/** That a text is a web page, with its title: what a proxy or a login answers in place of an API. */
export function titleOf(text: string): string | undefined {
  if (!/^\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]{0,500}?-->\s*)?<(!doctype html|html|head|body|title)\b/i.test(text))
    return undefined;
  const [, title] =
    /<title[^>]*>([\s\S]{0,300}?)<\/title>/i.exec(text) ?? /<h1[^>]*>([\s\S]{0,300}?)<\/h1>/i.exec(text) ?? [];
  const name = printable((title ?? '').replaceAll(/<[^>]*>/g, ' ').replaceAll(/&#?\w+;/g, entity));
  const from = /<center>\s*(nginx|openresty)/i.exec(text)?.[1];
  const page = name === '' ? 'a web page without a title' : `a web page, "${name}"`;
  return from === undefined ? page : `${page}, of ${from.toLowerCase()}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#039;': "'",
  '&nbsp;': ' ',
};

function entity(name: string): string {
  return ENTITIES[name.toLowerCase()] ?? name;
}

/** Bodies of gateways hold those of what is behind them, a few deep. */
const MAX_DEPTH = 4;

function inBody(body: unknown, depth: number): string | undefined {
  if (typeof body === 'string') return readable(body);
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(body)) return inList(body, depth);
  const { detail, error, message, msg, errors, reason, title, error_description: described } = objectOf(body);
  // Of an error without words, its name.
  const { type, code, status } = objectOf(body);
  const candidates = [
    detail,
    error,
    message,
    msg,
    errors,
    described,
    reason,
    title,
    ...(depth === 0 ? [] : [type, code, status]),
  ];
  for (const candidate of candidates) {
    const words = candidate === undefined || candidate === null ? undefined : inBody(candidate, depth + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}

/** FastAPI names each fault by its place: `{"loc": ["body", "messages", 0], "msg": "Field required"}`. */
function inList(list: readonly unknown[], depth: number): string | undefined {
  const faults = list.slice(0, MAX_FAULTS).flatMap((each) => {
    const { loc } = objectOf(each);
    const place = Array.isArray(loc) ? loc.filter((part) => part !== 'body').join('.') : '';
    const words = inBody(each, depth + 1);
    return words === undefined ? [] : [place === '' ? words : `${place}: ${words}`];
  });
  const more = list.length > MAX_FAULTS ? ` (and ${list.length - MAX_FAULTS} more)` : '';
  return faults.length === 0 ? undefined : readable(`${faults.join('; ')}${more}`);
}

function hasDetail(body: unknown): boolean {
  return typeof objectOf(body).detail === 'string';
}

function plainText(text: string): string | undefined {
  // What is neither text nor JSON says nothing to a person.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell text from other bytes
  if (/[\u0000\ufffd]/.test(text.slice(0, 1000))) return undefined;
  return readable(text.slice(0, 1000));
}

function readable(text: string): string | undefined {
  const line = printable(text.slice(0, MAX_TEXT));
  return line === '' ? undefined : line;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
