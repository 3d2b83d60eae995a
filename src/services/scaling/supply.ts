import type { SupplyLook } from './elasticity-metrics.ts';
import { hasReached } from './instance-state.ts';
import type { Look, Looks } from './polls.ts';

/** The supply, look by look; of the looks before `from` the last one, as if it were made then. */
export function suppliesOf({ all }: Looks, from = Number.NEGATIVE_INFINITY): SupplyLook[] {
  const first = all.findLastIndex(({ at }) => at <= from);
  return all.slice(Math.max(0, first)).map((look) => ({
    at: Math.max(look.at, from),
    instances: look.serving,
  }));
}

/** How many instances served at a time, as the last look before it saw it. */
export function servingAt({ all }: Looks): (at: number) => number | undefined {
  const seen = all.flatMap(({ at, serving }) => (serving === undefined ? [] : [{ at, serving }]));
  return (at) => seen.findLast((each) => each.at <= at)?.serving;
}

/** Instances in the order in which they began to serve. */
export function servingOrder({ all }: Looks): string[] {
  const order = new Set<string>();
  for (const { instances } of all) {
    for (const instance of [...(instances?.values() ?? [])].sort((a, b) => a.name.localeCompare(b.name))) {
      if (hasReached(instance, 'serving')) order.add(instance.name);
    }
  }
  return [...order];
}

/** Milliseconds between two looks; undefined for less than two. */
export function medianInterval(looks: readonly Look[]): number | undefined {
  const gaps = looks.flatMap(({ at }, place) => {
    const before = looks[place - 1];
    return before === undefined ? [] : [at - before.at];
  });
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)];
}
