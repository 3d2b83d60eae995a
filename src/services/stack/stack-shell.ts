import { remedy } from '../../errors.ts';
import type { ServiceDefinition } from '../workloads/service-definition.ts';
import { readEndpoints } from './endpoints.ts';
import type { StackPaths } from './paths.ts';
import { isUsed, type Place } from './places.ts';
import type { Connection } from './provider.ts';
import { stackOption } from './stack-option.ts';

interface ShellOptions {
  readonly service: ServiceDefinition;
  /** The machine that is meant, where there are several: its name, or the end of it. */
  readonly instance: string | undefined;
  readonly place: Place;
  readonly stack: string;
}

/**
 * The place that has a service of the stack: the one that the record names, else (its file is lost, or the deploy was
 * interrupted) the first that is in use and would get it.
 *
 * @throws RemedyError (exit 3) when the service is deployed nowhere; nobody was asked for credentials then
 */
export async function placeOf(
  paths: StackPaths,
  places: readonly Place[],
  service: ServiceDefinition,
  services: readonly ServiceDefinition[],
): Promise<Place> {
  const { on } = await readEndpoints(paths).catch(() => ({ on: {} as Readonly<Record<string, string>> }));
  const recorded = places.find(({ provider }) => provider.name === (on as Record<string, string>)[service.name]);
  if (recorded !== undefined) return recorded;
  for (const place of places) {
    if (place.provider.chosen(services).includes(service) && (await isUsed(place))) return place;
  }
  const option = stackOption(paths.name);
  throw remedy.configuration(
    'not-deployed',
    `stack ${paths.name} has no ${service.title}: there is nothing to log in to`,
    [`see what is deployed, and where: chainctl status${option}`, 'or name another stack with --stack'],
  );
}

/**
 * What logs in to a machine of the service.
 *
 * @throws RemedyError: exit 2 where one is to be chosen and there is nothing to choose, exit 3 where there is no way in
 */
export async function shellOf(
  connection: Connection,
  { service, instance, place, stack }: ShellOptions,
): Promise<readonly [program: string, ...words: string[]]> {
  const { name } = service;
  if (connection.shell === undefined) {
    throw remedy.usage('no-vm', `${service.title} is on ${place.provider.title}, where there is nothing to log in to`, [
      `read what it writes: chainctl logs ${name}${stackOption(stack)}`,
    ]);
  }
  if (instance !== undefined && connection.instances === undefined) {
    throw remedy.usage('usage', `${service.title} has one machine: there is nothing to choose`, [
      `log in: chainctl ssh ${name}${stackOption(stack)}`,
      `run a command there: chainctl ssh ${name}${stackOption(stack)} -- COMMAND`,
    ]);
  }
  return connection.shell(name, instance);
}
