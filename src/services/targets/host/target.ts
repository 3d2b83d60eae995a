import type { HostAccess } from '../../machine/access.ts';
import { hostResource } from '../../machine/host-resource.ts';
import { type ServiceOptions, serviceResource } from '../../machine/service-resource.ts';
import type { ServiceSpec } from '../../machine/service-spec.ts';
import type { HostSessions } from '../../machine/sessions.ts';
import { type HostTemplates, templatesOf } from '../../machine/templates.ts';
import { type Desired, desire, type Resource, type Target } from '../../stack/resource.ts';
import { definitionOf } from '../../workloads/catalog.ts';
import { readIdentity } from './identity.ts';
import type { HostPin, HostPins } from './pins.ts';

export interface HostTargetDeps {
  readonly stack: string;
  readonly templates: HostTemplates;
  readonly sessions: HostSessions;
  /** Socket of the operator's SSH agent. */
  readonly agent: string | undefined;
  readonly token?: ServiceOptions['token'];
}

/** How a machine is reached; the private key is read when it is needed and kept nowhere. */
export async function accessOf({ identity, ...where }: HostPin, agent: string | undefined): Promise<HostAccess> {
  return identity === undefined ? { ...where, agent } : { ...where, privateKey: await readIdentity(identity) };
}

function resourcesOf(name: string, pins: HostPins, { stack, templates, sessions, agent, token }: HostTargetDeps) {
  const service = definitionOf(name);
  const options: ServiceOptions = {
    stack,
    sessions,
    service,
    token,
    boot: templates.boot,
    templates: templatesOf(templates, service),
    access: async () => pins[name] && accessOf(pins[name], agent),
    unreachable: 'error',
  };
  return {
    host: hostResource(`host-${name}`, [], options),
    service: serviceResource(`service-${name}`, [`host-${name}`], options),
  };
}

export function desiredHost(spec: ServiceSpec, pins: HostPins, deps: HostTargetDeps): Desired[] {
  const { host, service } = resourcesOf(spec.service, pins, deps);
  return [desire(host, { docker: 'installed' }), desire(service, spec)];
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
  const handle = (key: string) => {
    const [kind, name = ''] = key.split('-');
    const { host, service } = resourcesOf(name, pins, deps);
    return (kind === 'host' ? host : service) as Resource<unknown, unknown>;
  };
  return {
    name: 'host',
    async discover(context) {
      const pinned = services.filter((service) => pins[service] !== undefined);
      const keys = pinned.flatMap((each) => [`host-${each}`, `service-${each}`]);
      const found = await Promise.all(keys.map((key) => handle(key).find(context)));
      return keys.filter((_, index) => found[index] !== undefined);
    },
    handle,
    // Also on the same machine: each has its own deploy.
    concerns: (key) => services.some((service) => [`host-${service}`, `service-${service}`].includes(key)),
  };
}
