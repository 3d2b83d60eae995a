import { dependents, entryOf, SERVICES } from '../services/workloads/catalog.ts';
import type { Endpoints, FlagSet, FlagValues } from '../services/workloads/service-definition.ts';
import { urlFlag } from './flags.ts';

/** Services behind the one where requests come in, each with those that need it. */
const BEHIND = SERVICES.flatMap(({ name }) => dependents(name).map((other) => ({ name, other: other.name })));

/** `--b-url` and the like: addresses of services that are not the stack's. */
export const serviceUrlFlags: FlagSet = Object.fromEntries(
  BEHIND.map(({ name, other }) => {
    const upper = name.toUpperCase();
    const description = `${upper}'s address [default: the stack's, else where ${other.toUpperCase()} sends]`;
    return [`${name}-url`, urlFlag({ description, env: `CHAINCTL_${upper}_URL` })];
  }),
);

/** The addresses that were given: `--target` is that of the service where requests come in. */
export function givenUrls(flags: FlagValues): Endpoints {
  const given = [[entryOf().name, flags.target], ...BEHIND.map(({ name }) => [name, flags[`${name}-url`]])];
  return Object.fromEntries(given.filter(([, url]) => url !== undefined).map(([name, url]) => [name, String(url)]));
}
