import { readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { reasonOf } from '../../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { PointSummary, SecondSample, SweepPlan } from '../types.ts';
import { REQUEST_COLUMNS, SUMMARY_COLUMNS } from './csv-columns.ts';
import { CsvFile } from './csv-file.ts';
import { headerRow, summaryRow } from './csv-rows.ts';
import { jsonLine } from './json-lines.ts';
import { publish, publishCopy, retireAll } from './published-name.ts';
import { resultsUnwritable } from './results-folder.ts';
import { makeRunFolder } from './run-folder.ts';

/** A row with all hop times, generously. */
const BYTES_PER_ROW = 250;

export type CreateCsv = typeof CsvFile.create;

export interface RunRecordOptions {
  /** The results folder; made when it is not there. */
  readonly outFolder: string;
  readonly tag: string;
  /** The middle word of the file names. */
  readonly targetName: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly expectedRows: number;
  /** Told once when something can no longer be written. */
  readonly onFailure: (message: string) => void;
  /** The folder of a run that shall go on; absent for a new one. */
  readonly resume?: string;
  /** How files are made; the default is {@link CsvFile.create}. */
  readonly createCsv?: CreateCsv;
}

/**
 * Everything one sweep leaves on disk: `<out>/<run-id>/` with a manifest, the summary, `points.jsonl` and
 * `series.jsonl`, and a file of requests per point, and the contract's names in `<out>/`, which show the latest run (see
 * {@link publish}). All but manifest and summary are only ever appended to.
 */
export class RunRecord {
  readonly runId: string;
  readonly folder: string;
  /** Names of an earlier run with this tag that were freed; its files are still in its own folder. */
  readonly retired: number;
  readonly #options: RunRecordOptions;
  #summary: CsvFile | undefined;
  #points: CsvFile | undefined;
  #series: CsvFile | undefined;
  #summaryLinked = false;
  /** How often each rate was offered. */
  readonly #opened = new Map<number, number>();

  private constructor(runId: string, folder: string, retired: number, options: RunRecordOptions) {
    this.runId = runId;
    this.folder = folder;
    this.retired = retired;
    this.#options = options;
  }

  /**
   * Makes the run's folder and files, so that a disk that is full or may not be written is found before any request.
   *
   * @throws RemedyError (exit 3)
   */
  static async open(options: RunRecordOptions): Promise<RunRecord> {
    const { outFolder, tag, targetName } = options;
    try {
      await makeFolder(outFolder);
      const { bavail, bsize } = await statfs(outFolder);
      const needed = options.expectedRows * BYTES_PER_ROW;
      // Some file systems say 0 for "does not apply".
      if (bsize > 0 && bavail > 0 && bavail * bsize < needed) {
        throw new Error(`the results need about ${Math.ceil(needed / 1e6)} MB and the disk does not have them`);
      }
      const { resume } = options;
      const { runId, folder } =
        resume === undefined
          ? await makeRunFolder(outFolder, `${tag}-${targetName}`, options.startedAt)
          : { runId: basename(resume), folder: resume };
      const retired = await retireAll(outFolder, `${tag}_${targetName}_`);
      const record = new RunRecord(runId, folder, resume === undefined ? retired : 0, options);
      if (resume !== undefined) await record.#publishAgain();
      record.#summary = await record.#create(`${tag}_summary.csv`, SUMMARY_COLUMNS);
      record.#points = await record.#open('points.jsonl');
      record.#series = await record.#open('series.jsonl');
      record.#summaryLinked = await publish(record.#summary.path, outFolder);
      return record;
    } catch (error) {
      throw resultsUnwritable(outFolder, error);
    }
  }

  /** The contract's name of the summary. */
  get summaryCsv(): string {
    return join(this.#options.outFolder, `${this.#options.tag}_summary.csv`);
  }

  /** Replaces the manifest as a whole. */
  async writeManifest(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      const text = `${JSON.stringify({ runId: this.runId, ...manifest }, undefined, 2)}\n`;
      await writeFileAtomic(join(this.folder, 'manifest.json'), text);
    } catch (error) {
      throw resultsUnwritable(this.folder, error);
    }
  }

  /**
   * Makes a point's file, visible under both names from its header on.
   *
   * @returns the file, its name in the results folder, and what is to be done with it when the point is over
   * @throws RemedyError (exit 3)
   */
  async openPoint(rate: number): Promise<{ readonly rows: CsvFile; readonly csv: string; close(): Promise<void> }> {
    const { outFolder } = this.#options;
    const name = this.#nextName(rate);
    try {
      await this.#setAside(name);
      const rows = await this.#create(name, REQUEST_COLUMNS);
      const linked = await publish(rows.path, outFolder);
      const close = async () => {
        await rows.close();
        if (!linked) await publishCopy(rows.path, outFolder);
      };
      return { rows, csv: join(outFolder, name), close };
    } catch (error) {
      throw resultsUnwritable(outFolder, error);
    }
  }

  /** Appends a finished point to the record and the summary; resolves when it is on disk. */
  async addPoint(plan: SweepPlan, point: PointSummary): Promise<void> {
    this.#points?.append(jsonLine(point));
    this.restorePoint(plan, point);
    await this.#points?.flushed();
    await this.#summary?.flushed();
  }

  /** A point of an earlier process: in the record already, and a row of the new summary. */
  restorePoint(plan: SweepPlan, point: PointSummary): void {
    this.#summary?.append(summaryRow(plan, point));
  }

  /** Appends one second of a point. */
  addSecond(index: number, rate: number, sample: SecondSample): void {
    this.#series?.append(jsonLine({ index, rate, ...sample }));
  }

  async close(): Promise<void> {
    await this.#points?.close();
    await this.#series?.close();
    const summary = this.#summary;
    if (summary === undefined) return;
    await summary.close();
    if (!this.#summaryLinked) await publishCopy(summary.path, this.#options.outFolder);
  }

  /** The names of the results folder show this run again, whatever ran since. */
  async #publishAgain(): Promise<void> {
    const { outFolder, tag, targetName } = this.#options;
    await rm(join(this.folder, `${tag}_summary.csv`), { force: true });
    for (const name of await readdir(this.folder)) {
      if (!name.startsWith(`${tag}_${targetName}_rps`) || !/rps[\d.]+(_\d+)?\.csv$/.test(name)) continue;
      const path = join(this.folder, name);
      if (!(await publish(path, outFolder))) await publishCopy(path, outFolder);
    }
  }

  /** Rows of an attempt that was interrupted are kept, under a name that says so. */
  async #setAside(name: string): Promise<void> {
    if (this.#options.resume === undefined) return;
    const names = await readdir(this.folder);
    if (!names.includes(name)) return;
    const stem = name.replace(/\.csv$/, '');
    const attempt = names.filter((each) => each.startsWith(`${stem}.interrupted-`)).length + 1;
    await rename(join(this.folder, name), join(this.folder, `${stem}.interrupted-${attempt}.csv`));
  }

  /** The contract's name; a rate that comes again gets a number. */
  #nextName(rate: number): string {
    const nth = (this.#opened.get(rate) ?? 0) + 1;
    this.#opened.set(rate, nth);
    const { tag, targetName } = this.#options;
    return `${tag}_${targetName}_rps${rate}${nth === 1 ? '' : `_${nth}`}.csv`;
  }

  #create(name: string, columns: readonly string[]): Promise<CsvFile> {
    const create = this.#options.createCsv ?? CsvFile.create;
    const path = join(this.folder, name);
    return create(path, headerRow(columns), (error) => this.#failed(path, error));
  }

  #open(name: string): Promise<CsvFile> {
    const path = join(this.folder, name);
    return CsvFile.resume(path, '', (error) => this.#failed(path, error));
  }

  #failed(path: string, error: unknown): void {
    this.#options.onFailure(`cannot write ${path}: ${reasonOf(error)}`);
  }
}
