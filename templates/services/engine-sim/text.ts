import { logNormal, type Random, seededRandom } from './spread.ts';
import type { ToolCall } from './wire.ts';

export const TOKEN_CHARS = 4;
/** As many as a model of today knows. */
const VOCABULARY = 256_000;

/**
 * About four characters of English make a token; Ollama's counts differ by model, a simulation needs one rule. Equal
 * beginnings of texts have equal tokens.
 */
export function tokenize(text: string): number[] {
  const tokens: number[] = [];
  for (let start = 0; start < text.length; start += TOKEN_CHARS) {
    tokens.push(hashText(text, start, start + TOKEN_CHARS) % VOCABULARY);
  }
  // A model begins somewhere.
  return tokens.length === 0 ? [0] : tokens;
}

export interface TextRequest {
  readonly prompt: string;
  readonly seed: number;
  /** 0 always takes the same way through the prompt; above it, the seed chooses. */
  readonly temperature: number;
  /** The most tokens to produce; 0 or less for as many as the text wants. */
  readonly maxTokens: number;
  /** How many tokens it wants, in the mean of many texts; Infinity for as many as it may. */
  readonly meanTokens: number;
  readonly stop: readonly string[];
  /** An answer that is to be JSON is an object with the text in it. */
  readonly json: boolean;
}

export interface GeneratedText {
  /** One word each, with its leading space and punctuation. */
  readonly tokens: readonly string[];
  /** Tokens the model had to produce: the one with which it ends, and what a stop word cut off, included. */
  readonly count: number;
  /** As Ollama says it: `length` when the limit cut the text, `stop` when it came to its end or to a stop word. */
  readonly doneReason: 'stop' | 'length';
}

/** Longer prompts are sampled from their beginning: more words would make no better text. */
const MAX_WORDS = 400;
const MAX_WORD_CHARS = 32;
/** A text without an end has one here: its tokens are made before the first is sent. */
const MAX_TOKENS = 50_000;
/** Of the logarithm of the answers' lengths: most are short, a few are long. */
const LENGTH_SPREAD = 0.8;

/** What a model says to a request. */
export interface Saying extends GeneratedText {
  /** Tokens of reasoning, before the others; `count` has them, too. */
  readonly thinking: readonly string[];
  /** Said in the place of a text. */
  readonly toolCall?: ToolCall;
}

/**
 * Reasons first, then answers or calls; what the request allows is for both together.
 *
 * @param thinkingTokens how many
 * @param toolCall made if it fits
 */
export function say(request: TextRequest, thinkingTokens: number, toolCall: ToolCall | undefined): Saying {
  const limit = request.maxTokens > 0 ? request.maxTokens : Infinity;
  const thinking = thinkingTokens === 0 ? [] : reason(request, Math.min(thinkingTokens, limit));
  const left = limit - thinking.length;
  if (left === 0) return { thinking, tokens: [], count: thinking.length, doneReason: 'length' };
  if (toolCall) {
    const count = tokenize(JSON.stringify(toolCall)).length;
    if (count <= left) return { thinking, tokens: [], count: thinking.length + count, doneReason: 'stop', toolCall };
  }
  const text = generateText({ ...request, maxTokens: left === Infinity ? 0 : left });
  return { ...text, thinking, count: thinking.length + text.count };
}

function reason(request: TextRequest, maxTokens: number): readonly string[] {
  const seed = (request.seed + 1) >>> 0;
  return generateText({ ...request, seed, maxTokens, meanTokens: Infinity, stop: [], json: false }).tokens;
}

/** Text made of the prompt's own words, with an end of its own. The same request with the same seed gives the same. */
export function generateText(request: TextRequest): GeneratedText {
  const random = seededRandom(request.seed);
  const wanted = wantedTokens(request.meanTokens, random);
  const limit = request.maxTokens > 0 ? Math.min(request.maxTokens, MAX_TOKENS) : MAX_TOKENS;
  const ends = wanted <= limit;
  // The last one is the token that ends a text, and no part of it.
  const words = sayWords(request, ends ? wanted - 1 : limit, random);
  const tokens = request.json ? asJson(words, ends) : words;
  const whole: GeneratedText = { tokens, count: ends ? wanted : limit, doneReason: ends ? 'stop' : 'length' };
  return request.stop.length === 0 ? whole : stopAt(whole, request.stop, limit);
}

function wantedTokens(mean: number, random: Random): number {
  return mean === Infinity ? Infinity : Math.max(1, Math.round(logNormal(mean, LENGTH_SPREAD, random)));
}

/** A walk along "this word was followed by that one", cut into sentences. */
function sayWords({ prompt, temperature }: TextRequest, total: number, random: Random): string[] {
  const { words, follows, forms } = vocabularyOf(prompt);
  const tokens: string[] = [];
  let at = Math.floor(random() * words.length);
  let leftInSentence = 0;
  for (let i = 0; i < total; i++) {
    const starts = leftInSentence === 0;
    if (starts) leftInSentence = 6 + Math.floor(random() * 9);
    const word = words[at] as string;
    leftInSentence--;
    const ends = leftInSentence === 0;
    tokens.push(i === 0 ? formOf(word, starts, ends).slice(1) : formAt(forms, at, word, starts, ends));
    const next = follows.get(word.toLowerCase()) as number[];
    const choice = temperature > 0 ? Math.floor(random() * next.length) : i % next.length;
    at = ((next[choice] as number) + 1) % words.length;
  }
  return tokens;
}

/** Its first and last token are what is around the text; one that was cut off has no last one. */
function asJson(words: readonly string[], ends: boolean): string[] {
  if (!ends) return ['{"text": "', ...words.slice(1)];
  return words.length < 2 ? words.map(() => '{}') : ['{"text": "', ...words.slice(1, -1), '"}'];
}

/** Cuts a text before the first of the stop words, once the token that completes it has been produced. */
function stopAt(whole: GeneratedText, stop: readonly string[], limit: number): GeneratedText {
  let text = '';
  for (const [index, token] of whole.tokens.entries()) {
    text += token;
    const found = stop.filter((word) => text.includes(word)).map((word) => text.indexOf(word));
    if (found.length === 0) continue;
    // Ollama looks at the limit first.
    if (index + 1 >= limit) return whole;
    const kept = text.slice(0, Math.min(...found));
    const before = whole.tokens.slice(0, index).join('');
    const tokens = kept.length >= before.length ? [...whole.tokens.slice(0, index), kept.slice(before.length)] : [kept];
    return { tokens: tokens.filter((part) => part !== ''), count: index + 1, doneReason: 'stop' };
  }
  return whole;
}

interface Vocabulary {
  readonly words: readonly string[];
  /** Each word as it stands in a text, four ways: made once, since a long text has each many times. */
  readonly forms: string[];
  /** Where each word, in lower case, stands in the text. */
  readonly follows: ReadonlyMap<string, number[]>;
}

/** As an engine keeps its last prompts' state; without it, reading the prompt is most of a zero-latency answer. */
const KEPT_VOCABULARIES = 64;
const vocabularies = new Map<string, Vocabulary>();

function vocabularyOf(prompt: string): Vocabulary {
  const known = vocabularies.get(prompt);
  if (known) return known;
  const found: string[] = prompt.slice(0, MAX_WORDS * 12).match(/[\p{L}\p{N}'’-]+/gu) ?? [];
  // A prompt without spaces is one endless word, and a text made of it would be endless, too.
  const words = found.map((word) => [...word.slice(0, 2 * MAX_WORD_CHARS)].slice(0, MAX_WORD_CHARS).join(''));
  if (words.length > MAX_WORDS) words.length = MAX_WORDS;
  if (words.length === 0) words.push('nothing', 'was', 'asked', 'so', 'there', 'is', 'little', 'to', 'say');
  const vocabulary: Vocabulary = { words, forms: [], follows: followers(words) };
  const [oldest] = vocabularies.keys();
  if (vocabularies.size >= KEPT_VOCABULARIES && oldest !== undefined) vocabularies.delete(oldest);
  vocabularies.set(prompt, vocabulary);
  return vocabulary;
}

/** Where each word stands in the text; what follows it there is what may follow it here. */
function followers(words: readonly string[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  for (const [index, word] of words.entries()) {
    const key = word.toLowerCase();
    const known = positions.get(key);
    if (known) known.push(index);
    else positions.set(key, [index]);
  }
  return positions;
}

function formAt(forms: string[], at: number, word: string, starts: boolean, ends: boolean): string {
  const index = at * 4 + (starts ? 2 : 0) + (ends ? 1 : 0);
  forms[index] ??= formOf(word, starts, ends);
  return forms[index];
}

function formOf(word: string, starts: boolean, ends: boolean): string {
  return ` ${starts ? capitalised(word) : word.toLowerCase()}${ends ? '.' : ''}`;
}

function capitalised(word: string): string {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** FNV-1a, 32 bits, of a part of a text. */
export function hashText(text: string, start = 0, end = text.length): number {
  let hash = 0x811c9dc5;
  const last = Math.min(end, text.length);
  for (let i = start; i < last; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
