import { FAIR_SHARE } from '../scaling/answers.ts';
import type { Span } from '../scaling/bounds.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import type { Figure } from '../scaling/scale-out.ts';
import { plural } from '../words.ts';
import { sectionText } from './plain-table.ts';
import type { Section, Table } from './section.ts';
import { decisionsOf, INSTANCE_FIGURES, type SizeChange, sizeChanges } from './size-changes.ts';
import { display, rateText } from './text.ts';

/** A group's elasticity, for every format: what was decided when and why, what became of every instance, the metrics. */
export function scalingSections(figures: ScalingFigures): Section[] {
  const { group, looks: polls, seconds, originIs } = figures;
  const changes = sizeChanges(figures);
  const nothing = `the size did not change in ${plural(polls, 'poll')} over ${seconds.toFixed(0)} s`;
  return [
    {
      title: `Scaling of ${display(group)}, times since the ${originIs === 'load' ? 'load began' : 'first poll'}`,
      lines: changes.length > 0 ? changeLines(figures) : [nothing],
    },
    { title: 'Scale-out, seconds', table: instanceTable(changes, 'scale_out') },
    { title: 'Scale-in, seconds', table: instanceTable(changes, 'scale_in') },
    { title: 'How to read them', lines: changes.length > 0 ? legendLines(figures) : [] },
    { title: 'Not known', lines: changes.flatMap(unknownLines) },
    {
      title: 'Elasticity (metrics of the SPEC research group), per cent',
      table: { head: ['metric', 'what', '%'], rows: metricRows(figures), words: ['metric', 'what'] },
      lines: metricLines(figures),
    },
    { title: 'Remarks on scaling', lines: scalingRemarks(figures) },
  ];
}

/** The same as text for a place of so many columns. */
export function scalingText(figures: ScalingFigures, columns: number): string {
  const blocks = scalingSections(figures).flatMap((section) => sectionText(section, columns));
  return `${blocks.join('\n\n')}\n`;
}

/** `5.0-10.0`: in between, no one knows where. */
function spanText([least, most]: Span): string {
  const text = (value: number) => (most >= 100 ? value.toFixed(0) : value.toFixed(1));
  return text(least) === text(most) ? text(most) : `${text(least)}-${text(most)}`;
}

/** `-` where it is not known, and {@link unknownLines} say why. */
function figureText(figure: Figure | undefined): string {
  return figure !== undefined && 'span' in figure ? spanText(figure.span) : '-';
}

/** One row per instance that came or went, or one without a name where none did. */
function instanceTable(changes: readonly SizeChange[], kind: SizeChange['kind']): Table {
  const heads = INSTANCE_FIGURES[kind];
  const isIn = kind === 'scale_in';
  const none: SizeChange['instances'] = [{ name: isIn ? 'none went' : 'none came', figures: {} }];
  const own = changes.filter((change) => change.kind === kind);
  const rows = own.flatMap(({ event, instances, failed = '-' }) =>
    (instances.length > 0 ? instances : none).map(({ name, figures }, place) => {
      // What is of the whole change stands once.
      const once = (text: string) => (place === 0 ? text : '');
      return [
        ...[display(name), once(`${event.from} to ${event.to}`), once(figureText(event.decide))],
        ...Object.keys(heads).map((key) => figureText(figures[key])),
        ...(isIn ? [once(String(failed))] : []),
      ];
    }),
  );
  return {
    head: ['instance', 'size', 'decided', ...Object.values(heads), ...(isIn ? ['failed'] : [])],
    rows,
    words: ['instance', 'size'],
    dispensable: ['serving', 'running', 'created'],
  };
}

/** How the figures of the tables are to be read. */
function legendLines({ scaleOuts, scaleIns, answersFrom, intervalSeconds }: ScalingFigures): string[] {
  const hosts = answersFrom?.matched === 'order' ? ', hosts taken for instances in the order in which they came' : '';
  const source = answersFrom?.source === 'load' ? 'answers of the load' : 'answers to GET /health';
  const answers = `answers, fair share: from ${source}${hosts}. Fair is ${100 * FAIR_SHARE} % of an even share over the 10 s that follow, or more.`;
  return [
    `decided: since the load changed. The others: since the decision. Polled every ${intervalSeconds.toFixed(1)} s: 5.0-10.0 is not before 5 s, and by 10 s.`,
    ...(scaleOuts.length > 0 && answersFrom !== undefined ? [answers] : []),
    ...(scaleIns.length > 0 ? ['failed: requests of the load that failed from the decision until all were gone.'] : []),
  ];
}

/** What led to each change of size. */
function changeLines(figures: ScalingFigures): string[] {
  return decisionsOf(figures).map((event) => {
    const { from, to, decided, step, decide } = event;
    const why =
      step !== undefined && 'span' in decide
        ? `, ${spanText(decide.span)} s after the load went from ${rateText(step.from)} to ${rateText(step.to)} rps`
        : `: ${'why' in decide ? decide.why : ''}`;
    const total =
      'total' in event && 'span' in event.total
        ? `; all new instances answered ${spanText(event.total.span)} s after that`
        : '';
    const missing = event.missing > 0 ? `; ${event.missing} never ${to > from ? 'came' : 'went'}` : '';
    return `${from} to ${to} at ${spanText(decided)} s${why}${total}${missing}`;
  });
}

/** Why figures are not there, per instance: those that lack for the same reason together. */
function unknownLines({ kind, instances }: SizeChange): string[] {
  return instances.flatMap(({ name, figures }) => {
    const unknown = Object.entries(figures).flatMap(([key, figure]) =>
      'why' in figure ? [{ why: figure.why, head: INSTANCE_FIGURES[kind][key] }] : [],
    );
    return [...Map.groupBy(unknown, ({ why }) => why)].map(
      ([why, lacking]) => `${display(name)}: ${lacking.map(({ head }) => head).join(', ')}: ${why}`,
    );
  });
}

/** Name, what it says, value in per cent; always in this order. */
function metricRows({ metrics }: ScalingFigures): string[][] {
  if (metrics === undefined) return [];
  const { underAccuracy, overAccuracy, underTime, overTime, instability } = metrics;
  return [
    ['theta_U', 'of the demand not supplied', spanText(underAccuracy)],
    ['tau_U', 'of the time with too little', spanText(underTime)],
    ['theta_O', 'supplied beyond the demand', spanText(overAccuracy)],
    ['tau_O', 'of the time with too much', spanText(overTime)],
    ['upsilon', 'of the time not changing as the demand did', instability.toFixed(1)],
  ];
}

/** What the metrics stand on, or why there are none. */
function metricLines({ metrics, noMetrics, capacity, floor, intervalSeconds }: ScalingFigures): string[] {
  if (metrics === undefined || capacity === undefined) return noMetrics === undefined ? [] : [`none: ${noMetrics}`];
  const holes = metrics.unknownSeconds > 0 ? `; of ${metrics.unknownSeconds.toFixed(0)} s more nothing is known` : '';
  return [
    `Demand: the fewest instances for what is offered, at ${Number(capacity.perInstance.toPrecision(3))} rps each (${capacity.text}), and at least ${floor}. Supply: instances that serve.`,
    `Over ${metrics.coveredSeconds.toFixed(0)} s, in steps of ${intervalSeconds.toFixed(1)} s${holes}.`,
  ];
}

/** Errors that the group reported, and what else a reader must know. */
function scalingRemarks({ errors, remarks, incomplete, looks: polls, problem }: ScalingFigures): string[] {
  return [
    ...remarks,
    ...(incomplete > 0 ? [`${incomplete} of ${plural(polls, 'poll')} failed in part: ${display(problem ?? '')}`] : []),
    ...errors.map(({ code, message, instance }) =>
      display(`! ${instance === undefined ? '' : `${instance}: `}${code}: ${message}`),
    ),
  ];
}
