/** Fewer code points than this must be refused. */
const MINIMUM = 1000;

const TEXT =
  'A chain of two language models stands on two clouds. The first summarizes what it is given, the second answers at length. ' +
  'Between them lie a network, a load balancer and a queue, and each can be the one that is slow. ';

/** A prompt that both services must accept: 1,200 characters of prose, as a model would see it in earnest. */
export const LONG_PROMPT = TEXT.repeat(8).slice(0, MINIMUM + 200);

/** One code point short of acceptable, but not one UTF-16 unit short: whoever counts units takes it. */
export const SHORT_PROMPT = `${'x'.repeat(MINIMUM - 2)}\u{1F642}`;
