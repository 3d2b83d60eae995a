import { engineImage, type ServiceSpec, serviceSpec } from '../../host/service-spec.ts';
import { type HostTemplates, shortHash } from '../../host/templates.ts';

/** What service B on a VM of the group is to be. */
export interface BootRequest {
  /** Bake an image that has everything; otherwise each VM downloads what it needs. */
  readonly bake: boolean;
  readonly model: string;
  readonly minProcessSeconds?: number | undefined;
  /** Another image of the engine than the compose file's own. */
  readonly ollamaImage?: string | undefined;
  /** Machine type; its architecture decides which public image is taken. */
  readonly type: string;
  readonly diskGb: number;
  /** Full or partial URL of the network. */
  readonly network: string;
  readonly subnet?: string | undefined;
  /** Network tag that the firewall rules name. */
  readonly tag: string;
}

const ARM = /^(t2a|c4a|n4a|a4x)-/;

/** The public image below everything: Ubuntu 24.04 in the newest build, for the type's architecture. */
export function publicImage(type: string): string {
  return `projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-${ARM.test(type) ? 'arm64' : 'amd64'}`;
}

/** What runs on a VM of the group. Pure. */
export function specOf(request: BootRequest, templates: HostTemplates, token: string | undefined): ServiceSpec {
  const { model, minProcessSeconds, ollamaImage } = request;
  return serviceSpec({ service: 'b', model, minProcessSeconds, ollamaImage, token }, templates.services.b);
}

/** What runs on the builder while it is checked: nothing secret, and no time spent on waiting. Pure. */
export function builderSpecOf(request: BootRequest, templates: HostTemplates): ServiceSpec {
  return specOf({ ...request, minProcessSeconds: 0 }, templates, undefined);
}

/**
 * Names a baked image by what is in it: the same content is baked once. Settings and secrets are not in it. Pure.
 *
 * @returns 16 hexadecimal digits
 */
export function imageHash(request: BootRequest, templates: HostTemplates): string {
  const { bundle, dockerfile, compose, model } = builderSpecOf(request, templates);
  const { boot, services } = templates;
  const engine = engineImage(builderSpecOf(request, templates), services.b.compose);
  const scripts = [boot.serve, boot.serveUnit, boot.seal, boot.installDocker].map(shortHash);
  const parts = [bundle, dockerfile, compose, engine, model, publicImage(request.type), request.diskGb, ...scripts];
  return shortHash(JSON.stringify(parts));
}
