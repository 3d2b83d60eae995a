import { markKey, markOf } from '../chain/prompt-mark.ts';

/** Fewer code points than this must be refused. */
const MINIMUM = 1000;

/** Characters of the prompts that both services must accept. */
export const LONG_PROMPT_LENGTH = MINIMUM + 200;

const TEXT =
  'A chain of two language models stands on two clouds. The first summarizes what it is given, the second answers at length. ' +
  'Between them lie a network, a load balancer and a queue, and each can be the one that is slow. ';

/**
 * Prompts that both services must accept: prose, as a model would see it in earnest. No two have a beginning in common, or
 * an engine would answer the second from what it kept of the first.
 *
 * @param seed another one for every run: an engine keeps what an earlier run has asked, too
 */
export function longPrompts(seed: number): () => string {
  const key = markKey(seed, 0);
  let count = 0;
  return () => `${markOf(key, count++)} ${TEXT.repeat(8)}`.slice(0, LONG_PROMPT_LENGTH);
}

/** One code point short of acceptable, but not one UTF-16 unit short: whoever counts units takes it. */
export const SHORT_PROMPT = `${'x'.repeat(MINIMUM - 2)}\u{1F642}`;
