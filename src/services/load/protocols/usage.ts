/** Counts of tokens, as an answer or an event tells them; what it does not tell is absent. */
export interface Usage {
  prompt_tokens?: number;
  /** Reasoning included. */
  output_tokens?: number;
  reasoning_tokens?: number;
  /** Of the prompt: what a cache served. */
  cached_tokens?: number;
}

type Part = Readonly<Record<string, unknown>>;

/**
 * Reads what OpenAI's APIs and their kin (`usage`; Groq's in `x_groq`), Anthropic's (`message.usage`), Ollama
 * (`eval_count`), the services of the chain (`usage.eval_count`), llama-server (`timings`, `tokens_predicted`), Gemini
 * (`usageMetadata`) and TGI (`details`) tell of their tokens.
 */
export function usageOf(body: Part): Usage {
  // A's own, and that of B, whose whole answer is in A's.
  return body.b_result === undefined ? countsOf(body) : summed(countsOf(body), countsOf(part(body.b_result)));
}

function summed(one: Usage, other: Usage): Usage {
  const sum: Usage = { ...one };
  for (const [name, count] of Object.entries(other) as [keyof Usage, number][]) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

function countsOf(body: Part): Usage {
  const found: Usage = {};
  const usage = part(
    body.usage ??
      part(body.x_groq).usage ??
      part(body.message).usage ??
      part(body.response).usage ??
      body.usageMetadata,
  );
  const timings = part(body.timings);
  const reasoning = first(
    part(usage.completion_tokens_details ?? usage.output_tokens_details).reasoning_tokens,
    usage.reasoning_tokens,
    usage.thoughtsTokenCount,
  );
  const cached = first(
    part(usage.prompt_tokens_details ?? usage.input_tokens_details).cached_tokens,
    usage.prompt_cache_hit_tokens,
    usage.cache_read_input_tokens,
    usage.cachedContentTokenCount,
    timings.cache_n,
  );
  // llama-server counts what its cache served beside what it read.
  const read = first(timings.prompt_n);
  const prompt =
    first(usage.prompt_tokens, besideCache(usage), body.prompt_eval_count, usage.prompt_eval_count) ??
    first(usage.promptTokenCount) ??
    (read === undefined ? first(body.tokens_evaluated) : read + (first(timings.cache_n) ?? 0));
  const output = first(
    usage.completion_tokens,
    usage.output_tokens,
    body.eval_count,
    usage.eval_count,
    timings.predicted_n,
    body.tokens_predicted,
    usage.candidatesTokenCount,
    part(body.details).generated_tokens,
  );
  const more = apart(usage, { prompt, output, reasoning, cached });
  if (prompt !== undefined) found.prompt_tokens = prompt;
  if (output !== undefined) found.output_tokens = output + more;
  if (reasoning !== undefined || more > 0) found.reasoning_tokens = reasoning || more;
  if (cached !== undefined) found.cached_tokens = cached;
  return found;
}

/** Anthropic counts what its cache served or keeps beside what it read. */
function besideCache({ input_tokens: read, cache_read_input_tokens: served, cache_creation_input_tokens: kept }: Part) {
  const count = first(read);
  return count === undefined ? undefined : count + (first(served) ?? 0) + (first(kept) ?? 0);
}

type Counts = Readonly<Record<'prompt' | 'output' | 'reasoning' | 'cached', number | undefined>>;

/**
 * Reasoning that is not in the count of the output, which some APIs (Gemini's) leave out of it, and do not always name:
 * the total tells. A rest that has another name, or where the target says that there was no reasoning, is none.
 */
function apart(usage: Part, { prompt, output, reasoning, cached }: Counts): number {
  const total = first(usage.total_tokens, usage.totalTokenCount);
  if (total === undefined || prompt === undefined || output === undefined) return 0;
  const rest = total - prompt - output;
  if (reasoning !== undefined) return rest === reasoning ? rest : 0;
  const [served = 0, kept = 0, ofTools] = [
    cached,
    first(usage.cache_creation_input_tokens),
    first(usage.toolUsePromptTokenCount),
  ];
  return rest > 0 && ![served, kept, served + kept, ofTools].includes(rest) ? rest : 0;
}

/**
 * Tokens that the events of a stream had: reasoning that was counted and never shown came before them, and took its time
 * there.
 *
 * @param events with tokens; there are no fewer tokens than these, whatever is counted as reasoning
 */
export function shownTokens({ output_tokens: output = 0, reasoning_tokens: reasoning = 0 }: Usage, events: number) {
  return Math.max(output - reasoning, Math.min(events, output));
}

/** More tokens than any answer has: what says so is broken, and would make every sum of it so. */
const MOST = 1e9;

/** The first that is a count; some gateways write them as text. */
function first(...values: readonly unknown[]): number | undefined {
  return values.map(countOf).find((count) => count !== undefined);
}

function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && count >= 0 && count <= MOST ? count : undefined;
}

function part(value: unknown): Part {
  return typeof value === 'object' && value !== null ? (value as Part) : {};
}
