import { remedy } from '../errors.ts';
import { defined } from '../services/defined.ts';
import { parseStages } from '../services/load/schedule/stages.ts';
import type { SweepOptions } from '../services/load/sweep/sweep-options.ts';
import { type OnReading, openWorkload } from '../services/load/workload/open-workload.ts';
import { megabytes } from '../services/load/workload/source-file.ts';
import { isTyped } from './flags.ts';
import type { LoadFlags } from './load-flags.ts';

/** Flags that exclude each other, and why. */
const ONE_OF: readonly (readonly [flags: readonly string[], why: string])[] = [
  [['rps', 'stages', 'trace', 'elastic', 'concurrency'], 'each of them says when requests come'],
  [['requests', 'stages'], 'stages say how many requests come'],
  [['requests', 'trace'], 'a trace says how many requests come'],
  [['turns', 'trace'], 'a trace has the requests of a session one by one'],
  [['find-knee', 'stages', 'trace'], 'a search has rates of its own'],
  [['until-certain', 'stages', 'trace'], 'it makes points longer, and these have a length of their own'],
  [['arrivals', 'trace'], 'a trace says when requests come'],
  [['burstiness', 'trace'], 'a trace says when requests come'],
  [['warmup', 'trace'], 'a trace has no requests before its first'],
  [['prompt-file', 'dataset'], 'prompts come of one of them'],
  [['prompt-file', 'input-tokens'], 'prompts come of one of them'],
  [['dataset', 'input-tokens'], 'prompts come of one of them'],
  [['dataset', 'trace'], 'a trace has its own prompts or lengths'],
  [['mix', 'trace'], 'a trace has its own prompts or lengths'],
];

/** What needs another flag. */
const NEEDS: readonly (readonly [flag: string, other: string])[] = [
  ['trace-speed', 'trace'],
  ['dataset-order', 'dataset'],
];

/** @throws RemedyError (exit 2) where flags about the requests do not go together */
export function checkWorkloadFlags(flags: LoadFlags, argv: readonly string[]): void {
  for (const [names, why] of ONE_OF) {
    const typed = names.filter((name) => isTyped(argv, name));
    const [one, other] = typed;
    if (other !== undefined)
      throw refused(`--${one} and --${other} do not go together: ${why}`, `leave --${other} out`);
  }
  for (const [flag, other] of NEEDS) {
    const isMet = isTyped(argv, other) || (flag === 'dataset-order' && isTyped(argv, 'mix'));
    if (isTyped(argv, flag) && !isMet)
      throw refused(`--${flag} is of no use without --${other}`, `add --${other} FILE`);
  }
  const { arrivals, burstiness } = flags;
  if (arrivals === 'gamma' && burstiness === undefined) {
    throw refused(
      '--arrivals gamma needs --burstiness',
      'add for example --burstiness 0.25: gaps that vary twice as much',
    );
  }
  if (burstiness !== undefined && arrivals !== 'gamma') {
    throw refused('--burstiness is of gamma arrivals', 'add --arrivals gamma, or leave it out');
  }
}

/**
 * What the flags say of what is asked and when: files are read and checked.
 *
 * @returns the part of a sweep's options, and what an operator should know
 * @throws RemedyError (exit 2)
 */
export async function workloadOptions(flags: LoadFlags, argv: readonly string[], onReading?: OnReading) {
  const { dataset: [dataset, another] = [], mix, trace, prompts, burstiness, stages } = flags;
  if (another !== undefined) {
    const next = `give classes of them: --mix a=1,dataset=${dataset} --mix b=1,dataset=${another}`;
    throw refused('--dataset is given twice, and a load takes its requests from one', next);
  }
  const asked = defined({
    ...{ dataset, mix, trace, prompts },
    inputTokens: flags['input-tokens'],
    maxTokens: flags['max-tokens'],
    datasetOrder: flags['dataset-order'],
    traceSpeed: flags['trace-speed'],
    traceSeconds: isTyped(argv, 'duration') ? flags.duration : undefined,
  });
  const { workload, data, replay, notes } = await openWorkload(asked, onReading);
  const staged = stages === undefined ? undefined : parseStages(stages, flags.duration);
  const options: Partial<SweepOptions> = defined({ workload, data, burstiness, ...whenOf(replay, staged) });
  return { options, notes };
}

/** Less is read before anybody wonders. */
const SLOW_MS = 2000;

/** Says of a file that takes long how far it is read. */
export function slowReading(tell: (text: string) => void, now: () => number = () => performance.now()): OnReading {
  let last = now();
  return (path, read, of) => {
    if (now() - last < SLOW_MS) return;
    last = now();
    tell(`reading ${path}: ${megabytes(read)} of ${megabytes(of)}`);
  };
}

function whenOf(
  replay: Awaited<ReturnType<typeof openWorkload>>['replay'],
  staged: ReturnType<typeof parseStages> | undefined,
): Partial<SweepOptions> {
  if (replay !== undefined) {
    const { times, rate, durationSeconds } = replay;
    return { times, rates: [rate], durationSeconds, warmupSeconds: 0 };
  }
  if (staged === undefined) return {};
  const { stages, rate, durationSeconds } = staged;
  return { stages, rates: [rate], durationSeconds };
}

function refused(fault: string, next: string) {
  return remedy.usage('usage', fault, [next]);
}
