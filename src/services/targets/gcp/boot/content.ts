import type { BootTemplates } from '../../../machine/cloud-init.ts';
import { engineImage, type ServiceSpec, serviceSpec } from '../../../machine/service-spec.ts';
import { filledIn, type HostTemplates, shortHash, templatesOf } from '../../../machine/templates.ts';
import { onlyService } from '../../../workloads/request.ts';
import type { ServiceDefinition } from '../../../workloads/service-definition.ts';
import type { GcpRequest } from '../request.ts';

type Wanted = Pick<GcpRequest, 'services' | 'ollamaImage' | 'llama'>;

/** The longest answer to a chat, and how much earlier than the load balancer the service gives up, seconds. */
const CHAT_SECONDS = 600;
const EARLIER_SECONDS = 5;

const ARM = /^(t2a|c4a|n4a|a4x)-/;

/** The public image below everything: Ubuntu 24.04 in the newest build, for the type's architecture. */
export function publicImage(type: string): string {
  return `projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${ARM.test(type) ? 'arm64' : 'amd64'}`;
}

/** The scripts that a VM of the group runs, for its service and engine. Pure. */
export function bootOfService(boot: BootTemplates, service: ServiceDefinition, llama?: unknown): BootTemplates {
  const engine = llama === undefined ? boot.serveOllama : boot.serveLlamacpp;
  const whole = boot.serve.replace('{{engine}}\n', () => engine);
  const [serve, serveUnit, seal] = [whole, boot.serveUnit, boot.seal].map((text) => filledIn(text, service));
  return { ...boot, serve, serveUnit, seal } as BootTemplates;
}

/** What runs on a VM of the group. Pure. */
export function specOf(
  request: Wanted & Pick<GcpRequest, 'requestSeconds'>,
  templates: HostTemplates,
  token: string | undefined,
): ServiceSpec {
  const { ollamaImage, llama, requestSeconds } = request;
  const wanted = onlyService(request);
  // The load balancer cuts off what takes longer, without a word of the service.
  const seconds = Math.max(1, Math.min(CHAT_SECONDS, requestSeconds - EARLIER_SECONDS));
  const env = { CHAT_TIMEOUT_SECONDS: String(seconds) };
  return serviceSpec({ ...wanted, ollamaImage, llama, env, token }, templatesOf(templates, wanted.definition));
}

/** What runs on the builder while it is checked: nothing secret, and no time spent on waiting. Pure. */
export function builderSpecOf({ ollamaImage, llama, ...request }: Wanted, templates: HostTemplates): ServiceSpec {
  const { definition, settings } = onlyService(request);
  const { model, download } = settings;
  const quick = definition.settings.parse({ model, download, minProcessSeconds: 0 });
  return serviceSpec({ definition, settings: quick, ollamaImage, llama }, templatesOf(templates, definition));
}

/**
 * Names a baked image by what is in it: the same content is baked once. Settings and secrets are not in it. Pure.
 *
 * @returns 16 hexadecimal digits
 */
export function imageHash(request: Wanted & Pick<GcpRequest, 'type' | 'diskGb'>, templates: HostTemplates): string {
  const { definition } = onlyService(request);
  const boot = bootOfService(templates.boot, definition, request.llama);
  const spec = builderSpecOf(request, templates);
  const { bundle, dockerfile, compose, model } = spec;
  const engine = engineImage(spec, templatesOf(templates, definition).compose);
  const scripts = [boot.serve, boot.serveUnit, boot.seal, boot.installDocker].map(shortHash);
  const parts = [bundle, dockerfile, compose, engine, model, publicImage(request.type), request.diskGb, ...scripts];
  const file = spec.llama === undefined ? [] : [spec.llama.url, spec.llama.sha256 ?? ''];
  return shortHash(JSON.stringify([...parts, ...file]));
}
