import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { remedy } from '../../errors.ts';
import type { CarriedFiles } from '../workloads/carried-files.ts';
import { SERVICES } from '../workloads/catalog.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { BOOT_FILES, type BootTemplates } from './cloud-init.ts';

/** What makes up one service on a machine, as it came with the package. */
export interface ServiceTemplates {
  readonly compose: string;
  readonly dockerfile: string;
  /** The built service, one file. */
  readonly bundle: Buffer;
  /** What its settings name, to be read by it at its start. */
  readonly files?: CarriedFiles;
  /** The built program that downloads a model, which the image has beside the service. */
  readonly downloader: Buffer;
}

export interface HostTemplates {
  readonly boot: BootTemplates;
  /** By name. */
  readonly services: Readonly<Record<string, ServiceTemplates>>;
}

/** @throws Error where they were not loaded */
export function templatesOf(
  { services }: Pick<HostTemplates, 'services'>,
  { name }: ServiceDefinition,
): ServiceTemplates {
  const found = services[name];
  if (found === undefined) throw new Error(`there are no templates of service ${name}`);
  return found;
}

/** The common templates name a service and its port where it has none of its own. Pure. */
export function filledIn(template: string, { name, port }: Pick<ServiceDefinition, 'name' | 'port'>): string {
  const values: Readonly<Record<string, string>> = { name, NAME: name.toUpperCase(), port: String(port) };
  return template.replaceAll(/\{\{(\w+)\}\}/g, (text, key: string) => values[key] ?? text);
}

/**
 * Reads everything that goes to a machine.
 *
 * @param templates the package's `templates` folder
 * @param bundles the folder of the built services
 * @param services those that are deployed to machines
 * @throws RemedyError `not-built` (exit 3)
 */
export async function loadHostTemplates(
  templates: string,
  bundles: string,
  services: readonly ServiceDefinition[] = SERVICES,
): Promise<HostTemplates> {
  const load = (path: string) =>
    readFile(path).catch((error: unknown) => {
      const steps = ['in a checkout: npm run build', 'otherwise install chainctl again'];
      const what = `${path} is missing: it is part of what is sent to the machine`;
      throw remedy.configuration('not-built', what, steps, error);
    });
  const text = async (...path: string[]) => (await load(resolve(templates, ...path))).toString('utf8');
  const service = async (definition: ServiceDefinition): Promise<ServiceTemplates> => {
    const { bundle, dockerfile = 'services/Dockerfile', compose = 'compose/service.yaml' } = definition.image;
    return {
      compose: filledIn(await text(compose), definition),
      dockerfile: filledIn(await text(dockerfile), definition),
      bundle: await load(resolve(bundles, bundle)),
      downloader: await load(resolve(bundles, 'model-downloader.mjs')),
    };
  };
  const boot = Object.entries(BOOT_FILES).map(async ([name, file]) => [name, await text('boot', file)]);
  return {
    boot: Object.fromEntries(await Promise.all(boot)) as BootTemplates,
    services: Object.fromEntries(await Promise.all(services.map(async (each) => [each.name, await service(each)]))),
  };
}

/** 16 hexadecimal digits of a SHA-256: enough to tell versions apart. */
export function shortHash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
