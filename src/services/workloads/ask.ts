import { refuseForeignTuning, tuningFlags, tuningOf } from '../../config/tuning-flags.ts';
import { SERVICES } from './catalog.ts';
import type { FlagSet, FlagValues, ServiceDefinition, ServiceSettings } from './service-definition.ts';

/** The settings of each deployed service, by name: the part of a request that is the same on all places. */
export type AskedServices = Readonly<Record<string, ServiceSettings>>;

/** Every flag of the services that a place may get. */
export function serviceFlags(services: readonly ServiceDefinition[] = SERVICES) {
  return { ...(Object.assign({}, ...services.map(({ flags }) => flags)) as FlagSet), ...tuningFlags };
}

/**
 * What the flags ask of the services that are deployed.
 *
 * @throws RemedyError (exit 2) for tuning of a service that is not among them, where they are one
 */
export function askServices(services: readonly ServiceDefinition[], flags: FlagValues): AskedServices {
  const [only] = services;
  if (only !== undefined && services.length === 1) refuseForeignTuning(flags, only.name);
  return Object.fromEntries(
    services.map((service) => {
      const tuning = tuningOf(flags, service.name);
      return [service.name, { ...service.ask(flags), ...(tuning === undefined ? {} : { tuning }) }];
    }),
  );
}
