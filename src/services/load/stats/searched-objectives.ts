import { type Criterion, type Limit, metricOf } from './criterion.ts';

/** What of the settings of a sweep says which objectives it has. */
interface Asked {
  readonly slos?: readonly Criterion[];
  readonly goodput?: readonly Limit[];
  readonly findKnee?: boolean;
}

/** Part of the requests that has to be good, and to succeed, where nothing else is asked for: as for any knee. */
const GOOD = { expression: 'good>=98%', metric: 'good', operator: '>=', bound: 0.98 } as const;
const OK = { expression: 'ok>=98%', metric: 'ok', operator: '>=', bound: 0.98 } as const;

/**
 * The objectives of a sweep. A search for the knee under objectives has two more, unless they are asked for otherwise:
 * 98 % of the requests are good by `--goodput`, and 98 % succeed.
 */
export function searchedObjectives({ slos = [], goodput = [], findKnee }: Asked): readonly Criterion[] {
  if (findKnee !== true || slos.length + goodput.length === 0) return slos;
  const shares = slos.flatMap((slo) => {
    const metric = metricOf(slo);
    return metric.kind === 'share' ? [metric.name] : [];
  });
  const isGood = goodput.length === 0 || shares.includes('good');
  return [...slos, ...(isGood ? [] : [GOOD]), ...(shares.length > 0 ? [] : [OK])];
}
