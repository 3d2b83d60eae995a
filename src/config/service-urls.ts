import { Flags } from '@oclif/core';
import { unixTarget } from '../services/dial/unix-target.ts';
import { smokeTarget } from '../services/smoke/targets.ts';
import { variable } from '../services/words.ts';
import { dependents, entryOf, SERVICES } from '../services/workloads/catalog.ts';
import type { Endpoints, FlagSet, FlagValues } from '../services/workloads/service-definition.ts';
import { checkUrl } from './flags.ts';

/** An address from here: a URL, or a socket file. */
const serviceUrlFlag = Flags.custom<string>({
  helpValue: 'URL',
  parse: async (text, _context, flag) => unixTarget(text) ?? checkUrl(text, flag),
});

/** Services behind the one where requests come in, each with those that need it. */
const BEHIND = SERVICES.flatMap(({ name }) => dependents(name).map((other) => ({ name, other: other.name })));

/** `--b-url` and the like: addresses of services that are not the stack's. */
export const serviceUrlFlags: FlagSet = Object.fromEntries(
  BEHIND.map(({ name, other }) => {
    const description = `${name.toUpperCase()}'s address [default: the stack's, else where ${other.toUpperCase()} sends]`;
    return [`${name}-url`, serviceUrlFlag({ description, env: variable(name, 'url') })];
  }),
);

/** `--target` of a smoke test: a name means what it means for a load. */
export const smokeTargetFlag = Flags.custom<string>({
  description: `${entryOf().name.toUpperCase()}'s address, or a service of the stack (${SERVICES.map(({ path }) => path.slice(1)).join(', ')})`,
  helpValue: 'NAME|URL',
  env: 'CHAINCTL_TARGET',
  parse: async (text, _context, flag) =>
    smokeTarget(text).service === undefined ? (unixTarget(text) ?? checkUrl(text, flag)) : text,
});

/** The addresses that were given: `--target` is that of the service where requests come in. */
export function givenUrls(flags: FlagValues): Endpoints {
  const target = smokeTarget(flags.target);
  const given = [[entryOf().name, target.url], ...BEHIND.map(({ name }) => [name, flags[`${name}-url`]])];
  return Object.fromEntries(given.filter(([, url]) => url !== undefined).map(([name, url]) => [name, String(url)]));
}
