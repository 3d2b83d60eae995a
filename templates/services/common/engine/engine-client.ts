import { Problem } from '../problem.ts';
import { type Redact, redactor } from '../redact.ts';
import { Upstream, UpstreamError, type UpstreamReply } from '../upstream.ts';
import type { EngineAnswer, EngineRun } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { exchangeStream, type StreamedExchange } from './exchange.ts';

/** How an engine is asked, whatever it speaks, and what comes of its failures. */
export class EngineClient {
  readonly #upstream: Upstream;
  readonly #timeoutMs: number;
  /** Hides the key in what the engine says. */
  readonly redact: Redact;
  readonly #onLost: () => void;

  /** @param onLost called when the engine could not be reached, or broke off: it may come back as another process */
  constructor({ url, headers, timeoutMs }: EngineSettings, onLost: () => void = () => {}) {
    this.#upstream = new Upstream(url, headers);
    this.#timeoutMs = timeoutMs;
    this.redact = redactor([headers.authorization]);
    this.#onLost = onLost;
  }

  get(path: string, timeoutMs: number): Promise<UpstreamReply> {
    return this.#upstream.request({ method: 'GET', path, timeoutMs });
  }

  post(path: string, body: unknown, { scope, headers, onResend }: EngineRun): Promise<UpstreamReply> {
    return this.#upstream.request({
      method: 'POST',
      path,
      body: JSON.stringify(body),
      timeoutMs: this.#timeoutMs,
      scope,
      onResend,
      ...(headers && { headers }),
    });
  }

  stream(exchange: Omit<StreamedExchange, 'timeoutMs' | 'redact'>, run: EngineRun): Promise<EngineAnswer> {
    return exchangeStream(this.#upstream, { ...exchange, timeoutMs: this.#timeoutMs, redact: this.redact }, run);
  }

  /**
   * Works for one request; what fails is a `Problem` without the engine's key, whatever status the engine said it with.
   * @param failure makes the `Problem`; what is none of the engine's stays as it is
   */
  async attempt<T>(
    run: EngineRun,
    failure: (who: string, error: unknown) => unknown,
    work: () => Promise<T>,
  ): Promise<T> {
    run.scope.check();
    try {
      return await work();
    } catch (error) {
      if (error instanceof UpstreamError && error.kind === 'network') this.#onLost();
      const problem = failure(run.who, error);
      if (problem instanceof Problem) problem.message = this.redact(problem.message);
      throw problem;
    }
  }

  close(): void {
    this.#upstream.close();
  }
}
