import { FAIR_SHARE } from '../scaling/answers.ts';
import type { ScalingFigures } from '../scaling/elasticity.ts';
import type { Span } from '../scaling/moment.ts';
import type { ScaleIn } from '../scaling/scale-in.ts';
import { type Figure, PHASES, type Phase, type Reached, type ScaleOut } from '../scaling/scale-out.ts';
import { display, rateText } from './text.ts';

/** Names of the phases as heads of columns. */
const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  created: 'created',
  running: 'running',
  healthy: 'healthy',
  serving: 'serving',
  firstAnswer: 'answers',
  fairShare: 'fair share',
};

/** `5.0-10.0`: in between, no one knows where; `at once` is below what the looks show. */
function spanText([least, most]: Span): string {
  const text = (value: number) => (most >= 100 ? value.toFixed(0) : value.toFixed(1));
  return text(least) === text(most) ? text(most) : `${text(least)}-${text(most)}`;
}

/** A figure for a table: `-` where it is not known, and {@link unknownLines} says why. */
function figureText(figure: Figure | Reached): string {
  return 'span' in figure ? spanText(figure.span) : '-';
}

/** One row per new instance, or one without a name where none came: heads first. */
export function scaleOutTable({ scaleOuts }: ScalingFigures): { head: string[]; rows: string[][] } {
  const rows = scaleOuts.flatMap((event) => {
    const change = `${event.from} to ${event.to}`;
    const decide = figureText(event.decide);
    const arrived = event.arrivals.map(({ instance, phases }, place) => [
      place === 0 ? change : '',
      display(instance),
      place === 0 ? decide : '',
      ...PHASES.map((phase) => figureText(phases[phase])),
    ]);
    return arrived.length > 0 ? arrived : [[change, 'none came', decide, ...PHASES.map(() => '-')]];
  });
  return { head: ['size', 'instance', 'decided', ...PHASES.map((phase) => PHASE_NAMES[phase])], rows };
}

/** One row per instance that went. */
export function scaleInTable({ scaleIns }: ScalingFigures): { head: string[]; rows: string[][] } {
  const rows = scaleIns.flatMap((event) => {
    const change = `${event.from} to ${event.to}`;
    const failed = event.answers === undefined ? '-' : String(event.answers.failed);
    const first = [change, figureText(event.decide), failed] as const;
    const left = event.departures.map(({ instance, drained, gone }, place) => [
      place === 0 ? change : '',
      display(instance),
      place === 0 ? first[1] : '',
      figureText(drained),
      figureText(gone),
      place === 0 ? failed : '',
    ]);
    return left.length > 0 ? left : [[change, 'none went', first[1], '-', '-', failed]];
  });
  return { head: ['size', 'instance', 'decided', 'drained', 'gone', 'failed'], rows };
}

/** How the figures of the tables are to be read. */
export function legendLines({ scaleOuts, scaleIns, answersFrom, intervalSeconds }: ScalingFigures): string[] {
  if (scaleOuts.length + scaleIns.length === 0) return [];
  const hosts = answersFrom?.matched === 'order' ? ', hosts taken for instances in the order in which they came' : '';
  const source = answersFrom?.source === 'load' ? 'answers of the load' : 'answers to GET /health';
  return [
    `decided: since the load changed. The others: since the decision. Looked at every ${intervalSeconds.toFixed(1)} s: 5.0-10.0 is not before 5 s, and by 10 s.`,
    ...(scaleOuts.length > 0 && answersFrom !== undefined
      ? [
          `answers, fair share: from ${source}${hosts}. Fair is ${100 * FAIR_SHARE} % of an even share over the 10 s that follow, or more.`,
        ]
      : []),
    ...(scaleIns.length > 0 ? ['failed: requests of the load that failed from the decision until all were gone.'] : []),
  ];
}

/** What led to each change of size. */
export function changeLines({ scaleOuts, scaleIns }: ScalingFigures): string[] {
  const events: readonly (ScaleOut | ScaleIn)[] = [...scaleOuts, ...scaleIns];
  return [...events]
    .sort((a, b) => a.decided[1] - b.decided[1])
    .map((event) => {
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

/** Why a figure is not there, per instance. */
export function unknownLines({ scaleOuts, scaleIns }: ScalingFigures): string[] {
  const whys = (instance: string, figures: readonly (readonly [name: string, figure: Reached])[]) => {
    const byWhy = new Map<string, string[]>();
    for (const [name, figure] of figures) {
      if ('why' in figure) byWhy.set(figure.why, [...(byWhy.get(figure.why) ?? []), name]);
    }
    return [...byWhy].map(([why, names]) => `${display(instance)}: ${names.join(', ')}: ${why}`);
  };
  return [
    ...scaleOuts.flatMap(({ arrivals }) =>
      arrivals.flatMap(({ instance, phases }) =>
        whys(
          instance,
          PHASES.map((phase) => [PHASE_NAMES[phase], phases[phase]] as const),
        ),
      ),
    ),
    ...scaleIns.flatMap(({ departures }) =>
      departures.flatMap(({ instance, drained, gone }) =>
        whys(instance, [['drained', drained] as const, ['gone', gone]]),
      ),
    ),
  ];
}

/** Name, what it says, value in per cent; in the order in which they are always told. */
export function metricRows({ metrics }: ScalingFigures): [name: string, meaning: string, value: string][] {
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
export function metricLines({ metrics, noMetrics, capacity, floor, intervalSeconds }: ScalingFigures): string[] {
  if (metrics === undefined || capacity === undefined) return noMetrics === undefined ? [] : [`none: ${noMetrics}`];
  const holes = metrics.unknownSeconds > 0 ? `; of ${metrics.unknownSeconds.toFixed(0)} s more nothing is known` : '';
  return [
    `Demand: the fewest instances for what is offered, at ${perInstanceText(capacity.perInstance)} rps each (${capacity.text}), and at least ${floor}. Supply: instances that serve.`,
    `Over ${metrics.coveredSeconds.toFixed(0)} s, in steps of ${intervalSeconds.toFixed(1)} s${holes}.`,
  ];
}

function perInstanceText(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** What the group complained of and what else a reader must know. */
export function scalingRemarks({ errors, remarks, incomplete, looks, problem }: ScalingFigures): string[] {
  return [
    ...remarks,
    ...(incomplete > 0 ? [`${incomplete} of ${looks} looks were not whole: ${display(problem ?? '')}`] : []),
    ...errors.map(({ code, message, instance }) =>
      display(`! ${instance === undefined ? '' : `${instance}: `}${code}: ${message}`),
    ),
  ];
}
