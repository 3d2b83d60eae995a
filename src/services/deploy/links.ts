import { type RemedyError, remedy } from '../../errors.ts';
import { serviceBase } from '../chain/urls.ts';
import type { Links } from '../stack/provider.ts';
import type { ResourceContext } from '../stack/resource.ts';
import { stackOption } from '../stack/stack-option.ts';
import type { Endpoints, FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';

/** Where a service will be, in a plan that is made before its address is reserved. */
const ADDRESS_TO_COME = 'http://new-address.invalid';

/** What the services of one deploy know of each other, all its places together. */
export class DeployLinks {
  readonly #elsewhere: Endpoints;
  readonly #before: Endpoints;
  readonly #addresses = new Map<string, PromiseWithResolvers<string>>();
  readonly #serving = new Map<string, PromiseWithResolvers<void>>();
  readonly #announced = new Map<string, string>();

  /**
   * @param services names of those of this deploy
   * @param elsewhere addresses of services that are none of it
   * @param before addresses that those of it had at the last deploy
   */
  constructor(services: readonly string[], elsewhere: Endpoints, before: Endpoints) {
    this.#elsewhere = elsewhere;
    this.#before = before;
    for (const name of services) {
      this.#addresses.set(name, Promise.withResolvers());
      this.#serving.set(name, Promise.withResolvers());
    }
  }

  /** As the services of one place see it: their own addresses are none that they look for. */
  of(services: readonly ServiceDefinition[]): Links {
    const own = services.map(({ name }) => name);
    const known = () => this.#known(own);
    return {
      get known() {
        return known();
      },
      announce: (service, url) => this.announce(service, url),
      serves: (service, context) => this.#serves(service, services, context),
    };
  }

  announce(service: string, url: string): void {
    this.#announced.set(service, url);
    this.#addresses.get(service)?.resolve(url);
  }

  /** Says that these services answer, and where. */
  isUp(services: readonly ServiceDefinition[], endpoints: Endpoints): void {
    for (const { name } of services) {
      const url = endpoints[name];
      if (url !== undefined) this.announce(name, url);
      this.#serving.get(name)?.resolve();
    }
  }

  /** Resolves once the addresses of all of them are certain that are of this deploy. */
  async certain(needed: readonly string[], signal: AbortSignal): Promise<void> {
    for (const name of needed) await orAborted(this.#addresses.get(name)?.promise, signal);
  }

  #known(own: readonly string[]): Endpoints {
    const here = [...this.#addresses.keys()].map((name): [string, string] => [
      name,
      this.#announced.get(name) ?? this.#before[name] ?? ADDRESS_TO_COME,
    ]);
    const all = { ...this.#elsewhere, ...Object.fromEntries(here) };
    return Object.fromEntries(Object.entries(all).filter(([name]) => !own.includes(name)));
  }

  async #serves(service: string, waiting: readonly ServiceDefinition[], context: ResourceContext): Promise<void> {
    const serving = this.#serving.get(service);
    const name = waiting.find(({ needs }) => needs.includes(service))?.name;
    if (serving === undefined || name === undefined) return;
    const reason = `service ${service.toUpperCase()} is coming up; an answer of ${name.toUpperCase()} needs it`;
    context.emit({ type: 'step-waiting', key: `service-${name}`, action: 'ready', reason });
    await orAborted(serving.promise, context.signal);
  }
}

interface Needy {
  readonly stack: string;
  /** All services of this deploy. */
  readonly deployed: readonly ServiceDefinition[];
  /** Addresses of others. */
  readonly known: Endpoints;
}

/**
 * Refuses before anything is asked what could not work: a service without one that it needs, or with an address that it
 * cannot reach.
 *
 * @throws RemedyError (exit 2)
 */
export function checkNeeds(services: readonly ServiceDefinition[], { stack, deployed, known }: Needy): void {
  for (const { name, title, needs } of services) {
    for (const need of needs.filter((each) => !deployed.some((other) => other.name === each))) {
      const url = known[need];
      if (url === undefined) {
        throw usage(`${title} needs service ${need.toUpperCase()}, and stack ${stack} has none`, [
          `bring both up at the same time: chainctl deploy all${stackOption(stack)}`,
          `or name one that runs: --${need}-url http://198.51.100.9`,
        ]);
      }
      if (isLoopback(url)) {
        throw usage(
          `service ${need.toUpperCase()} at ${url} is on this machine, which ${name.toUpperCase()} cannot reach`,
          [`name an address that it can reach, for example that of a load balancer: --${need}-url http://198.51.100.9`],
        );
      }
    }
  }
}

/** Whether an address means another machine on each machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Base URLs that `--NAME-url` gives for what the services need. */
export function namedUrls(flags: FlagValues, needs: readonly string[]): Endpoints {
  return Object.fromEntries(
    needs.flatMap((name): [string, string][] => {
      const url = flags[`${name}-url`];
      return typeof url === 'string' ? [[name, serviceBase(url)]] : [];
    }),
  );
}

function usage(message: string, nextSteps: readonly string[]): RemedyError {
  return remedy.usage('usage', message, nextSteps);
}

/** @throws the signal's reason as soon as it is aborted */
async function orAborted(work: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
