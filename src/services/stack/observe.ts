import { LiveObjects } from './live-objects.ts';
import type { Resource, Target } from './resource.ts';
import type { StepDeps } from './steps.ts';

/** A resource of the stack that exists. */
export interface FoundObject {
  readonly resource: Resource<unknown, unknown>;
  readonly live: unknown;
}

/** Everything of a target that exists: what the state names and what a sweep finds. */
export async function findAll(
  target: Target,
  { context, journal }: Pick<StepDeps, 'context' | 'journal'>,
  objects = new LiveObjects(context, (key) => target.handle(key)),
): Promise<FoundObject[]> {
  const keys = new Set([...Object.keys(journal.target.resources), ...(await target.discover(context))]);
  const found = await Promise.all(
    [...keys].map(async (key) => ({ resource: target.handle(key), live: await objects.find(key) })),
  );
  return found.filter(({ live }) => live !== undefined);
}
