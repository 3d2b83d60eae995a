import { ExitCode, RemedyError } from '../../errors.ts';
import { stackOption } from '../stack/stack-option.ts';
import type { SmokeOptions } from './run-smoke.ts';

type Targets = Pick<SmokeOptions, 'a' | 'b' | 'minProcessSeconds'>;

/**
 * What to check: the addresses that were named, else those of the deployed stack. A named A stands for itself: B and
 * the minimum processing time of some stack need not be that A's.
 *
 * @param readStack asked only when something is missing
 * @throws RemedyError `nothing-deployed` (exit 3) when there is nothing to check
 */
export async function smokeTargets(stack: string, named: Targets, readStack: () => Promise<Targets>): Promise<Targets> {
  if (named.a !== undefined) return named;
  const targets = { ...(await readStack()), ...named };
  if (targets.a === undefined && targets.b === undefined) {
    throw new RemedyError(`nothing is deployed in stack "${stack}", so there is nothing to check`, {
      code: 'nothing-deployed',
      exit: ExitCode.configuration,
      nextSteps: [
        `chainctl deploy local${stackOption(stack)}`,
        'or name a running chain: chainctl smoke --target http://127.0.0.1:8001',
      ],
    });
  }
  return targets;
}
