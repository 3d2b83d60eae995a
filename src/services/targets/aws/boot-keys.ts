import { type BootTemplates, cloudInit } from '../../machine/cloud-init.ts';
import { loginKeys } from '../../machine/login-keys.ts';
import type { StackPaths } from '../../stack/paths.ts';
import type { Material } from './desired.ts';
import { hashOf } from './instance.ts';
import { HOST_KEY } from './request.ts';

export interface MaterialOptions {
  readonly paths: StackPaths;
  readonly boot: BootTemplates;
  /** Dead man's switch, seconds after the first boot. */
  readonly ttlSeconds?: number | undefined;
}

/**
 * The keys of a stack and what its VM boots with. They are on disk before anything is made with them.
 *
 * @param make false looks only
 * @returns undefined where there are no keys yet, and none shall be made
 */
export async function vmMaterial(
  { paths, boot, ttlSeconds }: MaterialOptions,
  make: boolean,
): Promise<Material | undefined> {
  const keys = await loginKeys(paths, HOST_KEY, make);
  if (keys === undefined) return undefined;
  const { operator, host: hostKey } = keys;
  const ttlMinutes = ttlSeconds === undefined ? undefined : Math.ceil(ttlSeconds / 60);
  return {
    publicKey: operator.publicKey,
    userData: cloudInit({ templates: boot, hostKey, authorizedKey: operator.publicKey, ttlMinutes }),
    // Not of the text: a newer chainctl with another boot script is no reason to replace a VM that runs.
    bootHash: hashOf(JSON.stringify([operator.publicKey, hostKey.publicKey, ttlMinutes ?? 0])),
  };
}
