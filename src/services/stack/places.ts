import type { Connection, Provider, Site } from './provider.ts';
import type { StackState } from './state.ts';

/** A provider, used for one stack. */
export interface Place {
  readonly provider: Provider;
  readonly site: Site;
}

/**
 * The places of a stack, each with what the state has of it.
 *
 * @param flagsOf what was given to a provider, by its own names of flags
 */
export function placesOf(
  providers: readonly Provider[],
  state: StackState | undefined,
  { flagsOf, ...common }: Omit<Site, 'flags' | 'record'> & { flagsOf(provider: Provider): Site['flags'] },
): readonly Place[] {
  return providers.map((provider) => ({
    provider,
    site: { ...common, flags: flagsOf(provider), record: state?.targets[provider.name] },
  }));
}

/** Opens a place for some work, and closes it however that ends. */
export async function atPlace<T>({ provider, site }: Place, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await provider.connect(site);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Whether anything is recorded of the stack there, or anything else here speaks of it. */
export async function isUsed({ provider, site }: Place): Promise<boolean> {
  return site.record !== undefined || provider.hasTraces(site);
}
