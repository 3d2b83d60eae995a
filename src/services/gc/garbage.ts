/** One object in a cloud that says which stack it belongs to. */
export interface MarkedThing {
  readonly stack: string;
  readonly kind: string;
  readonly createdBy: string;
  /** ISO 8601, where the cloud tells it. */
  readonly createdAt?: string | undefined;
  readonly expiresAt?: string | undefined;
}

/** A stack of which something is in a cloud that need not be. */
export interface Garbage<Thing extends MarkedThing = MarkedThing> {
  readonly stack: string;
  readonly reason: 'expired' | 'unknown here';
  readonly objects: readonly Thing[];
  /** Who made them, each once. */
  readonly createdBy: readonly string[];
  /** Made by somebody else: listed, and removed only on request. */
  readonly foreign: boolean;
  /** Age of the oldest object whose age the cloud tells, seconds. */
  readonly ageSeconds?: number | undefined;
  /** USD per hour of what costs by the hour; undefined when a price is not known. */
  readonly perHour?: number | undefined;
}

interface GarbageInput<Thing extends MarkedThing> {
  readonly objects: readonly Thing[];
  /** Stacks that this machine knows to be there. */
  readonly known: ReadonlySet<string>;
  readonly createdBy: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** USD per hour of one stack's objects; undefined when a price is not known. */
  perHour(objects: readonly Thing[]): number | undefined;
  /**
   * The kind that decides when a stack has expired, where there is one of it: a time limit that was set later is only on
   * what was made anew for it.
   */
  readonly decisiveKind: Thing['kind'];
}

const STACK_NAME = /^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/;

/**
 * Decides what is garbage: a stack that has passed its time, or one that this machine knows nothing of.
 * In a shared account the latter may be a colleague's: it is marked. Pure.
 */
export function garbageOf<Thing extends MarkedThing>(input: GarbageInput<Thing>): Garbage<Thing>[] {
  const { objects, known, createdBy, now, perHour, decisiveKind } = input;
  // A marker can be written by anybody, and a stack's name is also a folder's.
  const named = objects.filter(({ stack }) => STACK_NAME.test(stack));
  const stacks = Map.groupBy(named, ({ stack }) => stack);
  return [...stacks].flatMap(([stack, own]): Garbage<Thing>[] => {
    const decisive = own.filter(({ kind }) => kind === decisiveKind);
    const ends = own.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [Date.parse(expiresAt)]));
    // What was made later with the same limit has a later end.
    const isOver = ends.every((end) => end < now);
    const expired = isOver && (decisive.length > 0 ? decisive : own).every(({ expiresAt }) => expiresAt !== undefined);
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
        perHour: perHour(own),
      },
    ];
  });
}
