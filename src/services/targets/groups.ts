import { type FlagsOf, flagsOver } from './place-flags.ts';
import { PROVIDERS } from './providers.ts';

/** The places that may have a group of instances. */
export const WITH_GROUPS = PROVIDERS.filter(({ groupFlags }) => groupFlags !== undefined);

export const groupFlagsOf: FlagsOf = ({ placeFlags, groupFlags }) => ({ ...placeFlags, ...groupFlags });

/** Which group is meant, at any of these places. */
export const groupFlags = flagsOver(WITH_GROUPS, groupFlagsOf);

/** All names of these flags, earlier ones too. */
export const groupFlagNames = Object.entries(groupFlags).flatMap(([name, { aliases = [] }]) => [
  name,
  ...aliases.map(String),
]);
