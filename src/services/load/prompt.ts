import { MARK_WIDTH, markKey } from '../chain/prompt-mark.ts';

/** What is asked when no `--prompt-file` is given: plain prose, a little above the bound. */
export const DEFAULT_PROMPT = [
  'A small team runs a support desk for a regional railway. Every morning the night shift leaves a report that the day',
  'shift has to understand within a few minutes. Last night a signal near the river bridge lost its connection twice,',
  'and both times the controller switched to the spare line by hand, which took four minutes and then six. Eleven',
  'trains waited, three connections were missed at the main station, and one hundred and forty passengers were brought',
  'home by taxi. The technician who went out found water in a cable joint, dried it, sealed it and measured the line',
  'for an hour without another fault. The spare part for a lasting repair is ordered and arrives on Thursday. Until',
  'then the bridge is passed at half speed, which adds ninety seconds to every journey and puts the timetable of the',
  'branch line under strain between seven and nine in the morning. The press office asks for two sentences that it can',
  'publish, the operations manager wants to know what may go wrong before Thursday, and the union asks whether the',
  'night shift should be larger for the rest of the week. Describe the situation briefly, name the three most important',
  'risks in order, say what you would do first, and point out what is missing from this report.',
].join(' ');

/** Characters of English prose a token, as Gemma's tokenizer has them; other tokenizers are near it. */
const CHARACTERS_PER_TOKEN = 5.2;

export interface PromptOptions {
  /** What is asked; what is added only makes it longer. */
  readonly prompt: string;
  /** The same seed makes the same bodies. */
  readonly seed: number;
  /** Tells the points of one sweep apart. */
  readonly series: number;
  /** How many times the run has gone on: what a point that was cut off had asked is not asked again. */
  readonly resumed?: number;
  /** About so many tokens that all prompts have in common before what differs; default none. */
  readonly sharedPrefixTokens?: number;
}

/** Counts changes of how prompts are made of a text: what was asked with another one is not the same load. */
export const PROMPT_SCHEME = 2;

/** The seed of what tells prompts apart. What they ask for, and when, stays that of the run's own seed. */
export function seedOfTexts({ seed, resumed = 0 }: Pick<PromptOptions, 'seed' | 'resumed'>): number {
  return resumed === 0 ? seed : markKey(seed, -resumed);
}

/**
 * The prompt of a request with this mark (see {@link writeMark}). Prompts differ from their first letter on, because
 * engines reuse the work for a common beginning; the rest stays the same, so that every request costs the model alike.
 */
export function promptText(options: PromptOptions, mark: string): string {
  const { prompt, series, sharedPrefixTokens = 0 } = options;
  const name = `${(seedOfTexts(options) >>> 0).toString(16).padStart(8, '0')}-${series}`;
  return `${sharedPrefix(sharedPrefixTokens)}${mark} case ${name}: ${prompt}`;
}

/** About how many tokens a text is, where nobody has counted them. */
export function aboutTokens({ length }: string): number {
  return Math.round(length / CHARACTERS_PER_TOKEN);
}

/** Prose of about so many tokens, of whole words. */
export function sharedPrefix(tokens: number): string {
  if (tokens === 0) return '';
  const length = Math.round(tokens * CHARACTERS_PER_TOKEN);
  const prose = `${DEFAULT_PROMPT} `.repeat(Math.ceil(length / DEFAULT_PROMPT.length) + 1);
  return prose.slice(0, prose.indexOf(' ', length) + 1);
}

/**
 * That a shared prefix is as long as what a service keeps of a prompt, so that all prompts become one.
 *
 * @param keeps which service, and how many characters
 * @returns a warning, or nothing
 */
export function sharedPrefixWarning(
  keeps: { readonly by: string; readonly characters: number } | undefined,
  tokens: number,
): string | undefined {
  const { length } = sharedPrefix(tokens);
  if (keeps === undefined || length + MARK_WIDTH <= keeps.characters) return undefined;
  return (
    `a shared prefix of ${tokens} tokens is ${length} characters, and ${keeps.by} keeps ` +
    `${keeps.characters} unless it was deployed with a larger --prompt-chars: what makes prompts differ is cut off, and all of them are the same`
  );
}
