import { carriedBy } from '../workloads/carried-by.ts';
import type { ServiceDefinition, ServiceSettings } from '../workloads/service-definition.ts';
import { type HostTemplates, templatesOf } from './templates.ts';

/** Where the compose files mount what a service's settings name. */
export const FILES_FOLDER = '/run/chainctl-files';

/**
 * The templates with the files that a service's settings name: they go to the machine beside the rest of its release.
 *
 * @param env the operator's
 * @throws RemedyError (exit 2) where they are not what the service can use
 */
export function withFiles(
  templates: HostTemplates,
  { definition, settings }: { readonly definition: ServiceDefinition; readonly settings: ServiceSettings },
  env: Readonly<Record<string, string | undefined>>,
): HostTemplates {
  const files = carriedBy(definition, settings, env);
  if (files === undefined) return templates;
  const own = { ...templatesOf(templates, definition), files };
  return { ...templates, services: { ...templates.services, [definition.name]: own } };
}
