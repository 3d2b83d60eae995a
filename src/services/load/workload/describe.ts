import { formatSeconds } from '../../../durations.ts';
import { defined } from '../../defined.ts';
import { plural } from '../../words.ts';
import { formatStages, type Stage } from '../schedule/stages.ts';
import type { ArrivalSettings } from '../schedule/timetable.ts';
import { lengthFigures } from '../stats/asked-tally.ts';
import { AskPlan } from './ask-plan.ts';
import { type Asked, askedBy } from './asked.ts';
import type { LengthFigures, WorkloadPlan } from './figures.ts';
import { formatLengths } from './lengths.ts';
import { LoadedData } from './loaded.ts';
import type { AskSettings, WorkloadSettings } from './settings.ts';
import { USUAL_SCALE } from './token-scale.ts';

type Arrivals = Partial<Pick<ArrivalSettings, 'arrivals' | 'burstiness' | 'stages'>>;

interface Described extends Arrivals {
  readonly workload?: WorkloadSettings;
  readonly data?: LoadedData;
  readonly seed: number;
  /** Requests of a session. */
  readonly turns?: number;
}

/** So many requests tell the lengths that will be asked for. */
const SAMPLE = 10_000;

/**
 * What a load asks and when, for the plan: in sentences, and the lengths that will be drawn.
 *
 * @param requests of the largest point
 * @returns undefined where all ask the same, evenly or as independent users
 */
export function describeWorkload(settings: Described, requests: number): WorkloadPlan | undefined {
  const { workload, stages, arrivals, burstiness = 1 } = settings;
  const asked = workload === undefined ? [] : plannedLengths(workload, settings, Math.min(SAMPLE, requests));
  const bursts = `gamma arrivals of burstiness ${burstiness}: gaps vary by ${(1 / Math.sqrt(burstiness)).toPrecision(2)} times their mean`;
  const lines = [
    ...(arrivals === 'gamma' ? [`When: ${bursts}.`] : []),
    ...(stages === undefined ? [] : [`When: the rate changes within the point, ${stagesText(stages)}.`]),
    ...(workload === undefined ? [] : workloadLines(workload, asked)),
  ];
  if (lines.length === 0 && asked.length === 0) return undefined;
  const varies =
    workload?.trace !== undefined ? ('trace' as const) : stages === undefined ? undefined : ('stages' as const);
  return defined({ lines, asked, varies });
}

function stagesText(stages: readonly Stage[]): string {
  const text = formatStages(stages);
  return text.length <= 60 ? text : `${plural(stages.length, 'stage')}, ${text.slice(0, 50)}...`;
}

type PlannedLengths = WorkloadPlan['asked'][number];

function plannedLengths(
  workload: WorkloadSettings,
  { seed, data, turns = 1 }: Described,
  count: number,
): PlannedLengths[] {
  const plan = new AskPlan(workload, seed, data ?? new LoadedData());
  const scale = workload.tokens ?? USUAL_SCALE;
  const byName = new Map<string | undefined, Asked[]>();
  for (let number = 0; number < count; number++) {
    const asked = askedBy(plan.at({ number, ...(turns > 1 ? { turn: 0 } : {}) }), scale);
    const others = byName.get(asked.mix);
    if (others === undefined) byName.set(asked.mix, [asked]);
    else others.push(asked);
  }
  return [...byName].map(([name, all]) =>
    defined({
      name,
      input: lengthFigures(all.flatMap(({ input_tokens_asked: tokens = [] }) => tokens)),
      maxTokens: lengthFigures(all.flatMap(({ max_tokens: tokens = [] }) => tokens)),
    }),
  );
}

function workloadLines(workload: WorkloadSettings, asked: readonly PlannedLengths[]): string[] {
  const { mix, trace, prompts } = workload;
  const lengthsOf = (name?: string) => asked.find((each) => each.name === name);
  const same =
    prompts === 'same' ? ['Prompts have no marks (--prompts same): what comes again may be in a cache.'] : [];
  if (trace !== undefined) {
    const { name, requests, rows, spanSeconds, speed } = trace;
    const part = requests === rows ? plural(rows, 'request') : `the first ${requests} of ${plural(rows, 'request')}`;
    const faster = speed === 1 ? '' : `, ${speed} times as fast`;
    const when = `When: replay of ${name}, ${part} of ${formatSeconds(spanSeconds)}${faster}.`;
    return [when, `What: ${kindText(workload, lengthsOf())}.`, ...same];
  }
  if (mix === undefined) return [`What: ${kindText(workload, lengthsOf())}.`, ...same];
  const sum = mix.reduce((total, { weight }) => total + weight, 0);
  const classes = mix.map((each) => {
    const share = `${((100 * each.weight) / sum).toFixed(0)} % ${each.name}`;
    return `What: ${share}, ${kindText(each, lengthsOf(each.name))}.`;
  });
  return [...classes, ...same];
}

/** `synthetic prompts of lognormal:200,0.8 tokens (mean 268, p95 745), answers of at most 64-256 tokens (mean 160, p95 246)` */
function kindText(settings: AskSettings & { readonly trace?: unknown }, lengths: PlannedLengths | undefined): string {
  const { inputTokens, maxTokens, dataset, datasetOrder, trace, sharedPrefixTokens } = settings;
  const input = lengthText(lengths?.input);
  const prompts =
    dataset !== undefined
      ? `${dataset.form} of ${dataset.name}, ${dataset.entries} in all, ${datasetOrder === 'file' ? 'in their order' : 'shuffled'}${input}`
      : trace !== undefined
        ? `prompts as in the trace${input}`
        : inputTokens === undefined
          ? 'one prompt'
          : `synthetic prompts of ${formatLengths(inputTokens)} tokens${input}`;
  const prefix = sharedPrefixTokens ? `, after about ${sharedPrefixTokens} tokens in common` : '';
  const most = maxTokens === undefined || maxTokens.kind === 'dataset' ? undefined : formatLengths(maxTokens);
  const answers =
    lengths?.maxTokens === undefined
      ? ''
      : `; answers of at most ${most === undefined ? 'as many tokens as recorded' : `${most} tokens`}${lengthText(lengths.maxTokens)}`;
  return prompts + prefix + answers;
}

/** Of one length there is nothing more to say. */
function lengthText(figures: LengthFigures | undefined): string {
  if (figures === undefined || figures.max === figures.mean) return '';
  const { mean, p50, p95 } = figures;
  return ` (mean ${mean}, p50 ${p50}, p95 ${p95})`;
}
