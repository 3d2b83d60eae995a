import type { MarkedObject, Owned } from '../stack/provider.ts';

/** A stack of which something is in a cloud that need not be. */
export interface Garbage {
  readonly stack: string;
  readonly reason: 'expired' | 'unknown here';
  readonly objects: readonly MarkedObject[];
  /** Who made them, each once. */
  readonly createdBy: readonly string[];
  /** Made by somebody else: listed, and removed only on request. */
  readonly foreign: boolean;
  /** Age of the oldest object whose age the cloud tells, seconds. */
  readonly ageSeconds?: number | undefined;
  /** USD per hour of what costs by the hour; undefined when a price is not known. */
  readonly perHour?: number | undefined;
}

interface GarbageInput extends Omit<Owned, 'where' | 'isHere'> {
  /** Stacks that this machine knows to be there. */
  readonly known: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const STACK_NAME = /^[a-z]([-a-z0-9]{0,18}[a-z0-9])?$/;

/**
 * Decides what is garbage: a stack that has passed its time, or one that this machine knows nothing of.
 * In a shared account the latter may be a colleague's: it is marked. Pure.
 */
export function garbageOf(input: GarbageInput): Garbage[] {
  const { objects, known, createdBy, now, perHour, decisiveKind } = input;
  // A marker can be written by anybody, and a stack's name is also a folder's.
  const named = objects.filter(({ stack }) => STACK_NAME.test(stack));
  const stacks = Map.groupBy(named, ({ stack }) => stack);
  return [...stacks].flatMap(([stack, own]): Garbage[] => {
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
