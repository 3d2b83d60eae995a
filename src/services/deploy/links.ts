import { type RemedyError, remedy } from '../../errors.ts';
import { serviceBase } from '../chain/urls.ts';
import type { Links } from '../stack/provider.ts';
import { stackOption } from '../stack/stack-option.ts';
import type { Endpoints, FlagValues, ServiceDefinition } from '../workloads/service-definition.ts';

/** Where a service will be, in a plan that is made before its address is reserved. */
const ADDRESS_TO_COME = 'http://new-address.invalid';

/**
 * What the services of one deploy know of each other, all its places together.
 *
 * @param services names of those of this deploy
 * @param elsewhere addresses of services that are none of it
 * @param before addresses that those of it had at the last deploy
 */
export function deployLinks(services: readonly string[], elsewhere: Endpoints, before: Endpoints) {
  const own = new Map(
    services.map((name) => [
      name,
      {
        url: before[name] ?? ADDRESS_TO_COME,
        certain: Promise.withResolvers<void>(),
        serving: Promise.withResolvers<void>(),
      },
    ]),
  );
  const announce = (name: string, url: string) => {
    const service = own.get(name);
    if (service === undefined) return;
    service.url = url;
    service.certain.resolve();
  };
  return {
    /** As the services of one place see it: their own addresses are none that they look for. */
    of: (here: readonly ServiceDefinition[]): Links => ({
      get known() {
        const urls = [...own].map(([name, { url }]) => [name, url] as const);
        const all = { ...elsewhere, ...Object.fromEntries(urls) };
        return Object.fromEntries(Object.entries(all).filter(([name]) => !here.some((each) => each.name === name)));
      },
      announce,
      async serves(service, { emit, signal }) {
        const serving = own.get(service)?.serving;
        const name = here.find(({ needs }) => needs.includes(service))?.name;
        if (serving === undefined || name === undefined) return;
        const reason = `service ${service.toUpperCase()} is coming up; an answer of ${name.toUpperCase()} needs it`;
        emit({ type: 'step-waiting', key: `service-${name}`, action: 'ready', reason });
        await orAborted(serving.promise, signal);
      },
    }),
    isUp(here: readonly ServiceDefinition[], endpoints: Endpoints): void {
      for (const { name } of here) {
        if (endpoints[name] !== undefined) announce(name, endpoints[name]);
        own.get(name)?.serving.resolve();
      }
    },
    /** Resolves once the addresses of all of them are certain that are of this deploy. */
    async certain(needed: readonly string[], signal: AbortSignal): Promise<void> {
      for (const name of needed) await orAborted(own.get(name)?.certain.promise, signal);
    },
  };
}

/** @throws RemedyError (exit 2) for places, by their services, each of which would wait for an address of another one */
export function refuseCircle(places: readonly (readonly ServiceDefinition[])[]): void {
  const waits = (here: readonly ServiceDefinition[], other: readonly ServiceDefinition[]) =>
    here !== other && here.some(({ needs }) => other.some(({ name }) => needs.includes(name)));
  // Who waits for nobody, or is waited for by nobody, is no part of a circle.
  const waiting = places.filter(
    (here) => places.some((other) => waits(here, other)) && places.some((other) => waits(other, here)),
  );
  if (waiting.length === 0) return;
  if (waiting.length < places.length) {
    refuseCircle(waiting);
    return;
  }
  const names = waiting.flat().map(({ title }) => title);
  throw usage(`${names.join(' and ')} need each other from different places: none of them can be the first`, [
    'deploy them to one place, or change what they need: `needs` of their definitions',
  ]);
}

interface Needy {
  readonly stack: string;
  /** All services of this deploy. */
  readonly deployed: readonly ServiceDefinition[];
  /** Addresses of others. */
  readonly known: Endpoints;
}

/** @throws RemedyError (exit 2) for a service without one that it needs, or with an address that it cannot reach */
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
  const given = needs.map((name) => [name, flags[`${name}-url`]] as const);
  return Object.fromEntries(
    given.flatMap(([name, url]) => (typeof url === 'string' ? [[name, serviceBase(url)]] : [])),
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
