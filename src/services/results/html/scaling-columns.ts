import type { LoadCurve } from '../../scaling/load-curve.ts';
import type { Poll } from '../../scaling/polls.ts';

/** Finer than that nobody sees it. */
const MAX_COLUMNS = 600;

/** A place on the time axis, and what is known from there until the next one. */
export interface Column {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly until?: number;
  readonly look?: Poll;
}

/** Every look and every change of the load; where there are too many looks, only those that show something new. */
export function scalingColumns(looks: readonly Poll[], load: LoadCurve | undefined, longest: number): Column[] {
  const [first, last] = [looks[0], looks.at(-1)];
  const every = Math.ceil(looks.length / MAX_COLUMNS);
  const shown = looks.filter((look, place) => place % every === 0 || look === last || differs(look, looks[place - 1]));
  const holes = looks.flatMap(({ at }, place) => {
    const before = looks[place - 1];
    return before !== undefined && at - before.at > longest ? [before.at + longest] : [];
  });
  const changes = (load?.changes ?? []).map(({ at }) => at).filter((at) => at < (last?.at ?? 0));
  const begin = Math.min(first?.at ?? 0, ...changes);
  const times = [...new Set([begin, ...shown.map(({ at }) => at), ...holes, ...changes])].sort((a, b) => a - b);
  return times.map((at, place): Column => {
    const look = looks.findLast((each) => each.at <= at);
    const until = times[place + 1];
    return {
      at,
      ...(until === undefined ? {} : { until }),
      // What was seen long ago says nothing.
      ...(look === undefined || at - look.at >= longest ? {} : { look }),
    };
  });
}

function differs(look: Poll, before: Poll | undefined): boolean {
  const stages = (each: Poll | undefined) =>
    [...(each?.instances?.values() ?? [])].map((instance) => `${instance.name} ${instance.stage}`).join();
  return look.targetSize !== before?.targetSize || look.serving !== before?.serving || stages(look) !== stages(before);
}
