import { pathsOf, thisOperator } from './operator.ts';
import { type FoundGroup, findGroup } from './services/scaling/find-group.ts';
import { placesOf } from './services/stack/places.ts';
import type { Provider } from './services/stack/provider.ts';
import { readState } from './services/stack/state.ts';
import { PROVIDERS } from './services/targets/providers.ts';
import type { FlagSet, FlagValues } from './services/workloads/service-definition.ts';

const ofGroup = ({ groupFlags, placeFlags }: Provider): FlagSet =>
  groupFlags === undefined ? {} : { ...placeFlags, ...groupFlags };

/** Which group is meant, for every place that has groups. */
export const groupFlags: FlagSet = Object.assign({}, ...PROVIDERS.map(ofGroup));

/** All names of these, earlier ones too. */
export const groupFlagNames = Object.entries(groupFlags).flatMap(([name, { aliases = [] }]) => [
  name,
  ...aliases.map(String),
]);

/** The group that flags and stack mean. */
export async function groupOf(stack: string, flags: FlagValues, signal: AbortSignal): Promise<FoundGroup> {
  const paths = pathsOf(stack);
  const state = await readState(paths.state);
  return findGroup(
    stack,
    placesOf(PROVIDERS, state, { paths, operator: thisOperator(), signal, flagsOf: () => flags }),
  );
}
