import { join } from 'node:path';
import { type Garbage, garbageOf } from '../../gc/garbage.ts';
import { knownStacks } from '../../gc/known-stacks.ts';
import { stackPaths } from '../../stack/paths.ts';
import type { StackDeps } from '../../stack/session.ts';
import type { TeardownReport } from '../../stack/teardown.ts';
import type { BootTarget } from './boot-source.ts';
import type { Compute } from './compute.ts';
import { recordedRequest } from './guards.ts';
import { listMarked, type MarkedObject } from './inventory.ts';
import { ownerText } from './names.ts';
import { rulePerHour, vmPerHour } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';
import { teardownGcp } from './teardown.ts';

interface Place {
  readonly compute: Compute;
  /** chainctl's own folder. */
  readonly home: string;
  /** `user@host`, as the markers have it. */
  readonly createdBy: string;
}

/** What is in the project that need not be; see `garbageOf`. */
export async function listGarbage(
  { compute, home, createdBy }: Place,
  { clock, signal }: Pick<StackDeps, 'clock' | 'signal'>,
): Promise<Garbage<MarkedObject>[]> {
  const [objects, known] = await Promise.all([listMarked(compute, signal), knownHere(home, compute)]);
  const by = ownerText(createdBy);
  return garbageOf({ objects, known, createdBy: by, now: clock.now(), perHour, decisiveKind: 'template' });
}

function knownHere(home: string, { project }: Compute): Promise<Set<string>> {
  return knownStacks(home, 'gcp', (request) => {
    const recorded = recordedRequest(request);
    return recorded === undefined || recorded.project === project;
  });
}

/** The VMs of a group are of its stack's template; which of several does not matter to the price. Pure. */
export function perHour(objects: readonly MarkedObject[]): number | undefined {
  const template = objects.find(({ kind }) => kind === 'template');
  const vms = objects.flatMap(({ kind, place = '', type, size = 0 }) => {
    if (kind === 'VM') return [{ place, type }];
    return kind === 'group' ? Array.from({ length: size }, () => ({ place, type: template?.type })) : [];
  });
  const rules = objects.filter(({ kind }) => kind === 'forwarding rule').length;
  let sum = rules * rulePerHour();
  for (const { place, type } of vms) {
    const price = vmPerHour(place, type ?? '', DEFAULT_DISK_GB, true);
    if (price === undefined) return undefined;
    sum += price;
  }
  return sum;
}

/**
 * Removes one stack's objects the way a teardown does. A stack that this machine has in another project, or not at all,
 * is worked on in a folder apart, so that what is recorded of the other one stays.
 */
export async function removeGarbage(
  { compute, home, bootTarget }: Omit<Place, 'createdBy'> & { bootTarget(stack: string): BootTarget },
  { stack }: Garbage,
  deps: StackDeps,
): Promise<TeardownReport> {
  const known = await knownHere(home, compute);
  const base = known.has(stack) ? home : join(home, 'gc', compute.project);
  return teardownGcp(stackPaths(base, stack), { ...deps, compute, bootTarget: bootTarget(stack) });
}
