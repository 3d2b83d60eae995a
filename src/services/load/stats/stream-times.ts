import { defined } from '../../defined.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import type { StreamFigures } from '../types.ts';
import { round, Samples } from './percentiles.ts';

/**
 * Time to first token, between reads that brought tokens, and per output token, of streamed successes. The first counts
 * from the intended time like every response time; the others are differences. Time per output token is
 * (end - first token) / (tokens - 1), as vLLM's benchmark has it.
 */
export class StreamTimes {
  readonly #ttft = new Samples();
  readonly #itl = new Samples();
  readonly #tpot = new Samples();
  #tokens = 0;

  add({ outcome, latenessMs, serviceMs, ttft_ms: first, itl_ms: between, figures }: RequestRecord): void {
    if (outcome !== 'ok' || latenessMs === undefined || serviceMs === undefined || first === undefined) return;
    this.#ttft.add(latenessMs + first);
    for (const gap of between ?? []) this.#itl.add(gap);
    const tokens = figures?.output_tokens ?? 0;
    this.#tokens += tokens;
    if (tokens > 1) this.#tpot.add((serviceMs - first) / (tokens - 1));
  }

  /** @param seconds that the tokens are divided by */
  summary(seconds: number): StreamFigures | undefined {
    const ttft = this.#ttft.summary();
    if (ttft === undefined) return undefined;
    const outputTokensPerSecond = seconds > 0 ? round(this.#tokens / seconds) : 0;
    const [itl, tpot] = [this.#itl.summary(), this.#tpot.summary()];
    return defined({ ttft, itl, tpot, outputTokens: this.#tokens, outputTokensPerSecond });
  }
}
