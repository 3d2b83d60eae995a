import type { Agent as HttpAgent } from 'node:http';
import { keepAliveAgent } from '../common/connections.ts';
import { parseObject } from '../common/engine-error.ts';
import { Upstream } from '../common/upstream.ts';
import type { BackendAddress, ProxySettings } from './settings.ts';

/** One backend: its connections, whether it is in rotation, and why not. */
export class Backend {
  readonly name: string;
  readonly url: string;
  /** Keep-alive connections for the traffic. */
  readonly agent: HttpAgent;
  /** Answers passed on, whatever their status. */
  served = 0;
  /** Exchanges that failed on the way. */
  failed = 0;
  inFlight = 0;
  #healthy = false;
  #reason = 'not checked yet';
  #successes = 0;
  #failures = 0;
  #checkedAt: number | undefined;
  readonly #settings: ProxySettings;
  readonly #checks: Upstream;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(address: BackendAddress, settings: ProxySettings) {
    this.name = address.name;
    this.url = address.url.href.replace(/\/+$/, '');
    this.#settings = settings;
    this.agent = keepAliveAgent(address.url);
    // Its own connections: a check must not queue behind the traffic it is to judge.
    this.#checks = new Upstream(this.url);
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  get reason(): string {
    return this.#reason;
  }

  /** For `/-/proxy`. */
  describe(): Record<string, unknown> {
    return {
      name: this.name,
      url: this.url,
      healthy: this.#healthy,
      reason: this.#healthy ? null : this.#reason,
      checked_at: this.#checkedAt === undefined ? null : new Date(this.#checkedAt).toISOString(),
      served: this.served,
      failed: this.failed,
      in_flight: this.inFlight,
    };
  }

  /** Checks now and from then on, each check beginning one interval after the end of the one before. */
  start(): void {
    void this.#check().finally(() => {
      if (!this.#closed) this.#timer = setTimeout(() => this.start(), this.#settings.healthIntervalMs);
    });
  }

  /** Seen by a request that could not be handed over: out at once, the next successful check brings it back. */
  markDown(reason: string): void {
    this.#healthy = false;
    this.#reason = reason;
    this.#successes = 0;
    this.#failures = this.#settings.unhealthyAfter;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.agent.destroy();
    this.#checks.close();
  }

  async #check(): Promise<void> {
    const failure = await this.#failureOfCheck();
    this.#checkedAt = Date.now();
    if (failure === undefined) {
      this.#failures = 0;
      this.#successes++;
      if (this.#successes >= this.#settings.healthyAfter) this.#healthy = true;
      return;
    }
    this.#reason = failure;
    this.#successes = 0;
    this.#failures++;
    if (this.#failures >= this.#settings.unhealthyAfter) this.#healthy = false;
  }

  async #failureOfCheck(): Promise<string | undefined> {
    try {
      const { healthPath: path, healthTimeoutMs: timeoutMs } = this.#settings;
      const reply = await this.#checks.request({ method: 'GET', path, timeoutMs });
      if (reply.status === 200) return undefined;
      const reason = parseObject(reply.text)?.reason;
      return `health answered ${reply.status}${typeof reason === 'string' ? `: ${reason}` : ''}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
