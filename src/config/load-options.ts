import { randomInt } from 'node:crypto';
import { remedy } from '../errors.ts';
import { defined } from '../services/defined.ts';
import { readPrompt } from '../services/load/prompt-file.ts';
import { readTemplate } from '../services/load/protocols/read-template.ts';
import type { ElasticLoad, LoadRequest } from '../services/load/run-load.ts';
import { DEFAULT_RATES, parseConcurrency, parseRates } from '../services/load/schedule/rates.ts';
import { NO_END_SECONDS } from '../services/load/schedule/window.ts';
import type { SweepOptions } from '../services/load/sweep/sweep-options.ts';
import { checkTag, type DeployedServices, resolveTarget } from '../services/load/target.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { SERVICES } from '../services/workloads/catalog.ts';
import type { FlagValues } from '../services/workloads/service-definition.ts';
import type { ElasticFlags } from './elastic-flags.ts';
import { isTyped } from './flags.ts';
import { DEFAULT_DURATION_SECONDS, type LoadFlags, loadFlags } from './load-flags.ts';
import { certainAsked, objectivesAsked } from './objective-options.ts';
import { checkWorkloadFlags, slowReading, workloadOptions } from './workload-options.ts';

/** The tag of what is not known to be deployed anywhere else: the place that costs nothing. */
const HERE = PROVIDERS.find(({ billed }) => !billed)?.name ?? '';

/** What the flags alone do not say: it is read from files, drawn, or found out about the machine. */
type ToBeFound = 'targetUrl' | 'prompt' | 'seed' | 'about';

/**
 * What the flags of `chainctl load` say about a new sweep.
 *
 * @throws RemedyError (exit 2) when a list of rates, a tag, a threshold or a condition is wrong
 */
export function sweepSettings(flags: LoadFlags): Omit<SweepOptions, ToBeFound> {
  const {
    'max-in-flight': maxInFlight,
    'requests-per-connection': requestsPerConnection,
    'connection-age': age,
    gate,
    api,
    model,
    temperature,
    'max-tokens-field': maxTokensField,
    'ignore-eos': ignoreEos,
  } = flags;
  return {
    ...loopOf(flags),
    tag: checkTag(flags.tag ?? HERE),
    outFolder: flags.results,
    ...objectivesAsked(flags),
    durationSeconds: flags.duration,
    warmupSeconds: flags.warmup,
    timeoutSeconds: flags.timeout,
    drainSeconds: flags.drain,
    preflight: flags.preflight,
    probe: flags.preflight,
    arrivals: flags.arrivals,
    stopAboveKnee: flags['stop-above-knee'],
    findKnee: flags['find-knee'],
    ...maxDuration(flags),
    stream: flags.stream,
    sharedPrefixTokens: flags['shared-prefix'],
    ...(gate === undefined ? {} : { gateSeconds: gate }),
    ...(requestsPerConnection === undefined ? {} : { requestsPerConnection }),
    ...(age === undefined ? {} : { connectionAgeMs: age * 1000 }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    ...defined({ api, model, temperature, maxTokensField, ignoreEos: ignoreEos || undefined }),
  };
}

/** What is offered: rates, or requests kept open. */
function loopOf({
  rps,
  concurrency,
  requests,
  turns,
  'think-time': { seconds: thinkSeconds, drawn: think } = { seconds: 0 },
  elastic,
  ...flags
}: LoadFlags & { elastic?: boolean }) {
  const clash = (other: string, why: string, next: string) =>
    remedy.usage('usage', `--concurrency is a closed loop, and --${other} ${why}`, [next]);
  if (concurrency !== undefined) {
    if (flags['max-in-flight'] !== undefined) {
      throw clash('max-in-flight', 'would be the same number again', 'leave --max-in-flight out');
    }
    if (flags['find-knee'] && flags.slo === undefined && flags.goodput === undefined) {
      throw clash('find-knee', 'has no knee to find without an objective', "add one, for example --slo 'p95<2s'");
    }
    if (flags.arrivals !== 'constant') {
      throw clash('arrivals', 'says when requests of an open one come', 'leave --arrivals out, or give --rps');
    }
  }
  if (thinkSeconds > 0 && turns === 1 && concurrency === undefined) {
    throw remedy.usage('usage', '--think-time is between the turns of a session, and there is one turn', [
      'add --turns 3, or leave it out',
    ]);
  }
  return {
    ...(concurrency === undefined
      ? { rates: rps === undefined ? DEFAULT_RATES : parseRates(rps) }
      : { rates: parseConcurrency(concurrency), loop: 'closed' as const }),
    ...(requests === undefined ? {} : { requests }),
    ...(turns === 1 ? {} : { turns }),
    ...(thinkSeconds === 0 ? {} : { thinkSeconds }),
    ...(think === undefined ? {} : { think }),
  };
}

/** Longest point of a search, seconds, where none was asked for. */
const MAX_DURATION_SECONDS = 600;

function maxDuration({
  'max-duration': asked,
  'find-knee': isSearch,
  'until-certain': certain,
  duration,
  ...flags
}: LoadFlags) {
  if (isSearch && flags['stop-above-knee']) {
    const fault =
      '--find-knee decides by itself which rates it offers, and --stop-above-knee would leave some of them out';
    throw remedy.usage('usage', fault, [
      'leave --stop-above-knee out, or --find-knee to offer each of the rates in turn',
    ]);
  }
  if (certain !== undefined && isSearch) {
    const fault = '--find-knee decides by itself how long its points are, and --until-certain would, too';
    throw remedy.usage('usage', fault, ['find the knee first, then measure below it: --rps RATE --until-certain p99']);
  }
  if (asked !== undefined && !isSearch && certain === undefined) {
    const fault = '--max-duration bounds what --find-knee and --until-certain make longer, and neither is there';
    throw remedy.usage('usage', fault, ['add one of them, or leave it out']);
  }
  if (asked !== undefined && asked < duration) {
    const fault = `--max-duration of ${asked} s is shorter than --duration of ${duration} s`;
    throw remedy.usage('usage', fault, [`give at least --max-duration ${duration}s`]);
  }
  const maxDurationSeconds = Math.max(duration, asked ?? MAX_DURATION_SECONDS);
  if (certain !== undefined) return { untilCertain: { ...certainAsked(certain, flags.stream), maxDurationSeconds } };
  return isSearch ? { maxDurationSeconds } : {};
}

interface Surroundings {
  readonly argv: readonly string[];
  readonly stack: string;
  readonly about: SweepOptions['about'];
  readonly elastic: ElasticLoad | undefined;
  /** Of the stack; asked only where a service of it is the target. */
  readonly endpoints: () => Promise<DeployedServices>;
  /** Told what an operator should know of the files that are read. */
  readonly tell: (text: string) => void;
}

/**
 * What the flags ask for: a new load, or a run that shall go on.
 *
 * @throws RemedyError: exit 2 for flags that make no sense, exit 3 where the stack has no such service
 */
export async function loadRequest(
  flags: LoadFlags & ElasticFlags,
  { argv, stack, about, elastic, endpoints, tell }: Surroundings,
): Promise<LoadRequest> {
  const prompt = await readPrompt(flags['prompt-file']);
  const { resume, results: outFolder, target, seed = randomInt(0xffff_ffff) } = flags;
  if (resume !== undefined) {
    checkResume(argv);
    const { dataset: datasets, trace, 'prompt-file': promptFile, 'body-file': bodyFile } = flags;
    const files = defined({ datasets, trace, promptFile, bodyFile });
    return { resume, outFolder, prompt, about, ...defined({ template: await templateOf(flags) }), ...files };
  }
  // Flags that make no sense are refused before anything is looked for.
  checkWorkloadFlags(flags, argv);
  checkLoop(argv);
  const sweep = sweepSettings(flags);
  const settings = { ...sweep, ...lengthOf(flags, argv, sweep), ...unaskedRates(flags, argv) };
  const { options: asked, notes } = await workloadOptions(flags, argv, slowReading(tell));
  // How many points there are is known with the files that may say it.
  checkOnePoint(flags, { ...settings, ...asked }, elastic !== undefined);
  for (const note of notes) tell(note);
  const template = await templateOf(flags);
  const { targetUrl, on } = await resolveTarget(target, endpoints, stack, SERVICES);
  const tag = flags.tag === undefined && on !== undefined ? { tag: on } : {};
  const options = { ...settings, ...asked, ...tag, ...defined({ template }), prompt, targetUrl, seed, about };
  if (elastic === undefined) return { options };
  if (settings.untilCertain !== undefined) {
    const fault = 'the steps of --elastic follow the group, and --until-certain would make them longer';
    throw remedy.usage('usage', fault, ['leave one of them out']);
  }
  // The steps of an elastic profile follow each other without a warm-up of their own.
  return { options: { ...options, durationSeconds: flags['elastic-step'], warmupSeconds: 0 }, elastic };
}

async function templateOf({ 'body-file': path }: LoadFlags): Promise<string | undefined> {
  return path === undefined ? undefined : readTemplate(path);
}

/** Where nobody gave a duration, the number of requests alone says how long a point is. */
function lengthOf(
  { duration, requests, elastic }: LoadFlags & ElasticFlags,
  argv: readonly string[],
  { rates, loop, findKnee, untilCertain }: ReturnType<typeof sweepSettings>,
): Pick<SweepOptions, 'durationSeconds'> | undefined {
  const isGiven = isTyped(argv, 'duration') || duration !== DEFAULT_DURATION_SECONDS;
  const decidesItself = findKnee === true || untilCertain !== undefined || elastic === true;
  if (requests === undefined || isGiven || decidesItself) return undefined;
  return { durationSeconds: loop === 'closed' ? NO_END_SECONDS : requests / Math.min(...rates) };
}

/** Whether nothing says how often requests come. */
function unaskedRates({ rps }: LoadFlags, argv: readonly string[]): Pick<SweepOptions, 'unaskedRates'> {
  const isAsked = rps !== undefined || OF_TIMES.some((flag) => isTyped(argv, flag));
  return isAsked ? {} : { unaskedRates: true };
}

/** What says when requests come, beside `--rps`. */
const OF_TIMES = ['concurrency', 'stages', 'trace', 'elastic'];

/** What cannot stand with `--concurrency`: a closed loop has no rate, and nothing of what comes of one. */
const OF_RATES = ['rps', 'stages', 'trace', 'burstiness', 'stop-above-knee', 'elastic'];

function checkLoop(argv: readonly string[]): void {
  const other = isTyped(argv, 'concurrency') ? OF_RATES.find((flag) => isTyped(argv, flag)) : undefined;
  if (other === undefined) return;
  throw remedy.usage('usage', `--concurrency is a closed loop, and --${other} is of an open one`, [
    `leave --${other} out for a closed loop, or --concurrency for an open one`,
  ]);
}

/** A file of one point says nothing of which of several it is. */
function checkOnePoint(
  flags: FlagValues,
  { rates, findKnee, unaskedRates: isLadder }: Pick<SweepOptions, 'rates' | 'findKnee' | 'unaskedRates'>,
  isElastic: boolean,
): void {
  const file = ['out-json', 'out-csv'].find((name) => flags[name] !== undefined);
  if (file === undefined || (rates.length === 1 && findKnee !== true && !isElastic)) return;
  const what =
    findKnee === true || isElastic
      ? 'decides its points while it runs'
      : isLadder
        ? 'has several points where no --rps is given'
        : `has ${rates.length} points`;
  throw remedy.usage('usage', `--${file} is of exactly one point, and this load ${what}`, [
    'give one: --rps 10, or --concurrency 8',
  ]);
}

/** What may stand with `--resume`. */
const OF_RESUME = [
  ...['resume', 'results', 'prompt-file', 'token-file', 'ca-file', 'otlp'],
  ...['header', 'api-key-file', 'api-key-header', 'body-file', 'dataset', 'trace'],
];

/** A run goes on with the settings it began with, so none may be typed with `--resume`. */
function checkResume(argv: readonly string[]): void {
  const other = Object.keys(loadFlags).find((flag) => !OF_RESUME.includes(flag) && isTyped(argv, flag));
  if (other === undefined) return;
  throw remedy.usage('usage', `--resume goes on with the settings of its run, and --${other} would change them`, [
    `leave --${other} out, or begin a new run without --resume`,
  ]);
}
