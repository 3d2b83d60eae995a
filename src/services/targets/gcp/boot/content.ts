import type { BootTemplates } from '../../../machine/cloud-init.ts';
import { engineImage, type ServiceSpec, serviceSpec } from '../../../machine/service-spec.ts';
import { filledIn, type HostTemplates, shortHash, templatesOf } from '../../../machine/templates.ts';
import { onlyService } from '../../../workloads/request.ts';
import type { ServiceDefinition } from '../../../workloads/service-definition.ts';
import type { GcpRequest } from '../request.ts';

type Wanted = Pick<GcpRequest, 'services' | 'ollamaImage'>;

const ARM = /^(t2a|c4a|n4a|a4x)-/;

/** The public image below everything: Ubuntu 24.04 in the newest build, for the type's architecture. */
export function publicImage(type: string): string {
  return `projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${ARM.test(type) ? 'arm64' : 'amd64'}`;
}

/** The scripts that a VM of the group runs, for its service. Pure. */
export function bootOfService(boot: BootTemplates, service: ServiceDefinition): BootTemplates {
  const [serve, serveUnit, seal] = [boot.serve, boot.serveUnit, boot.seal].map((text) => filledIn(text, service));
  return { ...boot, serve, serveUnit, seal } as BootTemplates;
}

/** What runs on a VM of the group. Pure. */
export function specOf(request: Wanted, templates: HostTemplates, token: string | undefined): ServiceSpec {
  const { ollamaImage } = request;
  const wanted = onlyService(request);
  return serviceSpec({ ...wanted, ollamaImage, token }, templatesOf(templates, wanted.definition));
}

/** What runs on the builder while it is checked: nothing secret, and no time spent on waiting. Pure. */
export function builderSpecOf({ ollamaImage, ...request }: Wanted, templates: HostTemplates): ServiceSpec {
  const { definition, settings } = onlyService(request);
  const { model } = settings;
  const quick = definition.settings.parse({ model, minProcessSeconds: 0 });
  return serviceSpec({ definition, settings: quick, ollamaImage }, templatesOf(templates, definition));
}

/**
 * Names a baked image by what is in it: the same content is baked once. Settings and secrets are not in it. Pure.
 *
 * @returns 16 hexadecimal digits
 */
export function imageHash(request: Wanted & Pick<GcpRequest, 'type' | 'diskGb'>, templates: HostTemplates): string {
  const { definition } = onlyService(request);
  const boot = bootOfService(templates.boot, definition);
  const spec = builderSpecOf(request, templates);
  const { bundle, dockerfile, compose, model } = spec;
  const engine = engineImage(spec, templatesOf(templates, definition).compose);
  const scripts = [boot.serve, boot.serveUnit, boot.seal, boot.installDocker].map(shortHash);
  const parts = [bundle, dockerfile, compose, engine, model, publicImage(request.type), request.diskGb, ...scripts];
  return shortHash(JSON.stringify(parts));
}
