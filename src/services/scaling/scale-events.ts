import type { InstanceSample } from '../stack/group.ts';
import { type Bounds, pairs } from './bounds.ts';
import { isLeaving } from './instance-state.ts';
import type { Poll } from './polls.ts';

/** An instance that came or went. */
export interface Change {
  readonly name: string;
  /** Place of the first poll that showed it there, or on its way out. */
  readonly index: number;
}

/** A group that was given another size. */
export interface ScaleEvent {
  readonly from: number;
  readonly to: number;
  /** When the autoscaler recommended it or the group's target was changed, whichever was seen first. */
  readonly decided: Bounds;
  /** New instances where it grew, those that left where it shrank; fewer than the difference where not all were seen. */
  readonly changes: readonly Change[];
}

/**
 * Changes of a group's size, in order. A change that nobody decided, such as an instance that is replaced, is none.
 * Where a group does not tell its target, the number of its instances that are not on their way out stands for it.
 */
export function scaleEvents(polls: readonly Poll[]): ScaleEvent[] {
  const sized = polls.flatMap((poll, index) => {
    const size = sizeOf(poll);
    return size === undefined ? [] : [{ poll, index, size }];
  });
  const steps = sized.map(({ size }, place) => Math.sign(size - (sized[place - 1]?.size ?? size)));
  const comers = changesOf(polls, (was, is) => was === undefined && is !== undefined);
  // Those that are gone, or on their way out, and were neither at the poll before.
  const leavers = changesOf(
    polls,
    (was, is) => was !== undefined && !isLeaving(was) && (is === undefined || isLeaving(is)),
  );
  const taken = new Set<Change>();
  return sized.flatMap(({ size }, place): ScaleEvent[] => {
    const step = steps[place] ?? 0;
    const from = sized[place - 1]?.size ?? size;
    if (step === 0) return [];
    let [first, without] = [place, place - 1];
    // An autoscaler says what it wants before the group is told. A poll that did not ask it says neither.
    for (; without > 0; without -= 1) {
      const { stale, recommended = from } = sized[without]?.poll ?? {};
      if (stale) continue;
      if (Math.sign(recommended - from) !== step) break;
      first = without;
    }
    const [seen, last] = [sized[first], sized[without]];
    if (seen === undefined || last === undefined) return [];
    const turn = steps.findIndex((each, later) => later > place && each === -step);
    const until = sized[turn]?.index ?? polls.length;
    // Size and instances of one poll are asked for one after the other: an instance may be seen one poll too early.
    const earliest = step > 0 ? Math.max(1, seen.index - 1) : seen.index;
    const changes = (step > 0 ? comers : leavers)
      .filter((change) => change.index >= earliest && change.index < until && !taken.has(change))
      .slice(0, Math.abs(size - from));
    for (const change of changes) taken.add(change);
    return [{ from, to: size, decided: { after: last.poll.at, by: seen.poll.by }, changes }];
  });
}

function sizeOf({ targetSize, instances }: Poll): number | undefined {
  if (targetSize !== undefined) return targetSize;
  return instances && [...instances.values()].filter((instance) => !isLeaving(instance)).length;
}

/** Instances of which the poll before said something else, in order. */
function changesOf(polls: readonly Poll[], isOne: (was?: InstanceSample, is?: InstanceSample) => boolean): Change[] {
  const known = polls.flatMap(({ instances }, index) => (instances === undefined ? [] : [{ instances, index }]));
  return pairs(known).flatMap(([{ instances: before }, { instances, index }]) => {
    const names = [...new Set([...instances.keys(), ...before.keys()])];
    return names.filter((name) => isOne(before.get(name), instances.get(name))).map((name) => ({ name, index }));
  });
}
