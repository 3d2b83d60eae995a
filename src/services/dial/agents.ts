import { Agent, type Dispatcher } from 'undici';
import { defined } from '../defined.ts';
import { Dialer } from './dialer.ts';
import type { ProxyServer } from './proxy.ts';
import { socketOf } from './unix-target.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** Through which proxy an address is asked. */
export type ProxyOf = (url: string) => ProxyServer | undefined;

export interface AgentTerms {
  /** Default: none for any. */
  readonly proxyOf?: ProxyOf;
  /** Certificates of authorities that are trusted beside the usual ones, PEM. */
  readonly ca?: string;
}

/** Where undici has to send a request, and with what. */
interface Way {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Kept connections to any address, made in the same way as those of a load. */
export class Agents {
  readonly #terms: AgentTerms;
  readonly #agents = new Map<string, Agent>();

  constructor(terms: AgentTerms) {
    this.#terms = terms;
  }

  /** @throws RemedyError (exit 2) when the proxy that applies is none that could be used */
  wayTo(url: string): Way {
    const target = new URL(url);
    const file = socketOf(target);
    const proxy = this.#terms.proxyOf?.(url);
    const isAsked = proxy !== undefined && target.protocol === 'http:';
    const path = `${isAsked ? target.origin : ''}${target.pathname}${target.search}`;
    const headers = defined({ 'proxy-authorization': isAsked ? proxy.authorization : undefined });
    const origin = file === undefined ? target.origin : 'http://localhost';
    return { dispatcher: this.#agentOf(target, proxy), origin, path, headers };
  }

  /** Drops the kept connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  #agentOf(url: URL, proxy: ProxyServer | undefined): Agent {
    const key = `${url.protocol}//${url.host}`;
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const destination = defined({ url, proxy, ca: this.#terms.ca });
    const agent = new Agent({
      ...{ headersTimeout: 0, bodyTimeout: 0 },
      connect: (_, done) => {
        void Dialer.open(destination).then((dialer) => {
          const dial = dialer.dial({}, (error, socket) => {
            clearTimeout(timer);
            if (socket === undefined) done(error ?? new Error('no connection'), null);
            else done(null, socket);
          });
          const timer = setTimeout(() => {
            dial.cancel();
            const error = new Error(`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`);
            done(Object.assign(error, { code: 'UND_ERR_CONNECT_TIMEOUT' }), null);
          }, CONNECT_TIMEOUT_MS);
        });
      },
    });
    this.#agents.set(key, agent);
    return agent;
  }
}
