import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from '../../words.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { CsvFile } from '../record/csv-file.ts';
import { REQUEST_HEADER, requestRows, SUMMARY_HEADER, summaryRow } from '../record/csv-rows.ts';
import { pointFiles, publish, retire, retireAll } from '../record/published-name.ts';
import { cannotWrite, resultsUnwritable } from '../record/results-folder.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import type { Output, OutputKind, OutputRun, PointOutput } from './output.ts';

/** A file of the run's folder that also shows in the results folder. */
interface Published {
  readonly file: CsvFile;
  close(): Promise<void>;
}

/**
 * The files of the contract: `<tag>_summary.csv` and one of requests per point, in the run's folder and under the same
 * names in the results folder, which show the latest run (see {@link publish}).
 */
export class CsvOutput implements Output {
  readonly #createFile: typeof CsvFile.create;
  /** How often each rate was offered. */
  readonly #opened = new Map<number, number>();
  #run: OutputRun | undefined;
  #summary: Published | undefined;

  /** @param createFile how result files are made */
  constructor(createFile = CsvFile.create) {
    this.#createFile = createFile;
  }

  async begin(run: OutputRun): Promise<void> {
    this.#run = run;
    const { folder, outFolder, tag, targetName, kept } = run;
    const summary = `${tag}_summary.csv`;
    try {
      const retired = await retireAll(outFolder, `${tag}_${targetName}`);
      if (kept !== undefined) {
        // The names of the results folder show this run again, whatever ran since.
        await retire(join(outFolder, summary));
        await rm(join(folder, summary), { force: true });
        for (const { name, rate, nth } of await pointFiles(folder, `${tag}_${targetName}`)) {
          if (!kept.includes(name)) {
            await setAside(folder, name);
            continue;
          }
          // A rate that comes again goes on counting.
          this.#opened.set(rate, Math.max(nth, this.#opened.get(rate) ?? 0));
          const complete = await publish(join(folder, name), outFolder);
          await complete();
        }
      } else if (retired > 0) {
        const text = `this run takes the names of ${plural(retired, 'file')} of an earlier run with tag ${tag}; they stay in that run's folder`;
        run.emit({ type: 'note', level: 'info', text });
      }
      this.#summary = await this.#open(run, summary, SUMMARY_HEADER);
    } catch (error) {
      throw resultsUnwritable(outFolder, error);
    }
  }

  /** Makes a point's file, visible under both names from its header on. */
  async openPoint(rate: number): Promise<PointOutput> {
    const run = this.#run;
    if (run === undefined) throw new Error('the output has not begun');
    const nth = (this.#opened.get(rate) ?? 0) + 1;
    this.#opened.set(rate, nth);
    // The contract's name; a rate that comes again gets a number.
    const name = `${run.tag}_${run.targetName}_${run.loop === 'closed' ? 'c' : 'rps'}${rate}${nth === 1 ? '' : `_${nth}`}.csv`;
    try {
      const { file, close } = await this.#open(run, name, REQUEST_HEADER);
      const add = (records: readonly RequestRecord[]) => file.append(requestRows(rate, records, run.goodput));
      return { file: join(run.outFolder, name), add, close };
    } catch (error) {
      throw resultsUnwritable(run.outFolder, error);
    }
  }

  async addPoint(plan: SweepPlan, point: PointSummary): Promise<void> {
    this.#summary?.file.append(summaryRow(plan, point));
    await this.#summary?.file.durable();
  }

  async close(): Promise<void> {
    await this.#summary?.close();
  }

  async #open({ folder, outFolder, onFailure }: OutputRun, name: string, header: string): Promise<Published> {
    const path = join(folder, name);
    const file = await this.#createFile(path, header, (error) => onFailure(cannotWrite(path, error)));
    const complete = await publish(path, outFolder);
    return { file, close: () => file.close().then(complete) };
  }
}

/** Rows of an attempt that was interrupted are kept, under a name that says so. */
async function setAside(folder: string, name: string): Promise<void> {
  const names = await readdir(folder);
  const stem = name.replace(/\.csv$/, '');
  const attempt = names.filter((each) => each.startsWith(`${stem}.interrupted-`)).length + 1;
  await rename(join(folder, name), join(folder, `${stem}.interrupted-${attempt}.csv`));
}

/** Always written: an interrupted run is read again from it. */
export const csv: OutputKind = { flags: {}, open: async () => new CsvOutput() };
