import { remedy } from '../../errors.ts';
import { tuningEnv } from '../chain/tuning.ts';
import type { Endpoints, ServiceDefinition, ServiceSettings } from '../workloads/service-definition.ts';
import { type ServiceTemplates, shortHash } from './templates.ts';

/** What is wanted of one service on one machine. Goes into the state: no secrets, only their hashes. */
export interface ServiceSpec {
  readonly service: string;
  /** Absent for a service without an engine. */
  readonly model?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Hashes of what is pushed, so that new code or settings are noticed. */
  readonly bundle: string;
  readonly dockerfile: string;
  readonly compose: string;
  /** Another image than the compose file's own. */
  readonly ollamaImage?: string;
  /** Hash of the bearer token, where there is one. */
  readonly token?: string;
}

export interface Wanted {
  readonly definition: ServiceDefinition;
  readonly settings: ServiceSettings;
  readonly links?: Endpoints | undefined;
  readonly ollamaImage?: string | undefined;
  readonly token?: string | undefined;
}

/** What is wanted of a service, as the state keeps it. Pure. */
export function serviceSpec(wanted: Wanted, templates: ServiceTemplates): ServiceSpec {
  const { definition, settings, links = {}, ollamaImage, token } = wanted;
  const { model, tuning } = settings;
  return {
    service: definition.name,
    ...(model === undefined ? {} : { model }),
    env: { ...definition.env(settings, links), ...tuningEnv(tuning) },
    bundle: shortHash(templates.bundle),
    dockerfile: shortHash(templates.dockerfile),
    compose: shortHash(templates.compose),
    ...(ollamaImage === undefined ? {} : { ollamaImage }),
    ...(token === undefined ? {} : { token: shortHash(token) }),
  };
}

/** One hash over everything that is wanted: what runs with it is as wanted. */
export function contentHash(spec: ServiceSpec): string {
  const fields = Object.entries({ ...spec, env: Object.entries(spec.env).sort() });
  return shortHash(JSON.stringify(fields.sort(([one], [other]) => (one < other ? -1 : 1))));
}

/** The service's image is named after what it is built from, so that new settings alone build nothing. */
export function imageOf({ service, bundle, dockerfile }: ServiceSpec): string {
  return `chainctl/service-${service}:${shortHash(`${bundle} ${dockerfile}`)}`;
}

/** The engine's image that the compose file names itself. */
export function engineImage(spec: ServiceSpec, compose: string): string {
  const own = /\$\{OLLAMA_IMAGE:-([^}]+)\}/.exec(compose)?.[1];
  const image = spec.ollamaImage ?? own;
  if (image === undefined) throw new Error('the compose file names no image for Ollama');
  return image;
}

/** The images that a Dockerfile begins with. */
export function baseImages(dockerfile: string): string[] {
  return [...dockerfile.matchAll(/^FROM\s+(\S+)/gim)].map(([, image]) => image as string);
}

/**
 * An env file that Compose 1.29 and 2 read alike: 2 knows quotes, comments and `$`, 1.29 does not, so a value that has
 * them is refused.
 *
 * @throws RemedyError (exit 2) that names the variable and not its value, which may be a secret
 */
export function envFile(values: Readonly<Record<string, string>>): string {
  for (const [name, value] of Object.entries(values)) {
    if (/^[\x21-\x7e]*$/.test(value) && !/["'`$\\#]/.test(value)) continue;
    throw remedy.usage('usage', `the value of ${name} has a character that an env file cannot carry everywhere`, [
      'use printable ASCII without blanks, quotes, $, # and backslashes',
    ]);
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
