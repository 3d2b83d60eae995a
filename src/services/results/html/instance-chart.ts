import type { Polls } from '../../scaling/polls.ts';
import type { Stage } from '../../stack/group.ts';
import { display } from '../text.ts';
import type { Chart, Series } from './chart-types.ts';
import type { Column } from './scaling-columns.ts';

/** More rows than that cannot be told apart. */
const MAX_ROWS = 16;

/** How high an instance's row is filled at each stage. */
const HEIGHT: Readonly<Record<Stage, number>> = {
  creating: 0.2,
  running: 0.45,
  healthy: 0.65,
  serving: 0.85,
  leaving: 0.1,
};

/** The life of every instance, one row each: the higher it is filled, the further the instance has come. */
export function instanceChart(
  { all }: Pick<Polls, 'all'>,
  columns: readonly Column[],
  seconds: (at: number) => number,
  shared: Pick<Chart, 'x' | 'columnName'>,
): Chart[] {
  const names = [...new Set(all.flatMap(({ instances }) => [...(instances?.keys() ?? [])]))];
  const shown = names.slice(0, MAX_ROWS);
  if (shown.length === 0) return [];
  const series = shown.map((name, row): Series => {
    // The first instance stands in the uppermost row, as in the legend.
    const base = shown.length - 1 - row;
    const data = columns.map(({ at, look }) => {
      const instance = look?.instances?.get(name);
      const stage = instance?.stage;
      if (stage === undefined) return { x: seconds(at), y: Number.NaN, text: '' };
      return { x: seconds(at), y: base + HEIGHT[stage], base, text: stage };
    });
    return { name: display(name), kind: 'area', color: row, held: true, data };
  });
  const more = names.length > shown.length ? ` ${names.length - shown.length} more are not drawn.` : '';
  return [
    {
      id: 'group-instances',
      title: 'Life of every instance',
      summary: `One row for each of ${shown.length} instances, in the order in which they were first seen, filled higher the further it had come.${more}`,
      note: `In rows, from above as in the legend: low while an instance is created, higher when it runs, is healthy, and highest when it serves; a thin line while it leaves.${more}`,
      y: { label: 'instances', scale: 'linear', tick: () => '', domain: [0, shown.length] },
      series,
      ...shared,
    },
  ];
}
