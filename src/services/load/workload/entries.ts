import { defined } from '../../defined.ts';
import type { Ask } from '../protocols/ask.ts';
import { type Place, placeText, show } from './records.ts';
import type { SourceFault } from './source-file.ts';

export type Messages = Ask['messages'];
type Message = Messages[number];

/** A prompt or a conversation of a data set, whatever form it was written in. */
export interface Entry {
  /** Of the first request: a plain prompt, or all that was said up to the user's last word. */
  readonly messages: Messages;
  /** What the user said next, one text a turn; with `--turns` each is a request that carries the ones before. */
  readonly more: readonly string[];
  /** Most tokens of the answer, where the entry tells. */
  readonly maxTokens?: number;
  /** Characters of the answer, where the entry has it: what `--max-tokens dataset` goes by without a number. */
  readonly answerCharacters?: number;
  /** The same of the answers to `more`; 0 where there is none. */
  readonly moreAnswers?: readonly number[];
}

type Fields = Readonly<Record<string, unknown>>;

/** An entry's text is not what it should be: the sentence goes on after `line 7 `. */
class Unusable extends Error {}

/** How the entries of a data set are written; the first one that an entry has the field of is meant. */
interface Form {
  readonly name: string;
  readonly field: string;
  /** undefined where there is nothing to ask: such an entry is left out, and counted. */
  read(fields: Fields, value: unknown): Omit<Entry, 'maxTokens'> | undefined;
}

/** A new form is a line here. */
const FORMS: readonly Form[] = [
  { name: 'messages', field: 'messages', read: (_, value) => conversation(listOf(value, 'messages').map(message)) },
  { name: 'ShareGPT', field: 'conversations', read: (_, value) => sharedTurns(listOf(value, 'conversations')) },
  { name: 'ShareGPT', field: 'conversation', read: (_, value) => sharedTurns(listOf(value, 'conversation')) },
  { name: 'turns', field: 'turns', read: (_, value) => userTurns(listOf(value, 'turns').map(turnText)) },
  { name: 'prompts', field: 'prompt', read: (_, value) => prompted(value, 'prompt') },
  { name: 'instructions', field: 'instruction', read: (fields, value) => instructed(value, fields) },
  { name: 'prompts', field: 'text_input', read: (_, value) => prompted(value, 'text_input') },
  { name: 'prompts', field: 'text', read: (_, value) => prompted(value, 'text') },
];

const MAX_TOKENS = ['max_tokens', 'max_completion_tokens', 'output_length', 'output_tokens', 'output_tokens_count'];
const ANSWERS = ['completion', 'response', 'answer', 'output'];

/** A conversation turn by turn. */
export interface Turns extends Pick<Entry, 'messages' | 'more'> {
  /** Characters of the answer to each turn; undefined where none is recorded. */
  readonly answers: readonly (number | undefined)[];
}

/** What the first request of a conversation is, what the user says after each answer, and how long the answers were. */
export function turnsOf({ messages, more, answerCharacters, moreAnswers = [] }: Entry): Turns {
  const [first = 0, ...later] = messages.flatMap(({ role }, at) => (role === 'user' ? [at] : []));
  const said = later.map((at) => (messages[at] as Message).content);
  return {
    messages: messages.slice(0, first + 1),
    more: [...said, ...more],
    answers: [
      // Before each turn but the first stands what was answered to the one before.
      ...later.map((at) => answerOfRole(messages[at - 1])),
      answerCharacters,
      ...more.map((_, at) => moreAnswers[at] || undefined),
    ],
  };
}

function answerOfRole(message: Message | undefined): number | undefined {
  return message?.role === 'assistant' ? message.content.length || undefined : undefined;
}

/** Characters of all messages together. */
export function charactersOf({ messages }: Pick<Entry, 'messages'>): number {
  return messages.reduce((sum, { content }) => sum + content.length, 0);
}

/** An entry, and what form it was written in; no entry where there is nothing to ask in it. */
export interface ReadEntry {
  readonly form: string;
  readonly entry?: Entry;
}

/**
 * Reads an entry in whichever of the forms that are in use.
 *
 * @throws RemedyError (exit 2) that names the place and what is wrong
 */
export function readEntry(value: Fields, place: Place, fault: SourceFault): ReadEntry {
  // A line of OpenAI's batches has the request's body in it.
  const fields = isFields(value.body) ? value.body : value;
  const form = FORMS.find(({ field }) => fields[field] !== undefined);
  if (form === undefined) {
    const has = Object.keys(fields).slice(0, 8).join(', ') || 'no field at all';
    const fit = 'an entry is {"prompt": "..."}, {"messages": [...]} or {"conversations": [...]}, a line each';
    throw fault.make(`${placeText(place)} has no prompt: its fields are ${has.slice(0, 120)}`, [fit]);
  }
  try {
    const read = form.read(fields, fields[form.field]);
    if (read === undefined) return { form: form.name };
    return { form: form.name, entry: { ...read, ...answerOf(fields) } };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw fault.make(`${placeText(place)} ${error.message}`, show(place));
  }
}

function answerOf(fields: Fields): Pick<Entry, 'maxTokens' | 'answerCharacters'> {
  const name = MAX_TOKENS.find((each) => fields[each] !== undefined && fields[each] !== null);
  if (name !== undefined) {
    const given = fields[name];
    // What was made of a table has numbers as text.
    const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return { maxTokens: value };
    throw new Unusable(`has "${name}": ${JSON.stringify(value)?.slice(0, 40)}, which is not 1 or more`);
  }
  const answer = ANSWERS.map((each) => fields[each]).find((each) => typeof each === 'string' && each !== '');
  return typeof answer === 'string' ? { answerCharacters: answer.length } : {};
}

function prompted(value: unknown, field: string) {
  // Chat messages in the field of a prompt, as some data sets have them.
  if (Array.isArray(value)) return conversation(value.map(message));
  return { messages: [asked(textOf(value, `"${field}"`))], more: [] };
}

function instructed(value: unknown, { input }: Fields) {
  const instruction = textOf(value, '"instruction"');
  const more = typeof input === 'string' && input !== '' ? `\n\n${input}` : '';
  return { messages: [asked(instruction + more)], more: [] };
}

function userTurns(texts: readonly string[]) {
  const [first, ...more] = texts;
  if (first === undefined) throw new Unusable('has no turn in "turns"');
  return { messages: [asked(first)], more };
}

function turnText(turn: unknown): string {
  if (typeof turn === 'string') return textOf(turn, 'a turn');
  if (isFields(turn)) return textOf(turn.text ?? turn.prompt ?? turn.content, 'a turn');
  throw new Unusable('has a turn that is no text');
}

/** All up to the user's last word is one request; what an assistant said after it is the answer. */
function conversation(messages: Messages) {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  if (last < 0) throw new Unusable('has no message of the user');
  const answer = messages.slice(last + 1).find(({ role }) => role === 'assistant')?.content;
  return { messages: messages.slice(0, last + 1), more: [], ...(answer ? { answerCharacters: answer.length } : {}) };
}

const ROLES: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
};

function message(value: unknown, at: number): Message {
  if (!isFields(value)) throw new Unusable(`has a message that is no object, number ${at + 1}`);
  const role = ROLES[String(value.role ?? value.from)];
  if (role === undefined) {
    throw new Unusable(`has a message with the role ${JSON.stringify(value.role)?.slice(0, 40)}, number ${at + 1}`);
  }
  const { content } = value;
  if (Array.isArray(content)) return { role, content: content.map(partText).join('') };
  if (typeof content !== 'string') throw new Unusable(`has a message without text, number ${at + 1}`);
  return { role, content };
}

function partText(part: unknown): string {
  if (isFields(part) && part.type === 'text' && typeof part.text === 'string') return part.text;
  throw new Unusable('has a message with a part that is no text: only text is sent');
}

/** What people said in order; their first turn is the request, and what was answered to it tells the length. */
function sharedTurns(values: readonly unknown[]) {
  const said = values.map((value, at): Message => {
    if (!isFields(value)) throw new Unusable(`has a turn that is no object, number ${at + 1}`);
    const { from = value.role, value: text = value.content } = value;
    const role = ROLES[String(from)];
    // Tools and the like are left out: nobody can say it in their place.
    return { role: role ?? 'system', content: role === undefined || typeof text !== 'string' ? '' : text };
  });
  const first = said.findIndex(({ role, content }) => role === 'user' && content.trim() !== '');
  const user = said[first];
  if (user === undefined) return undefined;
  const before = said.slice(0, first).filter(({ role, content }) => role === 'system' && content !== '');
  const answerTo = (at: number) => answerOfRole(said[at + 1]);
  const more = said.flatMap(({ role, content }, at) =>
    at > first && role === 'user' && content.trim() !== '' ? [{ content, answer: answerTo(at) ?? 0 }] : [],
  );
  return defined({
    messages: [...before, user],
    more: more.map(({ content }) => content),
    answerCharacters: answerTo(first),
    moreAnswers: more.length === 0 ? undefined : more.map(({ answer }) => answer),
  });
}

const asked = (content: string): Message => ({ role: 'user', content });

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Unusable(`has no text in ${what}`);
  if (value.trim() === '') throw new Unusable(`has an empty text in ${what}`);
  return value;
}

function listOf(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Unusable(`has no list in "${field}"`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
