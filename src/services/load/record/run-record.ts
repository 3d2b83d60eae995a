import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ExitCode, hasCode, RemedyError, reasonOf } from '../../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import { CsvFile } from './csv-file.ts';
import { headerRow, REQUEST_COLUMNS, SUMMARY_COLUMNS, summaryRow } from './csv-rows.ts';
import { publish, publishCopy, retireAll } from './published-name.ts';

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
  /** How files are made; the default is {@link CsvFile.create}. */
  readonly createCsv?: CreateCsv;
}

/**
 * Everything one sweep leaves on disk: `<out>/<run-id>/` with a manifest, the summary and a file per point, and the
 * contract's names in `<out>/`, which show the latest run (see {@link publish}).
 */
export class RunRecord {
  readonly runId: string;
  readonly folder: string;
  /** Names of an earlier run with this tag that were freed; its files are still in its own folder. */
  readonly retired: number;
  readonly #options: RunRecordOptions;
  #summary: CsvFile | undefined;
  #summaryLinked = false;

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
      const { runId, folder } = await makeRunFolder(outFolder, `${stamp(options.startedAt)}-${tag}-${targetName}`);
      const record = new RunRecord(runId, folder, await retireAll(outFolder, `${tag}_${targetName}_`), options);
      record.#summary = await record.#create(`${tag}_summary.csv`, SUMMARY_COLUMNS);
      record.#summaryLinked = await publish(record.#summary.path, outFolder);
      return record;
    } catch (error) {
      throw unwritable(outFolder, error);
    }
  }

  /** The contract's name of the summary. */
  get summaryCsv(): string {
    return join(this.#options.outFolder, `${this.#options.tag}_summary.csv`);
  }

  /** The contract's name of a point's file. */
  pointCsv(rate: number): string {
    return join(this.#options.outFolder, this.#pointName(rate));
  }

  /** Replaces the manifest as a whole. */
  async writeManifest(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      const text = `${JSON.stringify({ runId: this.runId, ...manifest }, undefined, 2)}\n`;
      await writeFileAtomic(join(this.folder, 'manifest.json'), text);
    } catch (error) {
      throw unwritable(this.folder, error);
    }
  }

  /**
   * Makes a point's file, visible under both names from its header on.
   *
   * @returns the file, and what is to be done with it when the point is over
   * @throws RemedyError (exit 3)
   */
  async openPoint(rate: number): Promise<{ readonly rows: CsvFile; close(): Promise<void> }> {
    const { outFolder } = this.#options;
    try {
      const rows = await this.#create(this.#pointName(rate), REQUEST_COLUMNS);
      const linked = await publish(rows.path, outFolder);
      const close = async () => {
        await rows.close();
        if (!linked) await publishCopy(rows.path, outFolder);
      };
      return { rows, close };
    } catch (error) {
      throw unwritable(outFolder, error);
    }
  }

  /** Appends a finished point to the summary; resolves when it is on disk. */
  async addPoint(plan: SweepPlan, point: PointSummary): Promise<void> {
    this.#summary?.append(summaryRow(plan, point));
    await this.#summary?.flushed();
  }

  async close(): Promise<void> {
    const summary = this.#summary;
    if (summary === undefined) return;
    await summary.close();
    if (!this.#summaryLinked) await publishCopy(summary.path, this.#options.outFolder);
  }

  #pointName(rate: number): string {
    return `${this.#options.tag}_${this.#options.targetName}_rps${rate}.csv`;
  }

  #create(name: string, columns: readonly string[]): Promise<CsvFile> {
    const path = join(this.folder, name);
    const create = this.#options.createCsv ?? CsvFile.create;
    return create(path, headerRow(columns), (error) =>
      this.#options.onFailure(`cannot write ${path}: ${reasonOf(error)}`),
    );
  }
}

async function makeRunFolder(outFolder: string, name: string): Promise<{ runId: string; folder: string }> {
  for (let n = 1; ; n++) {
    const runId = n === 1 ? name : `${name}-${n}`;
    const folder = join(outFolder, runId);
    try {
      await mkdir(folder);
      return { runId, folder };
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

/** `20260131-095900`, UTC: sorts by time, and is a file name everywhere. */
function stamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

function unwritable(where: string, cause: unknown): RemedyError {
  if (cause instanceof RemedyError) return cause;
  return new RemedyError(`results cannot be written to ${where}: ${reasonOf(cause)}`, {
    code: 'results-unwritable',
    exit: ExitCode.configuration,
    cause,
    nextSteps: ['choose another folder with --out, or make room on the disk and check who may write there'],
  });
}
