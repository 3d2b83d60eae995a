import { nearest } from '../../../config/nearest.ts';
import { remedy } from '../../../errors.ts';
import { parseJson } from '../../words.ts';
import { type Ask, asking, promptOf, type RequestForm } from './ask.ts';

/** What stands in a template for what changes. `{{prompt}}` and `{{model}}` stand between the quotes of the template. */
const PLACES: Readonly<Record<string, (ask: Ask, form: RequestForm) => string>> = {
  prompt: (ask) => inQuotes(promptOf(ask)),
  messages: ({ messages }) => JSON.stringify(messages),
  model: (_, { model = '' }) => inQuotes(model),
  max_tokens: ({ maxTokens }) => (maxTokens === undefined ? 'null' : String(maxTokens)),
  stream: (_, { stream }) => String(stream),
  request: ({ request = 0 }) => String(request),
};

const PLACE = /\{\{\s*([\w-]*)\s*\}\}/g;

/** A body by its template; what is no place stays as it is. */
export function fillTemplate(template: string, ask: Ask, form: RequestForm): string {
  return template.replaceAll(PLACE, (whole, name: string) => PLACES[name]?.(ask, form) ?? whole);
}

/** Whether a template makes bodies that differ. */
export function isSameForAll(template: string): boolean {
  return ![...template.matchAll(PLACE)].some(([, name]) => ['prompt', 'messages', 'request'].includes(name ?? ''));
}

/** Whether a template's requests ask for a stream where the load does, or always. */
export function asksForStream(template: string): boolean {
  return /"stream"\s*:\s*true\b|\{\{\s*stream\s*\}\}/.test(template);
}

/**
 * A template as it was read from a file.
 *
 * @returns it, without a byte order mark
 * @throws RemedyError (exit 2), with the line of the fault, when it has a place that there is not, or is no JSON when
 *   filled in
 */
export function checkTemplate(text: string, path: string): string {
  const template = text.replace(/^\ufeff/, '');
  const refused = (fault: string, step: string) => remedy.usage('body-template', `${path}: ${fault}`, [step]);
  for (const { 1: name = '', index } of template.matchAll(PLACE)) {
    if (PLACES[name] !== undefined) continue;
    const meant = nearest(name, Object.keys(PLACES));
    const step = meant === undefined ? `places are ${names()}` : `did you mean {{${meant}}}? places are ${names()}`;
    throw refused(`line ${lineAt(template, index)} has a place {{${name}}}, which there is not`, step);
  }
  const form: RequestForm = { api: '', stream: false, model: 'm' };
  const filled = fillTemplate(template, { ...asking('p'), maxTokens: 1, request: 1 }, form);
  if (parseJson(filled) !== undefined) return template;
  const quotes = 'write "{{prompt}}" and "{{model}}" in quotes, and {{messages}}, {{max_tokens}}, {{stream}} without';
  throw refused(`line ${lineAt(filled, faultIn(filled))} is no JSON when filled in`, quotes);
}

/** Where a text stops being the beginning of JSON: the parser does not always tell. */
function faultIn(text: string): number {
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (mayGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function mayGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const at = Number(/ position (\d+)/.exec(message)?.[1] ?? Number.NaN);
    return /end of JSON|Unterminated/.test(message) || at === beginning.length;
  }
}

function names(): string {
  return Object.keys(PLACES)
    .map((name) => `{{${name}}}`)
    .join(', ');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function inQuotes(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
