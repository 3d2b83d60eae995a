import { type GroupFlags, namedGroup } from './config/group-flags.ts';
import { systemClock } from './runtime.ts';
import { localSource } from './services/scaling/local-source.ts';
import type { GroupSource } from './services/scaling/types.ts';
import { pathsOf, processDeps } from './surroundings.ts';

/**
 * The group that flags and stack mean.
 *
 * @throws RemedyError: exit 2 when the flags say only a part of where it is, exit 3 when there is none
 */
export async function groupOf(stack: string, flags: GroupFlags): Promise<GroupSource> {
  const named = namedGroup(flags);
  if (named !== undefined) throw new Error('not yet');
  const paths = pathsOf(stack);
  return localSource(paths, { clock: systemClock, processes: processDeps(paths) });
}
