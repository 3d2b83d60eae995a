import { vcpusOf } from './catalogue.ts';
import type { Balancers, Machines } from './machines.ts';
import type { Body, Instance } from './model.ts';
import { lastPart, regionOf } from './names.ts';
import type { Operations } from './operations.ts';
import type { Store } from './store.ts';
import type { Timings } from './timings.ts';

/** What can be set while it runs, for calls to come. */
export interface Behaviour {
  /** Zones that have no machines left. */
  readonly stockOuts: Set<string>;
  /** Limits of each region. */
  readonly quotas: Record<'CPUS' | 'E2_CPUS' | 'INSTANCES' | 'IN_USE_ADDRESSES' | 'STATIC_ADDRESSES', number>;
}

/** What the parts of the lab's Compute Engine share. */
export interface Cloud {
  readonly project: string;
  readonly store: Store;
  readonly operations: Operations;
  readonly machines: Machines;
  readonly balancers: Balancers;
  readonly timings: Timings;
  readonly behaviour: Behaviour;
  /** What the lab itself failed at. */
  readonly problems: string[];
}

/** What counts against the limits of a region, with those limits. */
export function quotasOf(
  { store, behaviour }: Cloud,
  region: string,
): { metric: string; limit: number; usage: number }[] {
  const here = store
    .all<Instance>('instances')
    .filter(({ place, body }) => regionOf(lastPart(place.scope)) === region && body.status !== 'TERMINATED')
    .map(({ body }) => body);
  const usage: Body = {
    CPUS: here.reduce((sum, each) => sum + (vcpusOf(lastPart(each.machineType)) ?? 0), 0),
    // Listed, but E2 counts in CPUS.
    E2_CPUS: 0,
    INSTANCES: here.length,
    IN_USE_ADDRESSES: here.filter((each) => each.networkInterfaces?.some((one) => one.accessConfigs?.length)).length,
    STATIC_ADDRESSES: 0,
  };
  return Object.entries(behaviour.quotas).map(([metric, limit]) => ({ metric, limit, usage: Number(usage[metric]) }));
}

/** Waits that are part of the lab's own loops. */
export function secondsToMs({ timings }: Cloud, seconds: number): number {
  return seconds * timings.secondMs;
}
