import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { writeDurably } from '../../files/write-durably.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { CARRIED, secretsFolder } from '../../stack/secrets.ts';
import { carriedBy } from '../../workloads/carried-by.ts';
import { carriedId } from '../../workloads/carried-files.ts';
import { servicesOf } from './desired.ts';
import type { LocalRequest } from './request.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts the files that services' settings name where the services read them: beside the stack's secrets, since they may
 * hold some. A service goes on with what it was started with, whatever becomes of the files that were named.
 *
 * @param make false says only where they would be
 * @returns the environment that tells of them, by service
 * @throws RemedyError (exit 2) where they are not what the service can use
 */
export async function placeFiles(
  paths: StackPaths,
  request: Pick<LocalRequest, 'services'>,
  env: Environment,
  make: boolean,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const placed = servicesOf(request).map(async (service) => {
    const { name } = service;
    const carried = carriedBy(service, request.services[name] ?? {}, env);
    if (carried === undefined) {
      if (make) await removeOthers(secretsFolder(paths), `${CARRIED}${name}-`);
      return [name, {}] as const;
    }
    const own = `${CARRIED}${name}-${carriedId(carried)}`;
    const folder = join(secretsFolder(paths), own);
    if (make) {
      await makeFolder(secretsFolder(paths), 0o700);
      await makeFolder(folder, 0o700);
      for (const file of carried.files) await writeDurably(join(folder, file.name), file.content, { mode: 0o600 });
      await removeOthers(secretsFolder(paths), `${CARRIED}${name}-`, own);
    }
    return [name, carried.env(folder, paths.logs)] as const;
  });
  return Object.fromEntries(await Promise.all(placed));
}

/** Those of earlier deploys: what runs has read them at its start. */
async function removeOthers(folder: string, prefix: string, own?: string): Promise<void> {
  const others = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix) && name !== own);
  for (const name of others) await rm(join(folder, name), { recursive: true, force: true });
}
