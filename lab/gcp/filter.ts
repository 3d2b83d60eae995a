import { ApiError } from './errors.ts';
import type { Body } from './model.ts';

type Test = (resource: Body) => boolean;

const TOKEN = /\s*(?:(\(|\))|("(?:[^"\\]|\\.)*"|'[^']*')|(!=|<=|>=|=|<|>|:)|([^\s()"'=!<>:]+))/y;

/**
 * A list's `filter`: `name eq "llm-.*"`, `labels.stack = demo`, `name:llm-*`, `(status = RUNNING) AND (name != "x")`.
 *
 * @throws ApiError `invalid`
 */
export function parseFilter(text: string): Test {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at];
  const next = () => tokens[at++];

  function anyOf(): Test {
    const tests = [allOf()];
    while (peek() === 'OR') {
      next();
      tests.push(allOf());
    }
    return (resource) => tests.some((test) => test(resource));
  }

  function allOf(): Test {
    const tests = [term()];
    while (peek() !== undefined && peek() !== ')' && peek() !== 'OR') {
      if (peek() === 'AND') next();
      tests.push(term());
    }
    return (resource) => tests.every((test) => test(resource));
  }

  function term(): Test {
    const token = next();
    if (token === 'NOT' || token === '-') {
      const inner = term();
      return (resource) => !inner(resource);
    }
    if (token === '(') {
      const inner = anyOf();
      if (next() !== ')') throw malformed(text);
      return inner;
    }
    const operator = next();
    const value = next();
    if (token === undefined || operator === undefined || value === undefined) throw malformed(text);
    return comparison(token, operator, value, text);
  }

  const test = anyOf();
  if (peek() !== undefined) throw malformed(text);
  return test;
}

function comparison(field: string, operator: string, quoted: string, text: string): Test {
  const value = unquote(quoted);
  const compare = comparer(operator, value, text);
  return (resource) => compare(fieldOf(resource, field));
}

function comparer(operator: string, value: string, text: string): (found: unknown) => boolean {
  const pattern = (source: string) => new RegExp(`^(?:${source})$`);
  const glob = pattern(value.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'));
  switch (operator) {
    case 'eq':
      return (found) => pattern(value).test(shown(found));
    case 'ne':
      return (found) => !pattern(value).test(shown(found));
    case '=':
      return (found) => glob.test(shown(found));
    case '!=':
      return (found) => !glob.test(shown(found));
    case ':':
      return (found) =>
        found !== undefined && (value === '*' || glob.test(shown(found)) || shown(found).includes(value));
    case '<':
      return (found) => Number(found) < Number(value);
    case '>':
      return (found) => Number(found) > Number(value);
    case '<=':
      return (found) => Number(found) <= Number(value);
    case '>=':
      return (found) => Number(found) >= Number(value);
    default:
      throw malformed(text);
  }
}

function fieldOf(resource: Body, field: string): unknown {
  let value: unknown = resource;
  for (const part of field.split('.')) value = (value as Body | undefined)?.[unquote(part)];
  return value;
}

function shown(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}

function unquote(token: string): string {
  return /^["']/.test(token) ? token.slice(1, -1).replace(/\\(["'])/g, '$1') : token;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (!match) throw malformed(text);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function malformed(text: string): ApiError {
  return new ApiError(400, 'invalid', `Invalid value for field 'filter': '${text}'. Invalid list filter expression.`);
}
