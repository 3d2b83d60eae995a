import { z } from 'zod';
import { withServices } from '../workloads/request.ts';
import type { Endpoints } from '../workloads/service-definition.ts';
import type { StackPaths } from './paths.ts';
import { readState } from './state.ts';

/** Where a stack answers; a service that is missing is neither deployed nor known to one that needs it. */
export interface StackEndpoints {
  readonly urls: Endpoints;
  /** What each is deployed on, or is known from, by the place's name. */
  readonly on: Readonly<Record<string, string>>;
  /** The minimum processing time that the services were deployed with, seconds. */
  readonly minProcessSeconds?: number;
  readonly auth?: 'token';
}

const request = z.preprocess(
  withServices,
  z.object({
    services: z.record(z.string(), z.object({ minProcessSeconds: z.number().optional() })),
    links: z.record(z.string(), z.string()).optional(),
  }),
);

/**
 * @param linked whether an address counts that a service was only told: that of one which somebody else runs
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function readEndpoints(
  paths: StackPaths,
  { linked }: { readonly linked: boolean } = { linked: false },
): Promise<StackEndpoints> {
  const targets = Object.entries((await readState(paths.state))?.targets ?? {}).map(([place, target]) => {
    const { services = {}, links = {} } = request.safeParse(target.request).data ?? {};
    return { ...target, place, settings: Object.values(services), links: linked ? links : {} };
  });
  // Whoever has deployed a service knows better than one that was told of it.
  const told = targets.toReversed().map(({ place, links }) => [place, links] as const);
  const known = [...told, ...targets.map(({ place, endpoints }) => [place, endpoints] as const)];
  const settings = targets.flatMap((target) => target.settings);
  const minimum = settings.findLast((each) => each.minProcessSeconds !== undefined)?.minProcessSeconds;
  return {
    urls: Object.assign({}, ...known.map(([, urls]) => urls)),
    on: Object.fromEntries(known.flatMap(([place, urls]) => Object.keys(urls).map((service) => [service, place]))),
    ...(targets.some(({ auth }) => auth === 'token') ? { auth: 'token' } : {}),
    ...(minimum === undefined ? {} : { minProcessSeconds: minimum }),
  };
}
