import type { RequestRecord } from '../engine/request-record.ts';

/**
 * At what rate tokens arrived, from the rows of requests alone. Rows tell neither what the warm-up had open when the window
 * began nor what was open when they end, so the span leaves out as long as the longest answer at each end.
 */
export class ArrivedTokens {
  readonly #requests: { readonly from: number; readonly to: number; readonly tokens: number }[] = [];
  #longest = 0;
  #last = 0;

  add({ intendedMs, latenessMs, serviceMs, figures, ttft_ms: first, reasoning_ttft_ms: thought }: RequestRecord): void {
    if (latenessMs === undefined || serviceMs === undefined) return;
    const from = intendedMs + latenessMs;
    const to = from + serviceMs;
    this.#longest = Math.max(this.#longest, serviceMs);
    this.#last = Math.max(this.#last, to);
    const tokens = figures?.output_tokens ?? 0;
    if (tokens === 0) return;
    const began = Math.min(first ?? Number.POSITIVE_INFINITY, thought ?? Number.POSITIVE_INFINITY);
    // What came as a stream is spread from its first token on.
    this.#requests.push({ from: Number.isFinite(began) ? from + began : from, to, tokens });
  }

  /**
   * @param terms `warmup`: requests came before the window; `endMs`: when the window ended; `openMs`: when the first of the
   *   requests was due whose end is not known
   * @returns tokens per second; undefined where answers are too long for the rows to tell
   */
  rate({ warmup, endMs, openMs = Number.POSITIVE_INFINITY }: { warmup: boolean; endMs: number; openMs?: number }) {
    const begin = warmup ? this.#longest : 0;
    const end = Math.min(endMs, openMs, this.#last - this.#longest);
    if (this.#requests.length === 0 || end <= begin) return undefined;
    const within = this.#requests.reduce((sum, { from, to, tokens }) => {
      const part = Math.min(to, end) - Math.max(from, begin);
      return part <= 0 ? sum : sum + (to > from ? (tokens * part) / (to - from) : tokens);
    }, 0);
    return (1000 * within) / (end - begin);
  }
}
