import { type RemedyError, remedy } from '../../errors.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { readEndpoints } from './endpoints.ts';
import type { StackPaths } from './paths.ts';
import { isUsed, type Place } from './places.ts';
import type { Connection } from './provider.ts';
import { stackOption } from './stack-option.ts';

/**
 * The place that has a service of the stack: the one that the record names, else (its file is lost, or the deploy was
 * interrupted) the first that is in use and would get it.
 *
 * @throws RemedyError (exit 3) when the service is deployed nowhere; nobody was asked for credentials then
 */
export async function placeOf(
  paths: StackPaths,
  places: readonly Place[],
  { name, title }: ServiceDefinition,
  services: readonly ServiceDefinition[],
): Promise<Place> {
  // Of several the one that was deployed last: the one that load goes to.
  const known = await readEndpoints(paths).catch(() => undefined);
  const recorded = places.find(({ provider }) => provider.name === known?.on[name]);
  if (recorded !== undefined) return recorded;
  for (const place of places) {
    if (place.provider.chosen(services).some((each) => each.name === name) && (await isUsed(place))) return place;
  }
  throw remedy.configuration('not-deployed', `stack ${paths.name} has no ${title}: there is nothing to log in to`, [
    `see what is deployed, and where: chainctl status${stackOption(paths.name)}`,
    'or name another stack with --stack',
  ]);
}

/**
 * What logs in to a machine of the service.
 *
 * @param instance the machine that is meant, where there are several: its name, or the end of it
 * @throws RemedyError: exit 2 where one is to be chosen and there is nothing to choose, exit 3 where there is no way in
 */
export async function shellOf(
  connection: Connection,
  { provider, site }: Place,
  { name, title }: ServiceDefinition,
  instance: string | undefined,
): Promise<readonly [program: string, ...words: string[]]> {
  const on = stackOption(site.paths.name);
  if (connection.shell === undefined) {
    throw remedy.usage('no-vm', `${title} is on ${provider.title}, where there is nothing to log in to`, [
      `read what it writes: chainctl logs ${name}${on}`,
    ]);
  }
  if (instance !== undefined && connection.instances === undefined) {
    throw remedy.usage('usage', `${title} has one machine: there is nothing to choose`, [
      `log in: chainctl ssh ${name}${on}`,
      `run a command there: chainctl ssh ${name}${on} -- COMMAND`,
    ]);
  }
  return connection.shell(name, instance);
}

/** There is nothing to log in to, or no key to it. */
export function noMachine(stack: string, service: string, target: string): RemedyError {
  const what = `VM of service ${service.toUpperCase()} that this machine has the keys for`;
  return remedy.configuration('no-vm', `stack ${stack} has no ${what}`, [
    `deploy it first: chainctl deploy ${target}${stackOption(stack)}`,
    'or name another stack with --stack',
  ]);
}
