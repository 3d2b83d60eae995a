import { z } from 'zod';
import { withServices } from '../workloads/request.ts';
import type { Endpoints } from '../workloads/service-definition.ts';
import type { StackPaths } from './paths.ts';
import { readState } from './state.ts';

/** Where a deployed stack answers; a service that is missing is not deployed. */
export interface StackEndpoints {
  readonly urls: Endpoints;
  /** What each is deployed on, by the place's name. */
  readonly on: Readonly<Record<string, string>>;
  /** The minimum processing time that the services were deployed with, seconds. */
  readonly minProcessSeconds?: number;
  /** Whether they ask for the stack's token. */
  readonly auth?: 'token';
}

const request = z.preprocess(
  withServices,
  z.object({ services: z.record(z.string(), z.object({ minProcessSeconds: z.number().optional() })) }),
);

/**
 * Reads the endpoints of a stack from its state.
 *
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function readEndpoints(paths: StackPaths): Promise<StackEndpoints> {
  const state = await readState(paths.state);
  let endpoints: StackEndpoints = { urls: {}, on: {} };
  for (const [name, target] of Object.entries(state?.targets ?? {})) {
    const on = Object.fromEntries(Object.keys(target.endpoints).map((service) => [service, name]));
    const asked = Object.values(request.safeParse(target.request).data?.services ?? {});
    const minimum = asked.find(({ minProcessSeconds }) => minProcessSeconds !== undefined)?.minProcessSeconds;
    endpoints = {
      ...endpoints,
      urls: { ...endpoints.urls, ...target.endpoints },
      on: { ...endpoints.on, ...on },
      ...(target.auth === 'token' ? { auth: target.auth } : {}),
      ...(minimum === undefined ? {} : { minProcessSeconds: minimum }),
    };
  }
  return endpoints;
}
