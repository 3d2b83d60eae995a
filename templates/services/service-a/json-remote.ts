import type { UpstreamReply } from '../common/upstream.ts';
import { ask, NotTaken } from './addresses/ask.ts';
import type { AddressPool } from './addresses/pool.ts';
import type { JsonRun, JsonStep } from './pipeline/remote-step.ts';

/** Any service that takes a JSON body, at one or several addresses. */
export class JsonRemote implements JsonStep {
  readonly #step: string;
  readonly #pool: AddressPool;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(step: string, pool: AddressPool, headers: Readonly<Record<string, string>>) {
    this.#step = step;
    this.#pool = pool;
    this.#headers = headers;
  }

  async post(body: string, { scope, timeoutMs, headers, onResend }: JsonRun) {
    let attempts = 0;
    let asked = '';
    const request = {
      method: 'POST',
      body,
      timeoutMs,
      scope,
      onResend,
      headers: { ...headers, ...this.#headers },
    } as const;
    const reply = await this.#pool
      .round(this.#step, (address, call) => {
        attempts++;
        asked = address.url;
        return ask(address, call, { ...request, path: address.path });
      })
      .catch((error: unknown) => {
        // No other address is left: what the last one said is the answer.
        if (!(error instanceof NotTaken)) throw error;
        if (error.kind === 'unreached') throw error.cause;
        return error.cause as UpstreamReply;
      });
    return { ...reply, address: asked, attempts };
  }

  close(): void {
    this.#pool.close();
  }
}
