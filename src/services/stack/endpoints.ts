import { z } from 'zod';
import type { StackPaths } from './paths.ts';
import { readState } from './state.ts';

/** Where a deployed stack answers; a missing one is not deployed. Base URLs without a path. */
export interface StackEndpoints {
  readonly a?: string;
  readonly b?: string;
  /** What each is deployed on: `local`, `host`, `aws`, `gcp`. */
  readonly on: { readonly a?: string; readonly b?: string };
  /** The minimum processing time that B was deployed with, seconds. */
  readonly minProcessSeconds?: number;
  /** Whether they ask for the stack's token. */
  readonly auth?: 'token';
}

const request = z.object({ minProcessSeconds: z.number() });

/**
 * Reads the endpoints of a stack from its state.
 *
 * @throws RemedyError (exit 3) when the state file is damaged
 */
export async function readEndpoints(paths: StackPaths): Promise<StackEndpoints> {
  const state = await readState(paths.state);
  let endpoints: StackEndpoints = { on: {} };
  // The side of A on AWS knows an address of B, too: last time's. Whoever made B knows better.
  const targets = Object.entries(state?.targets ?? {}).sort(
    ([one], [other]) => Number(other === 'aws') - Number(one === 'aws'),
  );
  for (const [name, target] of targets) {
    const { a, b } = target.endpoints;
    const asked = request.safeParse(target.request);
    endpoints = {
      ...endpoints,
      ...(a === undefined ? {} : { a }),
      ...(b === undefined ? {} : { b }),
      on: { ...endpoints.on, ...(a === undefined ? {} : { a: name }), ...(b === undefined ? {} : { b: name }) },
      ...(target.auth === 'token' ? { auth: target.auth } : {}),
      ...(asked.success ? { minProcessSeconds: asked.data.minProcessSeconds } : {}),
    };
  }
  return endpoints;
}
