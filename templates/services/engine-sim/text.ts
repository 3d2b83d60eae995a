/** About four characters of English make a token; Ollama's counts differ by model, a simulation needs one rule. */
export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

export interface TextRequest {
  readonly prompt: string;
  readonly seed: number;
  /** 0 always takes the same way through the prompt; above it, the seed chooses. */
  readonly temperature: number;
  /** The most tokens to produce; negative for as many as the text wants. */
  readonly maxTokens: number;
}

export interface GeneratedText {
  /** One word each, with its leading space and punctuation. */
  readonly tokens: readonly string[];
  /** As Ollama says it: `length` when the limit cut the text, `stop` when it came to its end. */
  readonly doneReason: 'stop' | 'length';
}

/** Longer prompts are sampled from their beginning: more words would make no better text. */
const MAX_WORDS = 400;
const MAX_WORD_CHARS = 32;

/**
 * Text made of the prompt's own words: a walk along "this word was followed by that one", cut into sentences. The same
 * request gives the same text.
 */
export function generateText({ prompt, seed, temperature, maxTokens }: TextRequest): GeneratedText {
  const { words, follows } = vocabularyOf(prompt);
  const random = generator(seed);
  const wanted = 80 + Math.floor(random() * 120);
  const total = maxTokens < 0 ? wanted : Math.min(wanted, maxTokens);
  const tokens: string[] = [];
  let at = Math.floor(random() * words.length);
  let leftInSentence = 0;
  for (let i = 0; i < total; i++) {
    const starts = leftInSentence === 0;
    if (starts) leftInSentence = 6 + Math.floor(random() * 9);
    const word = words[at] as string;
    leftInSentence--;
    const ends = leftInSentence === 0 || i === wanted - 1;
    tokens.push((i === 0 ? '' : ' ') + (starts ? capitalised(word) : word.toLowerCase()) + (ends ? '.' : ''));
    if (ends) leftInSentence = 0;
    const next = follows.get(word.toLowerCase()) as number[];
    const choice = temperature > 0 ? Math.floor(random() * next.length) : i % next.length;
    at = ((next[choice] as number) + 1) % words.length;
  }
  return { tokens, doneReason: total < wanted ? 'length' : 'stop' };
}

interface Vocabulary {
  readonly words: readonly string[];
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
  const vocabulary = { words, follows: followers(words) };
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

function capitalised(word: string): string {
  const [first = '', ...rest] = word;
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** FNV-1a, 32 bits: the seed of a request that names none, so that it too gives the same text every time. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** mulberry32: uniform in [0, 1), reproducible, good enough for choosing words. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
