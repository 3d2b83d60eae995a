import { remedy } from '../../errors.ts';
import { stackOption } from '../stack/stack-option.ts';
import { entryOf } from '../workloads/catalog.ts';
import type { SmokeOptions } from './run-smoke.ts';

type Targets = Pick<SmokeOptions, 'urls' | 'minProcessSeconds'>;

/**
 * What to check: the addresses that were named, else those of the deployed stack. A named A stands for itself: B and
 * the minimum processing time of some stack need not be that A's.
 *
 * @param readStack asked only when something is missing
 * @throws RemedyError `nothing-deployed` (exit 3) when there is nothing to check
 */
export async function smokeTargets(stack: string, named: Targets, readStack: () => Promise<Targets>): Promise<Targets> {
  if (named.urls[entryOf().name] !== undefined) return named;
  const deployed = await readStack();
  const targets = { ...deployed, ...named, urls: { ...deployed.urls, ...named.urls } };
  if (Object.keys(targets.urls).length === 0) {
    throw remedy.configuration(
      'nothing-deployed',
      `nothing is deployed in stack "${stack}", so there is nothing to check`,
      [
        `chainctl deploy local${stackOption(stack)}`,
        'or name a running chain: chainctl smoke --target http://127.0.0.1:8001',
      ],
    );
  }
  return targets;
}
