import { durationText, LONGEST_SECONDS } from '../../../durations.ts';
import { remedy } from '../../../errors.ts';
import { defined } from '../../defined.ts';
import { type DatasetRef, readDataset } from './dataset.ts';
import type { Lengths } from './lengths.ts';
import { FEW_TEXTS, LoadedData, LoadedDataset } from './loaded.ts';
import { readMix } from './mix.ts';
import type { WorkloadSettings } from './settings.ts';
import { type Replay, readTrace, replayOf, type Trace, type TraceRef } from './trace.ts';

/** What a load is to ask, as it was typed. */
export interface WorkloadRequest {
  readonly inputTokens?: Lengths;
  readonly maxTokens?: Lengths;
  readonly dataset?: string;
  readonly datasetOrder?: 'shuffle' | 'file';
  readonly prompts?: 'unique' | 'same';
  /** Classes or files with them. */
  readonly mix?: readonly string[];
  readonly trace?: string;
  readonly traceSpeed?: number;
  /** How much of the trace, seconds of the replay. */
  readonly traceSeconds?: number;
}

/** What a load asks, checked. */
export interface OpenWorkload {
  /** Absent where all requests ask the same prompt. */
  readonly workload?: WorkloadSettings;
  readonly data: LoadedData;
  /** When requests come, where a trace tells. */
  readonly replay?: Replay;
  /** What an operator should know of the files. */
  readonly notes: readonly string[];
}

/** Told of a file while it is read, with what was read of how much. */
export type OnReading = (path: string, read: number, of: number) => void;

/**
 * Reads the files that a load takes its requests from, and checks that what was asked for goes together.
 *
 * @throws RemedyError (exit 2)
 */
export async function openWorkload(asked: WorkloadRequest, onReading: OnReading = () => {}): Promise<OpenWorkload> {
  const { dataset: path, mix: written = [], trace: tracePath, ...own } = asked;
  const datasets = new Map<string, LoadedDataset>();
  const notes: string[] = [];
  const read = async (file: string): Promise<DatasetRef> => {
    const loaded = new LoadedDataset(FEW_TEXTS);
    const found = await readDataset(file, 'dataset', loaded.add, (bytes, of) => onReading(file, bytes, of));
    datasets.set(found.sha256, loaded);
    if (found.leftOut !== undefined) {
      notes.push(
        `${found.name}: ${found.leftOut} of ${found.leftOut + found.entries} conversations have no turn of a person, and are left out`,
      );
    }
    return found;
  };
  const dataset = path === undefined ? undefined : await read(path);
  const mix = [];
  for (const { datasetPath, ...each } of written.length === 0 ? [] : await readMix(written)) {
    // What a class does not say is as for the whole load.
    const ownDataset = datasetPath === undefined ? undefined : await read(datasetPath);
    const prompts =
      ownDataset === undefined && each.inputTokens === undefined ? { dataset, inputTokens: own.inputTokens } : {};
    const { maxTokens, datasetOrder } = own;
    mix.push(defined({ maxTokens, datasetOrder, ...prompts, ...each, ...defined({ dataset: ownDataset }) }));
  }
  const trace =
    tracePath === undefined
      ? undefined
      : await readTrace(tracePath, FEW_TEXTS, (bytes, of) => onReading(tracePath, bytes, of));
  const replay = trace && replayOf(trace.rows, own.traceSpeed ?? 1, own.traceSeconds);
  if (trace && replay && replay.durationSeconds > LONGEST_SECONDS) {
    const days = Math.round(replay.durationSeconds / 86_400);
    throw remedy.usage(
      'trace-too-long',
      `--trace ${tracePath}: from its first request to its last it takes ${days} days`,
      [
        `take its beginning with --duration, or replay it faster with --trace-speed: it may take ${durationText(LONGEST_SECONDS)}`,
        `see whether all its times count from the same moment, and in the same unit ("${trace.timeField}")`,
      ],
    );
  }
  const { inputTokens, maxTokens, datasetOrder, prompts } = own;
  const settings: WorkloadSettings = defined({
    inputTokens,
    maxTokens,
    dataset,
    datasetOrder: dataset === undefined ? undefined : datasetOrder,
    prompts: prompts === 'same' ? prompts : undefined,
    mix: mix.length === 0 ? undefined : mix,
    trace: trace && replay && refOf(trace, replay, own.traceSpeed ?? 1),
  });
  check(settings);
  const isPlain = Object.keys(settings).length === 0;
  return defined({ workload: isPlain ? undefined : settings, data: new LoadedData(datasets, trace), replay, notes });
}

function refOf({ file, rows, timeField }: Trace, { times }: Replay, speed: number): TraceRef {
  const [first, last] = [rows[0]?.atMs ?? 0, rows.at(-1)?.atMs ?? 0];
  return { ...file, requests: times.length, rows: rows.length, timeField, spanSeconds: (last - first) / 1000, speed };
}

/** @throws RemedyError (exit 2) where lengths are to come of a data set that there is not */
function check({ dataset, mix, trace, inputTokens, maxTokens }: WorkloadSettings): void {
  const classes = mix ?? [{ dataset, inputTokens, maxTokens }];
  for (const each of classes) {
    if (each.inputTokens?.kind === 'dataset') {
      throw refused('--input-tokens dataset: prompts are as long as the data set has them', 'leave --input-tokens out');
    }
    if (each.maxTokens?.kind === 'dataset' && each.dataset === undefined && trace === undefined) {
      throw refused('--max-tokens dataset: there is no data set to take lengths from', 'add --dataset FILE');
    }
  }
}

function refused(fault: string, next: string) {
  return remedy.usage('usage', fault, [next]);
}
