import { engineImage, type ServiceSpec, serviceSpec } from '../../../machine/service-spec.ts';
import { type HostTemplates, shortHash } from '../../../machine/templates.ts';
import type { GcpRequest } from '../request.ts';

type Wanted = Pick<GcpRequest, 'modelB' | 'minProcessSeconds' | 'ollamaImage' | 'tuning'>;

const ARM = /^(t2a|c4a|n4a|a4x)-/;

/** The public image below everything: Ubuntu 24.04 in the newest build, for the type's architecture. */
export function publicImage(type: string): string {
  return `projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${ARM.test(type) ? 'arm64' : 'amd64'}`;
}

/** What runs on a VM of the group. Pure. */
export function specOf(request: Wanted, templates: HostTemplates, token: string | undefined): ServiceSpec {
  const { modelB: model, minProcessSeconds, ollamaImage, tuning } = request;
  return serviceSpec({ service: 'b', model, minProcessSeconds, ollamaImage, tuning, token }, templates.services.b);
}

/** What runs on the builder while it is checked: nothing secret, and no time spent on waiting. Pure. */
export function builderSpecOf({ modelB: model, ollamaImage }: Wanted, templates: HostTemplates): ServiceSpec {
  return serviceSpec({ service: 'b', model, ollamaImage, minProcessSeconds: 0 }, templates.services.b);
}

/**
 * Names a baked image by what is in it: the same content is baked once. Settings and secrets are not in it. Pure.
 *
 * @returns 16 hexadecimal digits
 */
export function imageHash(request: Wanted & Pick<GcpRequest, 'type' | 'diskGb'>, templates: HostTemplates): string {
  const { boot, services } = templates;
  const spec = builderSpecOf(request, templates);
  const { bundle, dockerfile, compose, model } = spec;
  const engine = engineImage(spec, services.b.compose);
  const scripts = [boot.serve, boot.serveUnit, boot.seal, boot.installDocker].map(shortHash);
  const parts = [bundle, dockerfile, compose, engine, model, publicImage(request.type), request.diskGb, ...scripts];
  return shortHash(JSON.stringify(parts));
}
