import type { SupplyPoll } from './elasticity-metrics.ts';
import { hasReached } from './instance-state.ts';
import type { Poll, Polls } from './polls.ts';

/** The supply, poll by poll; of the polls before `from` the last one, as if it were made then. */
export function suppliesOf({ all }: Polls, from = Number.NEGATIVE_INFINITY): SupplyPoll[] {
  const first = all.findLastIndex(({ at }) => at <= from);
  return all.slice(Math.max(0, first)).map((poll) => ({
    at: Math.max(poll.at, from),
    instances: poll.serving,
  }));
}

/** How many instances served at a time, as the last poll before it saw it. */
export function servingAt({ all }: Polls): (at: number) => number | undefined {
  const seen = all.flatMap(({ at, serving }) => (serving === undefined ? [] : [{ at, serving }]));
  return (at) => seen.findLast((each) => each.at <= at)?.serving;
}

/** Instances in the order in which they began to serve. */
export function servingOrder({ all }: Polls): string[] {
  const order = new Set<string>();
  for (const { instances } of all) {
    for (const instance of [...(instances?.values() ?? [])].sort((a, b) => a.name.localeCompare(b.name))) {
      if (hasReached(instance, 'serving')) order.add(instance.name);
    }
  }
  return [...order];
}

/** Milliseconds between two polls; undefined for less than two. */
export function medianInterval(polls: readonly Poll[]): number | undefined {
  const gaps = polls.flatMap(({ at }, place) => {
    const before = polls[place - 1];
    return before === undefined ? [] : [at - before.at];
  });
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
}
