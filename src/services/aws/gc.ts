import type { TaggedObject } from './inventory.ts';
import { ADDRESS_PER_HOUR, costOf } from './prices.ts';
import { DEFAULT_DISK_GB } from './request.ts';

/** A stack of which something is in the region that need not be. */
export interface Garbage {
  readonly stack: string;
  readonly reason: 'expired' | 'unknown here';
  readonly objects: readonly TaggedObject[];
  /** Who made them, each once. */
  readonly createdBy: readonly string[];
  /** Made by somebody else: listed, and removed only on request. */
  readonly foreign: boolean;
  /** Age of the oldest object whose age EC2 tells, seconds. */
  readonly ageSeconds?: number | undefined;
  /** USD per hour of its VMs and addresses; undefined when a price is not known. */
  readonly perHour?: number | undefined;
}

interface GarbageInput {
  readonly region: string;
  readonly objects: readonly TaggedObject[];
  /** Stacks that this machine knows to be in the region. */
  readonly known: ReadonlySet<string>;
  readonly createdBy: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const STACK_NAME = /^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/;

/**
 * Decides what is garbage: a stack whose every object has passed its time, or one that this machine knows nothing of.
 * In a shared account the latter may be a colleague's: it is marked. Pure.
 */
export function findGarbage({ region, objects, known, createdBy, now }: GarbageInput): Garbage[] {
  // A tag can be written by anybody, and a stack's name is also a folder's.
  const named = objects.filter(({ stack }) => STACK_NAME.test(stack));
  const stacks = Map.groupBy(named, ({ stack }) => stack);
  return [...stacks].flatMap(([stack, own]): Garbage[] => {
    const expired = own.every(({ expiresAt }) => expiresAt !== undefined && Date.parse(expiresAt) < now);
    if (!expired && known.has(stack)) return [];
    const makers = [...new Set(own.map((each) => each.createdBy))].sort();
    const born = own.flatMap(({ createdAt }) => (createdAt === undefined ? [] : [Date.parse(createdAt)]));
    return [
      {
        stack,
        reason: expired ? 'expired' : 'unknown here',
        objects: own,
        createdBy: makers,
        foreign: !known.has(stack) && makers.some((maker) => maker !== createdBy),
        ageSeconds: born.length === 0 ? undefined : (now - Math.min(...born)) / 1000,
        perHour: perHour(region, own),
      },
    ];
  });
}

function perHour(region: string, objects: readonly TaggedObject[]): number | undefined {
  const vms = objects.filter(({ kind }) => kind === 'VM');
  // A VM's price has one address in it; an address without a VM costs the same.
  const idle = Math.max(0, objects.filter(({ kind }) => kind === 'address').length - vms.length);
  let sum = idle * ADDRESS_PER_HOUR;
  for (const { type } of vms) {
    const cost = costOf({ region, type: type ?? '', diskGb: DEFAULT_DISK_GB }).perHour;
    if (cost === undefined) return undefined;
    sum += cost;
  }
  return sum;
}
