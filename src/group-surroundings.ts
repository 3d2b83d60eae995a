import { pathsOf, thisOperator } from './operator.ts';
import { type FoundGroup, findGroup } from './services/scaling/find-group.ts';
import type { Connection, Provider } from './services/stack/provider.ts';
import { readState } from './services/stack/state.ts';
import { gcpFlags } from './services/targets/gcp/flags.ts';
import { groupFlags as ofGcp } from './services/targets/gcp/group-flags.ts';
import { local } from './services/targets/local/provider.ts';
import type { FlagSet, FlagValues } from './services/workloads/service-definition.ts';

// Until the list of places is there: the two that have groups.
const PROVIDERS = [
  { ...local, groupFlags: {} },
  {
    ...{ name: 'gcp', billed: true, placeFlags: gcpFlags, groupFlags: ofGcp },
    connect: async (site) => ({
      group: async () => (await import('./services/targets/gcp/open-group.ts')).openGroup(site),
      close: async () => {},
    }),
  },
] as readonly (Pick<Provider, 'name' | 'billed' | 'placeFlags' | 'groupFlags'> & {
  connect(site: Parameters<Provider['connect']>[0]): Promise<Pick<Connection, 'group' | 'close'>>;
})[] as readonly Provider[];

/** Which group is meant, for every place that has groups. */
export const groupFlags: FlagSet = Object.assign(
  {},
  ...PROVIDERS.map((provider) => ({ ...provider.placeFlags, ...provider.groupFlags })),
);

/** All names of these, earlier ones too. */
export const groupFlagNames = Object.entries(groupFlags).flatMap(([name, { aliases = [] }]) => [
  name,
  ...aliases.map(String),
]);

/** The group that flags and stack mean. */
export async function groupOf(stack: string, flags: FlagValues): Promise<FoundGroup> {
  const paths = pathsOf(stack);
  const state = await readState(paths.state);
  const operator = thisOperator();
  const { signal } = new AbortController();
  const targets: Readonly<
    Record<string, NonNullable<typeof state>['targets'][keyof NonNullable<typeof state>['targets']]>
  > = state?.targets ?? {};
  return findGroup(
    stack,
    PROVIDERS.map((provider) => ({
      provider,
      site: { paths, flags, record: targets[provider.name], operator, signal },
    })),
  );
}
