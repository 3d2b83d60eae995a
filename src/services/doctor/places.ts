import { atPlace, type Place } from '../stack/places.ts';
import type { Provider } from '../stack/provider.ts';
import { type FlagsOf, flagsOver } from '../targets/place-flags.ts';
import type { FlagSet } from '../workloads/service-definition.ts';
import { type DoctorCheck, examine, finding } from './check.ts';

/** Where a place is, and what of a deploy is examined. */
export const doctorFlagsOf: FlagsOf = ({ placeFlags, doctorFlags = {} }) => ({ ...placeFlags, ...doctorFlags });

/** The flags of an examination of several places. What only the first one had once keeps its earlier name, too. */
export function doctorFlagsOver(providers: readonly Provider[]): FlagSet {
  const flags = flagsOver(providers, doctorFlagsOf);
  for (const provider of providers) {
    for (const own of Object.keys(doctorFlagsOf(provider))) {
      const named = `${provider.name}-${own}`;
      const flag = flags[named];
      const isTaken = Object.values(flags).some(({ aliases }) => aliases?.includes(own as never));
      if (flags[own] !== undefined || flag === undefined || isTaken) continue;
      flags[named] = { ...flag, aliases: [own], deprecateAliases: true } as FlagSet[string];
    }
  }
  return flags;
}

/** Examines the place that was named; without a name each of which there is any sign here. */
export async function examinePlaces(places: readonly Place[], named: string | undefined): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const place of places) {
    const { provider, site } = place;
    const { name, title } = provider;
    if (named !== undefined && named !== name) continue;
    if (named === undefined && (await provider.isConfigured?.(site)) === false) {
      checks.push(finding(name, 'skipped', `no sign of ${title} here`, `examine it with: chainctl doctor ${name}`));
      continue;
    }
    const failed = async (error: unknown) => [await examine(name, site.signal, () => Promise.reject(error))];
    checks.push(...(await atPlace(place, async ({ doctor }) => (await doctor?.()) ?? []).catch(failed)));
  }
  return checks;
}
