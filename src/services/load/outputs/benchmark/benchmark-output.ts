import { stringify } from 'csv-stringify/sync';
import { reasonOf } from '../../../../errors.ts';
import { writeDurably } from '../../../files/write-durably.ts';
import { prepareReportFile } from '../../../smoke/junit-file.ts';
import type { RequestRecord } from '../../engine/request-record.ts';
import type { PointSummary, SweepPlan } from '../../types.ts';
import type { Output, OutputRun, PointOutput } from '../output.ts';
import { type BenchmarkRow, COLUMNS, cellsOf, rowOf, summaryOf } from './benchmark-rows.ts';

/** Where the files go. */
export interface BenchmarkFiles {
  readonly json?: string;
  readonly csv?: string;
}

/** One point as the files that many benchmarks of models write: a summary with its requests, and the requests as a table. */
export class BenchmarkOutput implements Output {
  readonly #files: BenchmarkFiles;
  #rows: BenchmarkRow[] = [];
  #onFailure: OutputRun['onFailure'] = () => {};

  constructor(files: BenchmarkFiles) {
    this.#files = files;
  }

  /** Whether they can be written is found before any request. */
  async begin({ onFailure }: OutputRun): Promise<void> {
    this.#onFailure = onFailure;
    for (const path of Object.values(this.#files)) await prepareReportFile(path);
  }

  async openPoint(): Promise<PointOutput> {
    this.#rows = [];
    const add = (records: readonly RequestRecord[]) => {
      for (const record of records) this.#rows.push(rowOf(record));
    };
    return { add, close: async () => {} };
  }

  async addPoint(plan: SweepPlan, point: PointSummary): Promise<void> {
    const results = this.#rows.toSorted((a, b) => a.elapsed_s - b.elapsed_s);
    const { json, csv } = this.#files;
    const summary = summaryOf(plan, point, results);
    if (json !== undefined) await this.#write(json, `${JSON.stringify({ summary, results }, undefined, 2)}\n`);
    if (csv !== undefined) await this.#write(csv, stringify([[...COLUMNS], ...results.map(cellsOf)]));
  }

  async close(): Promise<void> {}

  async #write(path: string, text: string): Promise<void> {
    try {
      await writeDurably(path, text);
    } catch (error) {
      this.#onFailure(`cannot write ${path}: ${reasonOf(error)}`);
    }
  }
}
