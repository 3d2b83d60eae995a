import { markKey, markOf } from '../chain/prompt-mark.ts';
import { defined } from '../defined.ts';
import { type PromptOptions, seedOfTexts } from './prompt.ts';
import type { Ask, RequestForm } from './protocols/ask.ts';
import { writeBody } from './protocols/write-body.ts';
import { AskPlan } from './workload/ask-plan.ts';
import { AskWriter, type TurnSoFar } from './workload/ask-writer.ts';
import { LoadedData } from './workload/loaded.ts';
import type { WorkloadSettings } from './workload/settings.ts';

/** What requests ask: one prompt for all, unless a workload says otherwise. */
export interface BodySettings extends PromptOptions {
  readonly form: RequestForm;
  readonly workload?: WorkloadSettings;
  /** Requests of a session. */
  readonly turns?: number;
}

/** A body that is the same for all requests but for their mark (see `writeMark`). */
export interface MarkedBody {
  readonly bytes: Buffer;
  /** Where the mark begins; a body that repeats the prompt has several, one without marks none. */
  readonly marksAt: readonly number[];
  readonly key: number;
}

/** The bodies of a point's requests: one for all, or one for each. */
export type Bodies = { readonly marked: MarkedBody } | { readonly of: (index: number, so?: TurnSoFar) => string };

/** @param data what the workload refers to, with its texts */
export function bodiesOf(settings: BodySettings, data = new LoadedData()): Bodies {
  if (isOneForAll(settings) && !isNumbered(settings.form)) return { marked: markedBody(settings) };
  const write = askWriter(settings, data);
  return { of: (index, so) => writeBody(write(index, so), settings.form) };
}

/** One whole body, by the index of the request; a negative one is of the warm-up. Of sessions it is a first turn. */
export function bodyOf(settings: BodySettings, index: number, data = new LoadedData()): string {
  const first = (settings.turns ?? 1) > 1 ? { session: index, turn: 0, answers: [] } : undefined;
  return writeBody(askWriter(settings, data)(index, first), settings.form);
}

/** Probes' prompts are of series that no point of a sweep has. */
const PROBE_SERIES = 1_000_000;

/**
 * Bodies of single requests, which all ask for the same, as much as most requests of the load do, so that their times can
 * be compared.
 *
 * @param data what the workload refers to; the first texts are enough
 */
export function probeBodies(settings: Omit<BodySettings, 'series'>, data = new LoadedData()): () => string {
  const workload = settings.workload && fileOrdered(settings.workload);
  const number =
    workload === undefined
      ? 0
      : new AskPlan(workload, settings.seed, data).typical((settings.turns ?? 1) > 1 ? 0 : undefined);
  let series = PROBE_SERIES;
  return () => bodyOf({ ...settings, ...defined({ workload }), series: series++ }, number, data);
}

/** The first entries first: their texts are known to who sends no load. */
function fileOrdered(workload: WorkloadSettings): WorkloadSettings {
  const datasetOrder = 'file' as const;
  return { ...workload, datasetOrder, ...defined({ mix: workload.mix?.map((each) => ({ ...each, datasetOrder })) }) };
}

/** Whether all requests ask the same but for their marks: then one body is made, and the marks are written over. */
function isOneForAll({ workload, turns = 1 }: BodySettings): boolean {
  const { inputTokens, dataset, mix, trace, maxTokens } = workload ?? {};
  const varies = [inputTokens, dataset, mix, trace].some((each) => each !== undefined);
  return !varies && turns === 1 && (maxTokens === undefined || maxTokens.kind === 'constant');
}

/** A number of no fixed width stands in the body. */
function isNumbered({ template }: RequestForm): boolean {
  return template !== undefined && /\{\{\s*request\s*\}\}/.test(template);
}

function askWriter({ form: _, workload = {}, turns: __, ...prompt }: BodySettings, data: LoadedData) {
  const writer = new AskWriter(workload, prompt, data);
  return (index: number, so?: TurnSoFar): Ask => writer.ask(index, so);
}

function markedBody(settings: BodySettings): MarkedBody {
  const key = markKey(seedOfTexts(settings), settings.series);
  const bytes = Buffer.from(bodyOf(settings, 0));
  const mark = markOf(key, 0);
  const marksAt: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) marksAt.push(at);
  return { bytes, marksAt, key };
}
