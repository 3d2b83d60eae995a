import { type Env, EnvError, parseHttpUrl } from '../common/env.ts';
import { secretsOfHeaders } from '../common/redact.ts';
import type { Address } from './addresses/address.ts';
import { POLICIES, type Policy } from './addresses/policy.ts';
import { AddressPool } from './addresses/pool.ts';
import { JsonRemote } from './json-remote.ts';
import type { JsonStep, RemoteKind, RemoteStep, Remotes, StepAddresses } from './pipeline/remote-step.ts';
import { RemoteService } from './remote-service.ts';
import type { RemoteWindow } from './remote-window.ts';

const MOST_ADDRESSES = 8;
const INVOKE = /\/invoke(?=$|\?)/;
const CHAT_PATH = '/v1/chat/completions';

/** Where B is, as the environment says it. Durations in milliseconds. */
export interface RemoteBSettings {
  readonly urls: readonly string[];
  /** Empty: beside the addresses of `urls`. */
  readonly chatUrls: readonly string[];
  readonly policy: Policy;
  readonly resolve: 'once' | 'each';
  readonly model: string;
  readonly probeMs: number;
  readonly timeoutMs: number;
}

export function readRemoteB(env: Env): RemoteBSettings {
  return {
    urls: readUrls(env, 'REMOTE_B_URL', 'http://host.docker.internal:8002/invoke'),
    chatUrls: readUrls(env, 'REMOTE_B_CHAT_URL', ''),
    policy: readChoice(env, 'REMOTE_B_POLICY', POLICIES),
    resolve: readChoice(env, 'REMOTE_B_RESOLVE', ['once', 'each']),
    model: env.text('REMOTE_B_MODEL', ''),
    probeMs: env.number('REMOTE_B_PROBE_SECONDS', 15, { min: 0, max: 3600 }) * 1000,
    // Just below the 180 s for which the load generator, like the original one, waits.
    timeoutMs: env.number('REMOTE_B_TIMEOUT_SECONDS', 170, { min: 0.05, max: 86_400 }) * 1000,
  };
}

export interface RemotesOptions {
  readonly b: RemoteBSettings;
  readonly window: RemoteWindow;
  /** The `Authorization` header that B asks for, if it asks for one. */
  readonly authorization: string | undefined;
}

/** The services that the steps of A's graph ask. */
export class RemotesOfA implements Remotes {
  readonly #options: RemotesOptions;
  readonly #pools: AddressPool[] = [];
  #b: { readonly pool: AddressPool; readonly chatPool: AddressPool | undefined } | undefined;

  constructor(options: RemotesOptions) {
    this.#options = options;
  }

  /** The addresses of B, where a step asks them. */
  get b(): AddressPool | undefined {
    return this.#b?.pool;
  }

  generating(kind: RemoteKind, addresses: StepAddresses): RemoteStep {
    const { b, window, authorization } = this.#options;
    const isB = kind === 'service-b';
    const { pool, chatPool } = isB && addresses.urls.length === 0 ? this.#poolsOfB() : this.#poolsOf(addresses, kind);
    const hasOwnChats = chatPool !== undefined || kind === 'chat';
    return new RemoteService({
      step: addresses.step,
      kind,
      pool,
      chatPool,
      chatPath: ({ path }: Address) =>
        hasOwnChats ? path : INVOKE.test(path) ? path.replace(INVOKE, CHAT_PATH) : undefined,
      model: isB ? b.model : '',
      timeoutMs: addresses.timeoutMs ?? b.timeoutMs,
      // The token is for B alone.
      headers: { ...(isB && authorization !== undefined && { authorization }), ...addresses.headers },
      window: isB ? window : undefined,
    });
  }

  json(addresses: StepAddresses): JsonStep {
    return new JsonRemote(addresses.step, this.#poolsOf(addresses, 'json').pool, addresses.headers);
  }

  /** Drops every connection. */
  close(): void {
    for (const pool of this.#pools) pool.close();
  }

  #poolsOfB() {
    const { urls, chatUrls, policy, resolve, probeMs } = this.#options.b;
    const common = { policy, resolve, secrets: [this.#options.authorization] };
    this.#b ??= {
      pool: this.#open({ ...common, urls, probeMs }),
      chatPool: chatUrls.length === 0 ? undefined : this.#open({ ...common, urls: chatUrls, probeMs: 0 }),
    };
    return this.#b;
  }

  #poolsOf({ urls, policy, resolve, headers }: StepAddresses, kind: RemoteKind | 'json') {
    const { b, authorization } = this.#options;
    const isB = kind === 'service-b';
    const pool = this.#open({
      urls,
      policy: policy ?? (isB ? b.policy : 'round-robin'),
      resolve: resolve ?? (isB ? b.resolve : 'once'),
      secrets: [...(isB ? [authorization] : []), ...secretsOfHeaders(headers)],
      // Others need not have a /health.
      probeMs: isB ? b.probeMs : 0,
    });
    return { pool, chatPool: undefined };
  }

  #open(options: ConstructorParameters<typeof AddressPool>[0]): AddressPool {
    const pool = new AddressPool(options);
    this.#pools.push(pool);
    return pool;
  }
}

function readUrls(env: Env, name: string, fallback: string): string[] {
  const list = env.text(name, fallback);
  const urls = list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => readUrl(name, each));
  if (urls.length > MOST_ADDRESSES) throw new EnvError(`${name}: more than ${MOST_ADDRESSES} addresses`);
  if (urls.length === 0 && list !== '') throw new EnvError(`${name}: "${list}" names no address`);
  return urls;
}

/** Addresses are shown in answers, and AUTH_TOKEN is what B asks for. */
function readUrl(name: string, value: string): string {
  const url = parseHttpUrl(name, value);
  if (url.username === '' && url.password === '') return url.href.replace(/\/+$/, '');
  throw new EnvError(`${name}: a URL with a name or a password is not used; AUTH_TOKEN is what B asks for`);
}

function readChoice<T extends string>(env: Env, name: string, choices: readonly T[]): T {
  const value = env.text(name, choices[0] as string);
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new EnvError(`${name}: "${value}" is none of ${choices.join(', ')}`);
  return choice;
}
