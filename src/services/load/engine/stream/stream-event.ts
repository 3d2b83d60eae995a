import { errorIn } from '../../../chain/said.ts';
import { parseJson } from '../../../words.ts';
import { type Usage, usageOf } from '../../protocols/usage.ts';
import { brief } from '../brief.ts';
import { readOther } from './other-event.ts';

/** What one event of a streamed answer says. */
export interface StreamEvent {
  /** Whether it brought a piece of the answer: text, a refusal, or a part of a tool call. */
  readonly hasText: boolean;
  readonly hasReasoning: boolean;
  /** The piece of text, where it is one. */
  readonly text: string;
  /** Why the answer ends here (`stop`, `length`, ...); a stream may go on with its counts. */
  readonly finish?: string;
  /** Nothing follows: `done` where the event itself says so, `marker` for `[DONE]`. */
  readonly closed?: 'done' | 'marker';
  readonly error?: string;
  readonly host?: string;
  /** The step of a chain that it is of. */
  readonly hop?: string;
  /** The model that says it answers. */
  readonly model?: string;
  readonly usage?: Usage;
  /** The answers that it is of, where it is not the first alone: each has an end of its own. */
  readonly choices?: readonly Choice[];
}

/** One of several answers to the same request. */
interface Choice {
  readonly index: number;
  readonly isEnded: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const MARKER: StreamEvent = { hasText: false, hasReasoning: false, text: '', closed: 'marker' };

/**
 * Reads an event of Ollama's form (`response`, `message`, `done`), of OpenAI's (`choices[].delta` or `.text`, `usage`,
 * `[DONE]`), of llama-server's own (`content`, `stop`), of the chain's (`hop`, `token`) or of other makers' own.
 *
 * @returns undefined when it is neither JSON nor the marker
 */
export function readEvent(data: string): StreamEvent | undefined {
  if (data === '[DONE]') return MARKER;
  const event = parseJson(data);
  if (event === undefined) return undefined;
  const body = objectOf(event);
  const choice = choiceOf(body.choices);
  const delta = objectOf(choice.delta);
  const other = readOther(body);
  // A whole answer has a message where a stream has deltas.
  const message = objectOf(body.message ?? choice.message);
  const error = failureIn(event, body, choice) ?? errorOf(other.error);
  if (error !== undefined) return { hasText: false, hasReasoning: false, text: '', error: brief(error) };
  const pieces = [delta.content, choice.text, message.content, body.response, body.token, body.content, delta.refusal];
  const text = [...pieces, other.text].map((piece) => textOf(piece)).find((piece) => piece !== '') ?? '';
  const reasoning = [
    delta.reasoning_content,
    delta.reasoning,
    delta.thinking,
    message.reasoning_content,
    message.reasoning,
    message.thinking,
    body.thinking,
    thoughtsIn(delta.content),
    other.reasoning,
  ];
  const isTool = [delta.tool_calls, message.tool_calls].some((calls) => Array.isArray(calls) && calls.length > 0);
  const reason = choice.finish_reason ?? body.done_reason ?? other.finish;
  const model = body.model ?? other.model;
  const usage = usageOf(body);
  // In the form of OpenAI's API, the services of the chain tell what is theirs apart.
  const host = [body.host, objectOf(body.chainctl).host].find((each) => typeof each === 'string');
  return {
    hasText: text !== '' || isTool || isFilled(delta.function_call),
    hasReasoning: reasoning.some((piece) => textOf(piece) !== ''),
    text,
    // Some servers write an empty reason into every event.
    ...(typeof reason === 'string' && reason !== '' ? { finish: brief(reason) } : {}),
    ...(body.done === true || body.stop === true || other.isLast === true ? { closed: 'done' as const } : {}),
    ...(host === undefined ? {} : { host: brief(host) }),
    ...(isStepName(body.hop) ? { hop: body.hop } : {}),
    ...(typeof model === 'string' && model !== '' ? { model: brief(model) } : {}),
    ...(isFilled(usage) ? { usage } : {}),
    ...severalIn(body.choices),
  };
}

/** Names of a graph's steps, `a` and `b` where nothing else is deployed; anything else is no name. */
function isStepName(hop: unknown): hop is string {
  return typeof hop === 'string' && /^[a-z][a-z0-9_-]{0,31}$/.test(hop);
}

function severalIn(choices: unknown): Pick<StreamEvent, 'choices'> {
  const all = Array.isArray(choices) ? choices.map(objectOf) : [];
  const isFirst = all.every(({ index = 0 }) => index === 0);
  const indexOf = (index: unknown) => (typeof index === 'number' ? index : 0);
  const ended = (reason: unknown) => typeof reason === 'string' && reason !== '';
  return isFirst
    ? {}
    : { choices: all.map((each) => ({ index: indexOf(each.index), isEnded: ended(each.finish_reason) })) };
}

/** The choice that an event is of: of several answers at once each has events of its own, or they share one. */
function choiceOf(choices: unknown): Record<string, unknown> {
  if (!Array.isArray(choices)) return {};
  const all = choices.length > 1 ? choices.map(objectOf) : [];
  const speaks = all.find(({ delta, text }) => textOf(text) !== '' || textOf(objectOf(delta).content) !== '');
  return speaks ?? objectOf(choices[0]);
}

/** What an event that is none of an answer says of a failure. */
export function errorOf(error: unknown): string | undefined {
  if (typeof error === 'string' && error !== '') return error;
  const { message, detail } = objectOf(error);
  const said = [message, detail, objectOf(error).error].find((text) => typeof text === 'string' && text !== '');
  return typeof said === 'string' ? said : isFilled(error) ? 'no reason given' : undefined;
}

function failureIn(event: unknown, body: Fields, choice: Fields) {
  const said = errorIn(event) ?? errorOf(objectOf(body.x_groq).error);
  if (said !== undefined) return said;
  if (choice.finish_reason === 'error' || body.done_reason === 'error') return 'it ends with finish_reason "error"';
  // FastAPI's form; no event of an answer has it.
  return body.choices === undefined && body.done === undefined && typeof body.detail === 'string' && body.detail !== ''
    ? body.detail
    : undefined;
}

/** Parts of parts: what is deeper is none of an answer, and might be as deep as a stack. */
const MAX_DEPTH = 4;

/** A piece as a string, as an object with a text, or in parts. */
function textOf(piece: unknown, depth = 0): string {
  if (typeof piece === 'string') return piece;
  if (Array.isArray(piece)) {
    return depth > MAX_DEPTH ? '' : piece.map((each) => textOf(objectOf(each).text, depth + 1)).join('');
  }
  const { text } = objectOf(piece);
  return typeof text === 'string' ? text : '';
}

/** Content in parts may have thoughts among them. */
function thoughtsIn(content: unknown): string {
  return Array.isArray(content) ? content.map((part) => textOf(objectOf(part).thinking)).join('') : '';
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
