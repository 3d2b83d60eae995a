import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, RemedyError } from '../../errors.ts';
import type { BootTemplates } from './cloud-init.ts';

export type ServiceName = 'a' | 'b';

/** What makes up one service on a machine, as it came with the package. */
export interface ServiceTemplates {
  readonly compose: string;
  readonly dockerfile: string;
  /** The built service, one file. */
  readonly bundle: Buffer;
}

export interface HostTemplates {
  readonly boot: BootTemplates;
  readonly services: Readonly<Record<ServiceName, ServiceTemplates>>;
}

/**
 * Reads everything that goes to a machine.
 *
 * @param templates the package's `templates` folder
 * @param bundles the folder of the built services
 * @throws RemedyError `not-built` (exit 3)
 */
export async function loadHostTemplates(templates: string, bundles: string): Promise<HostTemplates> {
  const load = async (path: string) => {
    try {
      return await readFile(path);
    } catch (error) {
      throw new RemedyError(`${path}, which goes to the machine, is missing`, {
        code: 'not-built',
        exit: ExitCode.configuration,
        cause: error,
        nextSteps: ['in a checkout: npm run build', 'otherwise install chainctl again'],
      });
    }
  };
  const text = async (...path: string[]) => (await load(join(templates, ...path))).toString('utf8');
  const service = async (name: ServiceName): Promise<ServiceTemplates> => ({
    compose: await text('compose', `service-${name}.yaml`),
    dockerfile: await text('services', `service-${name}`, 'Dockerfile'),
    bundle: await load(join(bundles, `service-${name}.mjs`)),
  });
  return {
    boot: {
      cloudConfig: await text('boot', 'cloud-init.yaml'),
      installDocker: await text('boot', 'install-docker.sh'),
      deadline: await text('boot', 'deadline.sh'),
      serve: await text('boot', 'serve.sh'),
      serveUnit: await text('boot', 'serve.service'),
      seal: await text('boot', 'seal.sh'),
    },
    services: { a: await service('a'), b: await service('b') },
  };
}

/** 16 hexadecimal digits of a SHA-256: enough to tell versions apart. */
export function shortHash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
