import type { Redact } from '../../common/redact.ts';
import { Upstream } from '../../common/upstream.ts';
import { Circuit, type Ticket } from './circuit.ts';

/** Of the newest time to the first byte in the moving mean. */
const ALPHA = 0.2;

/** One of the addresses of a step: its connections, and what is known of it. */
export class Address {
  /** As it may be told: without name, password and query; of a name that is looked up, with the address in its place. */
  readonly url: string;
  /** The part of its URL after the origin. */
  readonly path: string;
  readonly ip: string | undefined;
  readonly upstream: Upstream;
  readonly circuit = new Circuit();
  latencyMs: number | undefined;
  inFlight = 0;
  /** Whether the last probe was answered with 200; undefined before the first one. */
  up: boolean | undefined;
  readonly #shownOrigin: string;
  #removed = false;

  /**
   * @param redact hides what its URL and the headers of its requests hold
   * @param ip where the name of the URL is to be found; without it the system looks the name up for each connection
   */
  constructor(url: string, redact: Redact, ip?: string) {
    const { origin, protocol, host, port, pathname, search } = new URL(url);
    this.path = pathname.replace(/\/+$/, '') + search;
    const numbered = ip?.includes(':') ? `[${ip}]` : ip;
    this.#shownOrigin = `${protocol}//${numbered === undefined ? host : numbered + (port && `:${port}`)}`;
    this.url = this.shown(this.path);
    this.ip = ip;
    this.upstream = new Upstream(origin, {}, ip, redact);
  }

  /** The URL of another path of it, as it may be told. */
  shown(path: string): string {
    return this.#shownOrigin + path.replace(/\/*(?:\?.*)?$/s, '');
  }

  /** What it tells about itself in `/health`. */
  describe(): Record<string, unknown> {
    const { url, up, circuit, inFlight } = this;
    return { url, up: up ?? null, circuit: circuit.closed ? 'closed' : 'open', in_flight: inFlight };
  }

  begin(now: number): Call {
    return new Call(this, now);
  }

  /** Told when a call has ended. */
  release(): void {
    this.inFlight--;
    if (this.#removed && this.inFlight === 0) this.upstream.close();
  }

  /** No longer one of the addresses: what is under way ends first. */
  remove(): void {
    this.#removed = true;
    if (this.inFlight === 0) this.upstream.close();
  }
}

/** One request to an address, as far as the address is judged by it. The first end counts. Times of `performance.now()`. */
export class Call {
  readonly #address: Address;
  readonly #begunAt: number;
  readonly #ticket: Ticket;
  #ended = false;
  #timed = false;

  constructor(address: Address, now: number) {
    this.#address = address;
    this.#begunAt = now;
    this.#ticket = address.circuit.begin(now);
    address.inFlight++;
  }

  firstByte(now: number): void {
    if (this.#timed) return;
    this.#timed = true;
    const ms = now - this.#begunAt;
    const { latencyMs } = this.#address;
    this.#address.latencyMs = latencyMs === undefined ? ms : latencyMs + ALPHA * (ms - latencyMs);
  }

  succeeded(now: number): void {
    if (this.#end()) this.#address.circuit.succeeded(this.#ticket, now);
  }

  failed(now: number): void {
    if (this.#end()) this.#address.circuit.failed(this.#ticket, now);
  }

  /** It ended by no fault of the address. */
  abandoned(): void {
    if (this.#end()) this.#address.circuit.abandoned(this.#ticket);
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#address.release();
    return true;
  }
}
