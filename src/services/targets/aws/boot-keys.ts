import { type BootTemplates, cloudInit } from '../../machine/cloud-init.ts';
import { makeSshKeyPair } from '../../machine/ssh-keys.ts';
import type { StackPaths } from '../../stack/paths.ts';
import { ensureSecretPair, type KeyPair, readSecret, SSH_KEY } from '../../stack/secrets.ts';
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
  const pair = (name: string) =>
    make
      ? ensureSecretPair(paths, name, () => makeSshKeyPair(`chainctl-${paths.name}-${name}`))
      : knownPair(paths, name);
  const [operator, hostKey] = await Promise.all([pair(SSH_KEY), pair(HOST_KEY)]);
  if (operator === undefined || hostKey === undefined) return undefined;
  const ttlMinutes = ttlSeconds === undefined ? undefined : Math.ceil(ttlSeconds / 60);
  return {
    publicKey: operator.publicKey,
    userData: cloudInit({ templates: boot, hostKey, authorizedKey: operator.publicKey, ttlMinutes }),
    // Not of the text: a newer chainctl with another boot script is no reason to replace a VM that runs.
    bootHash: hashOf(JSON.stringify([operator.publicKey, hostKey.publicKey, ttlMinutes ?? 0])),
  };
}

async function knownPair(paths: StackPaths, name: string): Promise<KeyPair | undefined> {
  const [privateKey, publicKey] = await Promise.all([readSecret(paths, name), readSecret(paths, `${name}.pub`)]);
  return privateKey === undefined || publicKey === undefined ? undefined : { privateKey, publicKey };
}
