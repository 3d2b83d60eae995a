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
  /** Whether they ask for the stack's token. */
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
 * Reads the endpoints of a stack from its state.
 *
 * @param linked whether an address counts that a service was only told: that of one which somebody else runs
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function readEndpoints(
  paths: StackPaths,
  { linked }: { readonly linked: boolean } = { linked: false },
): Promise<StackEndpoints> {
  const state = await readState(paths.state);
  let endpoints: StackEndpoints = { urls: {}, on: {} };
  for (const [name, target] of Object.entries(state?.targets ?? {})) {
    const { services = {}, links: told = {} } = request.safeParse(target.request).data ?? {};
    const links = linked ? told : {};
    const minimum = Object.values(services).find((each) => each.minProcessSeconds !== undefined)?.minProcessSeconds;
    const on = (urls: Endpoints) => Object.fromEntries(Object.keys(urls).map((service) => [service, name]));
    endpoints = {
      ...endpoints,
      // Whoever has deployed a service knows better than one that was told of it.
      urls: { ...links, ...endpoints.urls, ...target.endpoints },
      on: { ...on(links), ...endpoints.on, ...on(target.endpoints) },
      ...(target.auth === 'token' ? { auth: target.auth } : {}),
      ...(minimum === undefined ? {} : { minProcessSeconds: minimum }),
    };
  }
  return endpoints;
}
