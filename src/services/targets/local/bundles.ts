import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, RemedyError } from '../../../errors.ts';

type ServiceName = 'service-a' | 'service-b' | 'engine-sim' | 'proxy';

/** A built service: its file and the hash of its content. */
export interface Bundle {
  readonly path: string;
  readonly hash: string;
}

export type Bundles = Readonly<Record<ServiceName, Bundle>>;

/** Reads the built services that came with the package. */
export async function loadBundles(folder: string): Promise<Bundles> {
  const load = async (name: ServiceName): Promise<Bundle> => {
    const path = join(folder, `${name}.mjs`);
    try {
      return {
        path,
        hash: createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
          .slice(0, 16),
      };
    } catch (error) {
      throw new RemedyError(`the built service ${path} is missing`, {
        code: 'not-built',
        exit: ExitCode.configuration,
        cause: error,
        nextSteps: ['in a checkout: npm run build', 'otherwise install chainctl again'],
      });
    }
  };
  const [a, b, engine, proxy] = await Promise.all([
    load('service-a'),
    load('service-b'),
    load('engine-sim'),
    load('proxy'),
  ]);
  return { 'service-a': a, 'service-b': b, 'engine-sim': engine, proxy };
}
