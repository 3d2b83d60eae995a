import type { Provider } from '../stack/provider.ts';
import type { FlagSet, FlagValues } from '../workloads/service-definition.ts';

/** Which flags of a provider a command offers. */
export type FlagsOf = (provider: Provider) => FlagSet;

/** Where a group is, and which: nothing of a place that has none. */
export const groupFlagsOf: FlagsOf = ({ placeFlags, groupFlags }) =>
  groupFlags === undefined ? {} : { ...placeFlags, ...groupFlags };

type Named = Pick<Provider, 'name'>;

/**
 * The flags of a command that means several places. What two of them call by one name is one flag where it has one
 * variable, too, for it means the same; else each stands behind its place's name: `--aws-type`, `--gcp-type`. With its
 * place's name before it every flag can be written.
 */
export function flagsOver(providers: readonly Provider[], flagsOf: FlagsOf): FlagSet {
  const flags: FlagSet = {};
  // What one calls by an earlier name may be another's own.
  const taken = new Set(providers.flatMap((provider) => Object.keys(flagsOf(provider))));
  for (const provider of providers) {
    for (const [own, flag] of Object.entries(flagsOf(provider))) {
      const name = nameOver(own, provider, providers, flagsOf);
      const long = longName(own, provider);
      const earlier = (flags[name]?.aliases ?? flag.aliases ?? []).filter((alias) => !taken.has(alias));
      const aliases = long === name ? earlier : [...earlier, long];
      flags[name] = { ...(flags[name] ?? flag), ...(aliases.length === 0 ? {} : { aliases }) } as FlagSet[string];
    }
  }
  return flags;
}

/** Everything that may be written for these, earlier names too. */
export function namesOf(flags: FlagSet): string[] {
  return Object.entries(flags).flatMap(([name, { aliases = [] }]) => [name, ...aliases.map(String)]);
}

/** What a provider has to know of the values of {@link flagsOver}, by its own names. */
export function ownValues(
  values: FlagValues,
  provider: Provider,
  providers: readonly Provider[],
  flagsOf: FlagsOf,
): FlagValues {
  const own = Object.keys(flagsOf(provider));
  return Object.fromEntries(own.map((name) => [name, values[nameOver(name, provider, providers, flagsOf)]]));
}

function nameOver(own: string, provider: Provider, providers: readonly Provider[], flagsOf: FlagsOf): string {
  const variable = flagsOf(provider)[own]?.env;
  const clashes = providers.some((other) => {
    const theirs = flagsOf(other)[own];
    return other !== provider && theirs !== undefined && (variable === undefined || theirs.env !== variable);
  });
  return clashes ? longName(own, provider) : own;
}

function longName(own: string, { name }: Named): string {
  return own.startsWith(`${name}-`) ? own : `${name}-${own}`;
}
