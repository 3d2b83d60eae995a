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
 * Reads what OpenAI's API and its kin (`usage`), Ollama (`eval_count`), the services of the chain (`usage.eval_count`) and
 * llama-server (`timings`, `tokens_predicted`) tell of their tokens.
 */
export function usageOf(body: Part): Usage {
  const found: Usage = {};
  const usage = part(body.usage);
  const timings = part(body.timings);
  const reasoning = first(part(usage.completion_tokens_details).reasoning_tokens, usage.reasoning_tokens);
  const cached = first(part(usage.prompt_tokens_details).cached_tokens, usage.prompt_cache_hit_tokens, timings.cache_n);
  // llama-server counts what its cache served beside what it read.
  const read = first(timings.prompt_n);
  const prompt =
    first(usage.prompt_tokens, usage.input_tokens, body.prompt_eval_count, usage.prompt_eval_count) ??
    (read === undefined ? first(body.tokens_evaluated) : read + (first(timings.cache_n) ?? 0));
  const output = first(
    usage.completion_tokens,
    usage.output_tokens,
    body.eval_count,
    usage.eval_count,
    timings.predicted_n,
    body.tokens_predicted,
  );
  if (prompt !== undefined) found.prompt_tokens = prompt;
  if (output !== undefined) found.output_tokens = output + apart(usage, prompt, output, reasoning);
  if (reasoning !== undefined) found.reasoning_tokens = reasoning;
  if (cached !== undefined) found.cached_tokens = cached;
  return found;
}

/** Reasoning that is not in the count of the output, which some APIs leave out of it: the total tells. */
function apart(usage: Part, prompt = 0, output = 0, reasoning = 0): number {
  return reasoning > 0 && usage.total_tokens === prompt + output + reasoning ? reasoning : 0;
}

function first(...values: readonly unknown[]): number | undefined {
  return values.find((value): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0);
}

function part(value: unknown): Part {
  return typeof value === 'object' && value !== null ? (value as Part) : {};
}
