import { stringify } from 'csv-stringify/sync';
import type { Span } from '../scaling/bounds.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import type { Figure } from '../scaling/scale-out.ts';
import { type SizeChange, sizeChanges } from './size-changes.ts';
import { display } from './text.ts';

/**
 * One figure per row: it lies between `least` and `most`, since `since`; where it is not known, `why` says why not.
 * `event` counts the changes of size of the run's scale-outs, or of its scale-ins.
 */
const COLUMNS = [
  ...(['run_tag', 'group', 'kind', 'event', 'from_size', 'to_size', 'instance'] as const),
  ...(['figure', 'unit', 'since', 'least', 'most', 'why'] as const),
];

type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>;

/** The figures of a group's elasticity, in a form for spreadsheets and scripts. */
export function scalingCsv(tag: string, figures: ScalingFigures): string {
  const { group, originIs } = figures;
  const began = originIs === 'load' ? 'load_began' : 'first_look';
  const changes = Map.groupBy(sizeChanges(figures), ({ kind }) => kind);
  const ofChange = ({ kind, event, instances, failed }: SizeChange, place: number): Row[] => {
    const { from, to, decided, decide } = event;
    const rows: Row[] = [
      { figure: 'decided', since: began, ...inSeconds({ span: decided }) },
      { figure: 'decided', since: 'load_step', ...inSeconds(decide) },
      ...('total' in event ? [{ figure: 'all_answered', since: 'load_step', ...inSeconds(event.total) }] : []),
      ...instances.flatMap(({ name, figures: own }) =>
        Object.entries(own).map(([figure, reached]) => {
          return { instance: name, figure, since: 'decision', ...inSeconds(reached) };
        }),
      ),
      ...(failed === undefined ? [] : [{ figure: 'failed', unit: 'requests', least: failed, most: failed }]),
    ];
    return rows.map((row) => ({ kind, event: place + 1, from_size: from, to_size: to, ...row }));
  };
  const rows = [...[...changes.values()].flatMap((each) => each.flatMap(ofChange)), ...metricRows(figures)];
  const cells = rows.map((row) => COLUMNS.map((column) => plain({ run_tag: tag, group, ...row }[column] ?? '')));
  return stringify([[...COLUMNS], ...cells]);
}

function metricRows({ metrics, noMetrics = '', capacity }: ScalingFigures): Row[] {
  const share = (figure: string, span: Span | undefined): Row => ({
    kind: 'elasticity',
    figure,
    unit: 'percent',
    ...(span === undefined ? { why: noMetrics } : within(span)),
  });
  const known: Row = { kind: 'capacity', figure: `per_instance_${capacity?.source}`, unit: 'rps' };
  return [
    ...(capacity === undefined ? [] : [{ ...known, ...within([capacity.perInstance, capacity.perInstance]) }]),
    share('theta_u', metrics?.underAccuracy),
    share('theta_o', metrics?.overAccuracy),
    share('tau_u', metrics?.underTime),
    share('tau_o', metrics?.overTime),
    share('upsilon', metrics && [metrics.instability, metrics.instability]),
  ];
}

function within([least, most]: Span): Row {
  return { least, most };
}

function inSeconds(figure: Figure): Row {
  return { unit: 'seconds', ...('span' in figure ? within(figure.span) : { why: figure.why }) };
}

/** Names come from the cloud: one line, and no formula in a spreadsheet. */
function plain(cell: string | number): string | number {
  if (typeof cell === 'number') return cell;
  const line = display(cell);
  return /^[=+\-@]/.test(line) ? `'${line}` : line;
}
