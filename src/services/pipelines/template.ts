import { firstCodePoints, lastCodePoints } from './code-points.ts';

/** A value of a step, with its templates parsed: whatever YAML can say. */
export type Value =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'text'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: string, value: Value])[] };

/** `steps.rerank.text | or steps.retrieve.text | first 6000` */
interface Expression {
  readonly path: Path;
  readonly filters: readonly Filter[];
}

/** `steps.fetch.json.items.0`: at least two words. */
export type Path = readonly string[];

type Filter =
  | { readonly name: 'first' | 'last'; readonly count: number }
  | { readonly name: 'json' }
  | { readonly name: 'join'; readonly by: string }
  | { readonly name: 'or'; readonly path: Path };

/** What templates can name. */
export interface TemplateData {
  readonly input: { readonly text: string; readonly messages: unknown; readonly system: string };
  readonly steps: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A rendered value that nothing may carry; the step fails with it. */
export class TooLarge extends Error {}

/** In UTF-16 units. A template may name a long text often. */
const MOST_RENDERED = 8 << 20;
const EXPRESSION = /\{\{([^{}"]|"(?:[^"\\]|\\.)*")*\}\}/g;
const PATH = /^[a-z]+(\.[\w-]+)+$/i;
const TOKEN = /\s*(\||"(?:[^"\\]|\\.)*"|[^\s|"]+)/y;
export const FILTERS = ['first', 'last', 'json', 'join', 'or'] as const;

/**
 * Parses a text with `{{ PATH | FILTER }}` in it.
 *
 * @throws Error that says what is wrong with which expression
 */
export function parseTemplate(text: string): Value {
  const parts: (string | Expression)[] = [];
  let end = 0;
  for (const match of text.matchAll(EXPRESSION)) {
    if (match.index > end) parts.push(plainPart(text.slice(end, match.index)));
    parts.push(parseExpression(match[0].slice(2, -2)));
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(plainPart(text.slice(end)));
  const expressions = parts.filter((part) => typeof part !== 'string');
  const [only] = expressions;
  if (only === undefined) return { kind: 'literal', value: text };
  const isWhole = expressions.length === 1 && parts.every((part) => typeof part !== 'string' || part.trim() === '');
  return isWhole ? { kind: 'expression', expression: only } : { kind: 'text', parts };
}

function plainPart(text: string): string {
  const open = text.indexOf('{{');
  if (open < 0) return text;
  throw new Error(`${quoted(text.slice(open))} is no template: write for example {{ input.text | first 500 }}`);
}

function parseExpression(text: string): Expression {
  const words: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`{{${text}}} has a text that does not end`);
    words.push(match[1] as string);
  }
  const [path, ...filters] = split(words);
  if (path?.length !== 1 || !PATH.test(path[0] as string)) {
    throw new Error(`${quoted(path?.join(' ') ?? '')} is no path: write for example input.text or steps.NAME.text`);
  }
  return { path: (path[0] as string).split('.'), filters: filters.map(parseFilter) };
}

/** The words between bars. */
function split(words: readonly string[]): string[][] {
  const groups: string[][] = [[]];
  for (const word of words) {
    if (word === '|') groups.push([]);
    else groups.at(-1)?.push(word);
  }
  return groups;
}

function parseFilter([name = '', argument, ...more]: readonly string[]): Filter {
  const wrong = (how: string) =>
    new Error(`filter ${quoted([name, argument, ...more].join(' ').trim())}: write ${how}`);
  if (more.length > 0) throw wrong(`one value after ${name}`);
  switch (name) {
    case 'first':
    case 'last':
      if (argument === undefined || !/^\d{1,9}$/.test(argument)) throw wrong(`${name} and a number: ${name} 500`);
      return { name, count: Number(argument) };
    case 'json':
      if (argument !== undefined) throw wrong('json alone');
      return { name };
    case 'join':
      return { name, by: separator(argument, wrong) };
    case 'or':
      if (argument === undefined || !PATH.test(argument)) throw wrong('or and a path: or steps.NAME.text');
      return { name, path: argument.split('.') };
    default:
      throw new Error(`unknown filter ${quoted(name)}`);
  }
}

function separator(argument: string | undefined, wrong: (how: string) => Error): string {
  try {
    if (argument?.startsWith('"')) return JSON.parse(argument) as string;
  } catch {}
  throw wrong('join and a text in quotes: join ", "');
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Every path that a value names. */
export function pathsOf(value: Value): Path[] {
  switch (value.kind) {
    case 'literal':
      return [];
    case 'expression':
      return pathsIn(value.expression);
    case 'text':
      return value.parts.flatMap((part) => (typeof part === 'string' ? [] : pathsIn(part)));
    case 'list':
      return value.items.flatMap(pathsOf);
    case 'map':
      return value.entries.flatMap(([, each]) => pathsOf(each));
  }
}

function pathsIn({ path, filters }: Expression): Path[] {
  return [path, ...filters.flatMap((filter) => (filter.name === 'or' ? [filter.path] : []))];
}

/**
 * Fills in a value. One pass: what is filled in is never read as a template. What is not there is an empty text in a text,
 * and undefined where it is the whole value.
 *
 * @throws TooLarge
 */
export function render(value: Value, data: TemplateData): unknown {
  switch (value.kind) {
    case 'literal':
      return value.value;
    case 'expression':
      return evaluate(value.expression, data);
    case 'text':
      return joined(value.parts, data);
    case 'list':
      return value.items.map((each) => render(each, data) ?? null);
    case 'map':
      return Object.fromEntries(value.entries.map(([key, each]) => [key, render(each, data) ?? null]));
  }
}

function joined(parts: readonly (string | Expression)[], data: TemplateData): string {
  let text = '';
  for (const part of parts) {
    text += typeof part === 'string' ? part : asText(evaluate(part, data));
    if (text.length > MOST_RENDERED)
      throw new TooLarge(`what its templates make is larger than ${MOST_RENDERED} characters`);
  }
  return text;
}

function evaluate({ path, filters }: Expression, data: TemplateData): unknown {
  let value = lookUp(path, data);
  for (const filter of filters) value = filtered(filter, value, data);
  return value;
}

function filtered(filter: Filter, value: unknown, data: TemplateData): unknown {
  switch (filter.name) {
    case 'first':
      return Array.isArray(value) ? value.slice(0, filter.count) : firstCodePoints(asText(value), filter.count);
    case 'last':
      return Array.isArray(value)
        ? value.slice(Math.max(0, value.length - filter.count))
        : lastCodePoints(asText(value), filter.count);
    case 'json':
      return JSON.stringify(value ?? null);
    case 'join':
      return Array.isArray(value) ? value.map(asText).join(filter.by) : asText(value);
    case 'or':
      return isEmpty(value) ? lookUp(filter.path, data) : value;
  }
}

function lookUp(path: Path, data: TemplateData): unknown {
  let value: unknown = data;
  for (const word of path) {
    // Own properties only: `constructor` is no field of an answer.
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, word)) return undefined;
    value = (value as Record<string, unknown>)[word];
  }
  return value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
