import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { overloaded, type Problem } from '../../common/problem.ts';
import { type Redact, redactor, secretsOfUrl } from '../../common/redact.ts';
import { Address, type Call } from './address.ts';
import { NotTaken } from './ask.ts';
import { Chooser, type Policy } from './policy.ts';

export interface PoolOptions {
  /** Whole URLs, at least one. */
  readonly urls: readonly string[];
  readonly policy: Policy;
  /** `each`: names are looked up again and again, and each address behind one is an address of its own. */
  readonly resolve: 'once' | 'each';
  /** How often each address's `/health` is asked, in milliseconds; 0 for never. */
  readonly probeMs: number;
  /** Of the requests' headers: hidden, as are those of the URLs, in what an address says instead of an answer. */
  readonly secrets?: readonly (string | undefined)[];
  /** The addresses behind a name; for tests. */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>;
}

const LOOKUP_MS = 5000;
const PROBE_TIMEOUT_MS = 5000;
/** A name with more addresses than these has them for others. */
const MOST_OF_A_NAME = 64;

/** The addresses of one step, and which of them is asked next. */
export class AddressPool {
  readonly #options: PoolOptions;
  readonly #chooser: Chooser<Address>;
  readonly #redact: Redact;
  readonly #timers: NodeJS.Timeout[] = [];
  /** The addresses of each URL, in the order of the configuration. */
  readonly #groups: { readonly url: string; addresses: readonly Address[] }[];
  #addresses: readonly Address[];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#chooser = new Chooser(options.policy);
    this.#redact = redactor([...(options.secrets ?? []), ...options.urls.flatMap(secretsOfUrl)]);
    this.#groups = options.urls.map((url) => ({ url, addresses: [new Address(url, this.#redact)] }));
    this.#addresses = this.#groups.flatMap(({ addresses }) => addresses);
    if (options.resolve === 'each') this.#repeat(() => this.refresh(), LOOKUP_MS);
    if (options.probeMs > 0) this.#repeat(() => this.#probe(), options.probeMs);
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** Whether one of them answered its last probe; null as long as none was asked. */
  get up(): boolean | null {
    const known = this.#addresses.flatMap(({ up }) => (up === undefined ? [] : [up]));
    return known.length === 0 ? null : known.includes(true);
  }

  /**
   * Asks one address after another, each at most once, until one has taken the request.
   * @param step whose request it is; a refusal names it
   * @param ask rejects with `NotTaken` where another address may be asked; it judges the address through its `Call`
   * @throws the last `NotTaken`, a refusal before anything else; a 503 where every circuit is open; what `ask` threw
   */
  async round<T>(step: string, ask: (address: Address, call: Call) => Promise<T>): Promise<T> {
    const tried = new Set<Address>();
    let refusal: NotTaken | undefined;
    for (;;) {
      const now = performance.now();
      const address = this.#take(tried, now);
      if (address === undefined) throw refusal ?? this.#allOpen(step, now);
      tried.add(address);
      const call = address.begin(now);
      try {
        return await ask(address, call);
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error;
        if (error.kind === 'unreached') call.failed(performance.now());
        else call.succeeded(performance.now());
        if (refusal?.kind !== 'refused') refusal = error;
      } finally {
        call.abandoned();
      }
    }
  }

  /** Looks the names up. Addresses that stay keep what is known of them; where nothing is found all stay. */
  async refresh(): Promise<void> {
    await Promise.all(
      this.#groups.map(async (group) => {
        const name = new URL(group.url).hostname;
        if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) return;
        const found = await (this.#options.lookup ?? addressesOf)(name).catch(() => []);
        if (found.length === 0) return;
        const before = group.addresses;
        const ips = [...new Set(found)].sort().slice(0, MOST_OF_A_NAME);
        group.addresses = ips.map(
          (ip) => before.find((one) => one.ip === ip) ?? new Address(group.url, this.#redact, ip),
        );
        for (const one of before) if (!group.addresses.includes(one)) one.remove();
      }),
    );
    this.#addresses = this.#groups.flatMap(({ addresses }) => addresses);
  }

  /** Drops every connection. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { upstream } of this.#addresses) upstream.close();
  }

  #take(tried: ReadonlySet<Address>, now: number): Address | undefined {
    const all = this.#addresses;
    const [first] = all;
    // With a single address there is nothing better than to ask it.
    if (all.length === 1 && first !== undefined) return tried.has(first) ? undefined : first;
    return this.#chooser.choose(all, (address) => !tried.has(address) && address.circuit.allows(now));
  }

  #allOpen(step: string, now: number): Problem {
    const waitMs = Math.min(...this.#addresses.map(({ circuit }) => circuit.waitMs(now)));
    return overloaded(`no address of step ${step} is available`, waitMs / 1000);
  }

  #repeat(work: () => Promise<void>, ms: number): void {
    void work();
    const timer = setInterval(() => void work(), ms);
    timer.unref();
    this.#timers.push(timer);
  }

  async #probe(): Promise<void> {
    const timeoutMs = Math.min(PROBE_TIMEOUT_MS, this.#options.probeMs);
    await Promise.all(
      this.#addresses.map(async (address) => {
        const reply = await address.upstream
          .request({ method: 'GET', path: '/health', timeoutMs })
          .catch(() => undefined);
        address.up = reply?.status === 200;
      }),
    );
  }
}

async function addressesOf(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}
