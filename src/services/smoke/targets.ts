import { remedy } from '../../errors.ts';
import { stackOption } from '../stack/stack-option.ts';
import { entryOf, SERVICES } from '../workloads/catalog.ts';
import type { SmokeOptions } from './run-smoke.ts';

type Targets = Pick<SmokeOptions, 'urls' | 'minProcessSeconds'>;

/** What `--target` says: an address, or a service of the stack by its name or the last word of its path. */
export function smokeTarget(target: unknown): { readonly url?: string; readonly service?: string } {
  const service = SERVICES.find(({ name, path }) => target === name || target === path.slice(1));
  if (service !== undefined) return { service: service.name };
  return typeof target === 'string' ? { url: target } : {};
}

/**
 * What to check: the addresses that were named, else those of the deployed stack. A named A stands for itself: B and
 * the minimum processing time of some stack need not be that A's.
 *
 * @param service where one of the stack's is meant; the one that chains begin in stands for the whole chain
 * @param readStack asked only when something is missing
 * @throws RemedyError `nothing-deployed` (exit 3) when there is nothing to check
 */
export async function smokeTargets(
  stack: string,
  { service, ...named }: Targets & { readonly service?: string },
  readStack: () => Promise<Targets>,
): Promise<Targets> {
  if (named.urls[entryOf().name] !== undefined) return named;
  const deployed = await readStack();
  const isMeant = (name: string) => service === undefined || service === entryOf().name || service === name;
  const urls = Object.entries({ ...deployed.urls, ...named.urls }).filter(([name]) => isMeant(name));
  const targets = { ...deployed, ...named, urls: Object.fromEntries(urls) };
  if (urls.length === 0) {
    const what = service === undefined ? 'nothing' : `no service ${service.toUpperCase()}`;
    throw remedy.configuration(
      'nothing-deployed',
      `${what} is deployed in stack "${stack}", so there is nothing to check`,
      [
        `chainctl deploy local${stackOption(stack)}`,
        'or name a running chain: chainctl smoke --target http://127.0.0.1:8001',
      ],
    );
  }
  return targets;
}
