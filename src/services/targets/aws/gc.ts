import { type Garbage, garbageOf } from '../../gc/garbage.ts';
import type { TaggedObject } from './inventory.ts';
import { addressPerHour, costOf } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';
import { tagText } from './tags.ts';

interface GarbageInput {
  readonly region: string;
  readonly objects: readonly TaggedObject[];
  /** Stacks that this machine knows to be in the region. */
  readonly known: ReadonlySet<string>;
  readonly createdBy: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What of a region need not be there, see `garbageOf`. Pure. */
export function findGarbage({ region, ...input }: GarbageInput): Garbage<TaggedObject>[] {
  const createdBy = tagText(input.createdBy);
  return garbageOf({ ...input, createdBy, decisiveKind: 'VM', perHour: (objects) => perHour(region, objects) });
}

function perHour(region: string, objects: readonly TaggedObject[]): number | undefined {
  const vms = objects.filter(({ kind }) => kind === 'VM');
  // A VM's price has one address in it; an address without a VM costs the same.
  const idle = Math.max(0, objects.filter(({ kind }) => kind === 'address').length - vms.length);
  let sum = idle * addressPerHour();
  for (const { type } of vms) {
    const cost = costOf({ region, type: type ?? '', diskGb: DEFAULT_DISK_GB }).perHour;
    if (cost === undefined) return undefined;
    sum += cost;
  }
  return sum;
}
