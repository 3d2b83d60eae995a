import type { HostAccess } from '../../machine/access.ts';
import { type HostOptions, hostResource } from '../../machine/host-resource.ts';
import { type ServiceOptions, serviceResource } from '../../machine/service-resource.ts';
import type { ServiceSpec } from '../../machine/service-spec.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import { type HostTemplates, templatesOf } from '../../machine/templates.ts';
import type { Desired, Resource, Target } from '../../stack/resource.ts';
import { desire } from '../../stack/resource.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { readIdentity } from './identity.ts';
import type { HostPin, HostPins } from './pins.ts';

export interface HostTargetDeps {
  readonly stack: string;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
  readonly token?: () => Promise<string | undefined>;
}

/** How the machine of one service is reached; the private key is read when it is needed and kept nowhere. */
export function accessOf(pin: HostPin | undefined, agent: string | undefined): () => Promise<HostAccess | undefined> {
  return async () => {
    if (pin === undefined) return undefined;
    const { identity, ...where } = pin;
    if (identity !== undefined) return { ...where, privateKey: await readIdentity(identity) };
    return agent === undefined ? where : { ...where, agent };
  };
}

function optionsOf(name: string, pins: HostPins, deps: HostTargetDeps): ServiceOptions {
  const { stack, templates, sessions, agent, token } = deps;
  const service = definitionOf(name);
  const host: HostOptions = {
    stack,
    sessions,
    access: accessOf(pins[name], agent),
    boot: templates.boot,
    unreachable: 'error',
  };
  return { ...host, service, templates: templatesOf(templates, service), ...(token === undefined ? {} : { token }) };
}

/** The machine of one service and the service on it. */
export function desiredHost(spec: ServiceSpec, pins: HostPins, deps: HostTargetDeps): Desired[] {
  const { service } = spec;
  const options = optionsOf(service, pins, deps);
  return [
    desire(hostResource(`host-${service}`, [], options), { docker: 'installed' } as const),
    desire(serviceResource(`service-${service}`, [`host-${service}`], options), spec),
  ];
}

/**
 * Machines that somebody else runs, with one service each: `host-NAME`, `service-NAME`.
 *
 * @param services which of them to look at: a deploy of one leaves the other alone
 */
export function hostTarget(
  pins: HostPins,
  deps: HostTargetDeps,
  services: readonly string[] = Object.keys(pins),
): Target {
  const handle = (key: string): Resource<unknown, unknown> => {
    const [kind, name] = key.split('-');
    if (name === undefined) throw new Error(`"${key}" is no resource of a machine`);
    const options = optionsOf(name, pins, deps);
    const resource = kind === 'host' ? hostResource(key, [], options) : serviceResource(key, [`host-${name}`], options);
    return resource as Resource<unknown, unknown>;
  };
  return {
    name: 'host',
    async discover(context) {
      const keys = services
        .filter((service) => pins[service] !== undefined)
        .flatMap((each) => [`host-${each}`, `service-${each}`]);
      const found = await Promise.all(
        keys.map(async (key) => ((await handle(key).find(context)) === undefined ? [] : [key])),
      );
      return found.flat();
    },
    handle,
  };
}
