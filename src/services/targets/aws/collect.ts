import { join } from 'node:path';
import type { Garbage } from '../../gc/garbage.ts';
import { knownStacks } from '../../gc/known-stacks.ts';
import { stackPaths } from '../../stack/paths.ts';
import type { StackDeps } from '../../stack/session.ts';
import type { TeardownReport } from '../../stack/teardown.ts';
import type { Ec2 } from './ec2.ts';
import { findGarbage } from './gc.ts';
import { recordedRequest } from './guards.ts';
import { listTagged, type TaggedObject } from './inventory.ts';
import { teardownAws } from './teardown.ts';

interface Place {
  readonly ec2: Ec2;
  /** chainctl's own folder. */
  readonly home: string;
  /** `user@host`, as the tags have it. */
  readonly createdBy: string;
}

/** What is in the region that need not be; see `findGarbage`. */
export async function listGarbage(
  { ec2, home, createdBy }: Place,
  { clock, signal }: Pick<StackDeps, 'clock' | 'signal'>,
): Promise<Garbage<TaggedObject>[]> {
  const [objects, known] = await Promise.all([listTagged(ec2, signal), knownHere(home, ec2.region)]);
  return findGarbage({ region: ec2.region, objects, known, createdBy, now: clock.now() });
}

function knownHere(home: string, region: string): Promise<Set<string>> {
  return knownStacks(home, 'aws', (request) => {
    const recorded = recordedRequest(request);
    return recorded === undefined || recorded.region === region;
  });
}

/**
 * Removes one stack's objects the way a teardown does. A stack that this machine has in another region, or not at all,
 * is worked on in a folder apart, so that what is recorded of the other one stays.
 */
export async function removeGarbage(
  { ec2, home }: Pick<Place, 'ec2' | 'home'>,
  garbage: Garbage,
  deps: StackDeps,
): Promise<TeardownReport> {
  const known = await knownHere(home, ec2.region);
  const base = known.has(garbage.stack) ? home : join(home, 'gc', ec2.region);
  return teardownAws(stackPaths(base, garbage.stack), { ...deps, ec2 });
}
