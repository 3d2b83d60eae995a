import { remedy } from '../../errors.ts';
import type { Place } from '../stack/places.ts';
import { stackOption } from '../stack/stack-option.ts';

export type FoundGroup = Awaited<ReturnType<typeof findGroup>>;

/**
 * The group that flags and record mean: at a place whose flags name one, else the stack's own. What costs money comes
 * first: it scales by itself.
 *
 * @returns the group, which closes its place, too, when it is closed; and the name of that place
 * @throws RemedyError: exit 2 when the flags say only a part of where it is, exit 3 when there is none or no credentials
 */
export async function findGroup(stack: string, places: readonly Place[]) {
  const able = places.filter(({ provider }) => provider.groupFlags !== undefined);
  const named = able.filter(isNamed);
  const recorded = able
    .filter(({ site }) => site.record !== undefined)
    .toSorted((a, b) => Number(b.provider.billed) - Number(a.provider.billed));
  for (const { provider, site } of named.length > 0 ? named : recorded) {
    const connection = await provider.connect(site);
    const source = await connection.group?.();
    if (source === undefined) {
      await connection.close();
      continue;
    }
    const close = async () => {
      await source.close?.();
      await connection.close();
    };
    return { place: provider.name, source: { ...source, close } };
  }
  const on = stackOption(stack);
  throw remedy.configuration('no-stack', `stack ${stack} has no group of instances`, [
    ...able.map(({ provider }) => `deploy one: chainctl deploy ${provider.name}${on}`),
    'or name one: its flags are in chainctl scale-watch --help',
  ]);
}

/** Whether anything was given that only makes sense for a group. */
function isNamed({ provider: { groupFlags = {}, placeFlags }, site: { flags } }: Place): boolean {
  return Object.keys(groupFlags).some((name) => !(name in placeFlags) && flags[name] !== undefined);
}
