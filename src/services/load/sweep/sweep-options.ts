import { createHash } from 'node:crypto';
import { remedy } from '../../../errors.ts';
import { defined } from '../../defined.ts';
import type { RunOrder } from '../engine/protocol.ts';
import type { ProfileSettings } from '../profiles/profile.ts';
import { profileOf } from '../profiles/profiles.ts';
import { PROMPT_SCHEME } from '../prompt.ts';
import type { RequestForm } from '../protocols/ask.ts';
import { protocolOf } from '../protocols/protocols.ts';
import type { RecordedRun } from '../record/read-run.ts';
import type { Criterion, Limit } from '../stats/criterion.ts';
import type { UntilCertain } from '../stats/until-certain.ts';
import type { SweepPlan } from '../types.ts';
import type { LoadedData } from '../workload/loaded.ts';
import type { SweepSettings } from './sweep-plan.ts';

type Requests = Pick<
  RunOrder,
  'arrivals' | 'burstiness' | 'stages' | 'times' | 'workload' | 'think' | 'requestsPerConnection' | 'connectionAgeMs'
> &
  Partial<RequestForm>;

export interface SweepOptions extends SweepSettings, ProfileSettings, Requests {
  /** Folder of the result files, as it shall be named in them. */
  readonly outFolder: string;
  /** Nobody gave rates: of a server that is none of the chain's they follow from what one request takes. */
  readonly unaskedRates?: boolean;
  /** Made unique per request. */
  readonly prompt: string;
  /** How long what the workload refers to is; in no record. */
  readonly data?: LoadedData;
  /** The same seed makes the same prompts. */
  readonly seed: number;
  /** How many times the run has gone on, where it has. */
  readonly resumed?: number;
  /** Who makes what answers, as telemetry calls it. */
  readonly provider?: string;
  /** What requests carry beside the protocol's own headers; their values are told to nobody. */
  readonly headerNames?: readonly string[];
  /** Default: what the generator's descriptors allow. */
  readonly maxInFlight?: number;
  /** Whether the target has to answer `/health` first. */
  readonly preflight: boolean;
  /** Measure single requests first, and wait between points until one is as fast again; default no. */
  readonly probe?: boolean;
  /** Longest such wait, seconds; a target that needs longer contaminates the next point. */
  readonly gateSeconds?: number;
  /** Leave out the points above the first that was not sustained. */
  readonly stopAboveKnee?: boolean;
  /** Conditions that end the sweep. */
  readonly abortOn?: readonly Criterion[];
  readonly slos?: readonly Criterion[];
  /** What a request has to meet to be good. */
  readonly goodput?: readonly Limit[];
  /** Points last until a percentile is certain. */
  readonly untilCertain?: UntilCertain;
  /** A run that shall go on where it ended; the other options are then its own (see {@link resumedOptions}). */
  readonly resume?: RecordedRun;
  /** For the manifest: the command line, the machine, versions; nothing secret. */
  readonly about: Readonly<Record<string, unknown>>;
}

/** What is asked of the points, as a plan tells it. */
export function askedOf({ goodput = [], untilCertain }: SweepOptions): Pick<SweepPlan, 'goodput' | 'untilCertain'> {
  const { metric, width, maxDurationSeconds = 0 } = untilCertain ?? {};
  return defined({
    goodput: goodput.length === 0 ? undefined : goodput.map(({ expression }) => expression),
    untilCertain: metric === undefined || width === undefined ? undefined : { metric, width, maxDurationSeconds },
  });
}

/** The settings with the longest duration that a point may have. */
export function longestOf<T extends Pick<SweepOptions, 'durationSeconds' | 'untilCertain'>>(options: T): T {
  const { durationSeconds, untilCertain } = options;
  return { ...options, durationSeconds: Math.max(durationSeconds, untilCertain?.maxDurationSeconds ?? 0) };
}

/** How the requests of a load ask. */
export function formOf(options: { readonly targetUrl: string } & Partial<RequestForm>): RequestForm {
  const { stream = false, model, usage, maxTokensField, temperature, ignoreEos, template } = options;
  const api = protocolOf(options).name;
  return defined({ api, stream, model, usage, maxTokensField, temperature, ignoreEos, template });
}

/** The order for one point of the plan. */
export function orderOf(options: SweepOptions, plan: SweepPlan, index: number, rate: number) {
  const { prompt, seed, resumed, sharedPrefixTokens, workload } = options;
  const { arrivals = 'constant', burstiness, stages, times, think } = options;
  const { turns, thinkSeconds, loop, durationSeconds, requests } = plan;
  const isClosed = loop === 'closed';
  const { requestsPerConnection, connectionAgeMs } = options;
  return defined({
    type: 'run',
    url: plan.targetUrl,
    form: formOf(options),
    rate,
    warmupMs: plan.warmupSeconds * 1000,
    durationMs: durationSeconds * 1000,
    drainMs: plan.drainSeconds * 1000,
    timeoutMs: plan.timeoutSeconds * 1000,
    // What is always open is all that there is.
    maxInFlight: isClosed ? rate : plan.maxInFlight,
    concurrency: isClosed ? rate : undefined,
    requests: isClosed || turns !== undefined ? requests : undefined,
    turns,
    think,
    thinkMs: thinkSeconds === undefined ? undefined : thinkSeconds * 1000,
    prompt,
    seed,
    resumed,
    series: index,
    sharedPrefixTokens,
    workload,
    arrivals,
    burstiness,
    stages,
    times,
    requestsPerConnection,
    connectionAgeMs,
  });
}

/** From 2 on, a manifest names every setting that was asked for: what it does not name was not. */
export const SETTINGS_VERSION = 2;

/** What the manifest tells of the options, and whatever else is given: of texts, which may hold secrets, their hashes. */
export function manifestOf(
  { prompt, about, resume, data, times, template, ...settings }: SweepOptions,
  health: unknown,
  more: object,
) {
  const ofPrompt = { promptCodePoints: [...prompt].length, promptSha256: sha256(prompt), promptScheme: PROMPT_SCHEME };
  const texts = { ...ofPrompt, ...(template === undefined ? {} : { bodySha256: sha256(template) }) };
  return { ...more, ...about, settingsVersion: SETTINGS_VERSION, settings: { ...settings, ...texts }, health };
}

/** The hash of the bodies' template, where a run has one; the manifests of earlier versions have its text. */
export function bodySha256({ bodySha256: hash, template }: Readonly<Record<string, unknown>>): unknown {
  return typeof template === 'string' ? sha256(template) : hash;
}

/** Where what was given again lies, for who has to find it. */
export interface TextFiles {
  readonly promptFile?: string;
  readonly bodyFile?: string;
}

/**
 * The options of a run, to go on with it. Its prompt and body are not in the record, but have to be the same.
 *
 * @throws RemedyError (exit 2) when the prompt or the body is another one, or the run is of a version that did not tell its settings
 */
export function resumedOptions(
  run: RecordedRun,
  { prompt, about, template, promptFile, bodyFile }: Pick<SweepOptions, 'prompt' | 'about' | 'template'> & TextFiles,
): SweepOptions {
  const { promptCodePoints, promptSha256, promptScheme, bodySha256: _, ...settings } = run.manifest.settings ?? {};
  const refused = (why: string, next: string) =>
    remedy.usage('run-not-resumable', `the run ${run.runId} cannot go on: ${why}`, [next]);
  const { noResume } = profileOf(run.manifest.plan);
  if (noResume !== undefined) throw refused(noResume.why, noResume.next);
  if (promptSha256 === undefined) throw refused('its manifest does not have its settings', 'begin a new run');
  if (promptSha256 !== sha256(prompt)) {
    const other = promptFile === undefined ? 'the built-in one' : `that of ${promptFile}`;
    throw refused(`its prompt is not ${other}`, 'give the same --prompt-file as then, or begin a new run');
  }
  if (promptScheme !== PROMPT_SCHEME) {
    throw refused('it is of an earlier version, whose prompts had a common beginning', 'begin a new run');
  }
  const body = bodySha256(run.manifest.settings ?? {});
  if (template === undefined ? body !== undefined && settings.template === undefined : sha256(template) !== body) {
    throw body === undefined
      ? refused('it has no --body-file', 'leave --body-file out, or begin a new run')
      : refused(
          template === undefined ? 'no record has the text of its body' : `its body is not that of ${bodyFile}`,
          'give the same --body-file as then, or begin a new run',
        );
  }
  const options = settings as unknown as SweepOptions;
  const resumed = (options.resumed ?? 0) + 1;
  return { ...options, ...defined({ template }), prompt, about, resumed, resume: run };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
