import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { remedy } from '../../../errors.ts';
import { shortHash } from '../../machine/templates.ts';
import { SERVICES } from '../../workloads/catalog.ts';

/** A built service: its file and the hash of its content. */
export interface Bundle {
  readonly path: string;
  readonly hash: string;
}

/** Of services by name, and of `engine-sim` and `proxy`. */
export type Bundles = Readonly<Record<string, Bundle>>;

/** Reads the built services that came with the package, and those of services by themselves. */
export async function loadBundles(folder: string): Promise<Bundles> {
  const load = async (key: string, file: string): Promise<[string, Bundle]> => {
    const path = resolve(folder, file);
    try {
      return [key, { path, hash: shortHash(await readFile(path)) }];
    } catch (error) {
      throw remedy.configuration(
        'not-built',
        `the built service ${path} is missing`,
        ['in a checkout: npm run build', 'otherwise install chainctl again'],
        error,
      );
    }
  };
  const own = ['engine-sim', 'proxy'].map((name) => load(name, `${name}.mjs`));
  return Object.fromEntries(
    await Promise.all([...SERVICES.map(({ name, image }) => load(name, image.bundle)), ...own]),
  );
}
