import { open, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { writeAll } from '../../files/write-all.ts';
import { synced, writeDurably } from '../../files/write-durably.ts';
import type { PointSummary, SecondSample } from '../types.ts';
import { CsvFile } from './csv-file.ts';
import { jsonLine } from './json-lines.ts';
import { cannotWrite, makeRunFolder, resultsUnwritable } from './results-folder.ts';

/** A row with all hop times, generously. */
const BYTES_PER_ROW = 250;

export interface RunRecordOptions {
  /** The results folder, as it shall be named in results; made when it is not there. */
  readonly outFolder: string;
  readonly tag: string;
  /** The middle word of the file names. */
  readonly targetName: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAt: number;
  readonly expectedRows: number;
  /** Told once per file that can no longer be written; ends the sweep. */
  readonly onFailure: (message: string) => void;
  /** The folder of a run that shall go on; absent for a new one. */
  readonly resume?: string;
}

/**
 * The record of one sweep, `<out>/<run-id>/`, from which everything else is made again: a manifest, and `points.jsonl` and
 * `series.jsonl`, which are only ever appended to.
 */
export class RunRecord {
  readonly runId: string;
  readonly folder: string;
  readonly #points: CsvFile;
  readonly #series: CsvFile;

  private constructor(folder: string, points: CsvFile, series: CsvFile) {
    this.runId = basename(folder);
    this.folder = folder;
    this.#points = points;
    this.#series = series;
  }

  /**
   * Makes the run's folder and files, so that a disk that is full or may not be written is found before any request.
   *
   * @throws RemedyError (exit 3)
   */
  static async open(options: RunRecordOptions): Promise<RunRecord> {
    const { outFolder, tag, targetName, onFailure } = options;
    const open = (path: string) => CsvFile.resume(path, '', (error) => onFailure(cannotWrite(path, error)));
    try {
      await makeFolder(outFolder);
      const { bavail, bsize } = await statfs(outFolder);
      const needed = options.expectedRows * BYTES_PER_ROW;
      // Some file systems say 0 for "does not apply".
      if (bsize > 0 && bavail > 0 && bavail * bsize < needed) {
        throw new Error(`the results need about ${Math.ceil(needed / 1e6)} MB and the disk does not have them`);
      }
      const folder = options.resume ?? (await makeRunFolder(outFolder, `${tag}-${targetName}`, options.startedAt));
      const points = await open(join(folder, 'points.jsonl'));
      return new RunRecord(folder, points, await open(join(folder, 'series.jsonl')));
    } catch (error) {
      throw resultsUnwritable(outFolder, error);
    }
  }

  /** Replaces the manifest as a whole. @throws RemedyError (exit 3) */
  async writeManifest(manifest: Readonly<Record<string, unknown>>): Promise<void> {
    const path = join(this.folder, 'manifest.json');
    const content = { runId: this.runId, ...manifest };
    try {
      await writeDurably(path, `${JSON.stringify(content, undefined, 2)}\n`);
    } catch (error) {
      if (!(await writeWithin(path, JSON.stringify(content)))) throw resultsUnwritable(this.folder, error);
    }
  }

  /** Appends a finished point; resolves when it and its seconds are on disk. */
  async addPoint(point: PointSummary): Promise<void> {
    this.#points.append(jsonLine(point));
    await Promise.all([this.#points.durable(), this.#series.durable()]);
  }

  addSecond(index: number, rate: number, sample: SecondSample): void {
    this.#series.append(jsonLine({ index, rate, ...sample }));
  }

  async close(): Promise<void> {
    await this.#points.close();
    await this.#series.close();
  }
}

/**
 * Writes over a file within the room that it has: how a run ended is told on a full disk, too, where there is no room for
 * a second file. Written as one line, the end of a run is shorter than its beginning.
 *
 * @returns whether it fits and is written
 */
async function writeWithin(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      const bytes = Buffer.from(text);
      if (bytes.length >= size) return false;
      await writeAll(file, Buffer.concat([bytes, Buffer.alloc(size - bytes.length, ' ')]));
      await synced(file);
      return true;
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
