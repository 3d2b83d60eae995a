import { readFileSync } from 'node:fs';
import type { CarriedFiles } from './carried-files.ts';
import type { ServiceDefinition, ServiceSettings } from './service-definition.ts';

/**
 * Everything that a service reads from files at its start: what its own settings name, and the secrets that were set.
 *
 * @param env the operator's
 * @throws RemedyError (exit 2) where they are not what the service can use
 */
export function carriedBy(
  { files }: Pick<ServiceDefinition, 'files'>,
  settings: ServiceSettings,
  env: Readonly<Record<string, string | undefined>>,
): CarriedFiles | undefined {
  const own = files?.(settings, env);
  const secrets = Object.entries(settings.secretFiles ?? {}).map(([variable, path]) => ({
    variable,
    // No document begins with a dot.
    name: `.${variable}`,
    content: readFileSync(path),
  }));
  if (secrets.length === 0) return own;
  return {
    files: [...(own?.files ?? []), ...secrets.map(({ name, content }) => ({ name, content }))],
    env: (folder, keep) => ({
      ...own?.env(folder, keep),
      ...Object.fromEntries(secrets.map(({ variable, name }) => [`${variable}_FILE`, `${folder}/${name}`])),
    }),
  };
}
