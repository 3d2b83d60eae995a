import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../errors.ts';
import { stackPaths } from '../stack/paths.ts';
import type { StackDeps } from '../stack/session.ts';
import { readState } from '../stack/state.ts';
import type { TeardownReport } from '../stack/teardown.ts';
import type { Ec2 } from './ec2.ts';
import { findGarbage, type Garbage } from './gc.ts';
import { recordedRequest } from './guards.ts';
import { listTagged } from './inventory.ts';
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
): Promise<Garbage[]> {
  const [objects, known] = await Promise.all([listTagged(ec2, signal), knownStacks(home, ec2.region)]);
  return findGarbage({ region: ec2.region, objects, known, createdBy, now: clock.now() });
}

/** Stacks whose state on this machine says that they are in the region; an unreadable state counts as knowing. */
async function knownStacks(home: string, region: string): Promise<Set<string>> {
  const names = await readdir(join(home, 'stacks')).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const known = await Promise.all(
    names.map(async (name) => {
      try {
        const target = (await readState(stackPaths(home, name).state))?.targets.aws;
        if (target === undefined) return [];
        const request = recordedRequest(target.request);
        return request === undefined || request.region === region ? [name] : [];
      } catch {
        return [name];
      }
    }),
  );
  return new Set(known.flat());
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
  const known = await knownStacks(home, ec2.region);
  const base = known.has(garbage.stack) ? home : join(home, 'gc', ec2.region);
  return teardownAws(stackPaths(base, garbage.stack), { ...deps, ec2 });
}
