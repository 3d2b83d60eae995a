import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../../errors.ts';
import { plural } from '../../words.ts';
import type { RequestRecord } from '../engine/request-record.ts';
import { CsvFile } from '../record/csv-file.ts';
import { REQUEST_HEADER, requestRows, SUMMARY_HEADER, summaryRow } from '../record/csv-rows.ts';
import { publish, publishCopy, retireAll } from '../record/published-name.ts';
import { resultsUnwritable } from '../record/results-folder.ts';
import type { PointSummary, SweepPlan } from '../types.ts';
import type { Output, OutputKind, OutputRun, PointOutput } from './output.ts';

/** How result files are made. */
export type CreateCsv = typeof CsvFile.create;

/**
 * The files of the contract: `<tag>_summary.csv` and one of requests per point, in the run's folder and under the same
 * names in the results folder, which show the latest run (see {@link publish}).
 */
export class CsvOutput implements Output {
  readonly #createFile: CreateCsv;
  /** How often each rate was offered. */
  readonly #opened = new Map<number, number>();
  #run: OutputRun | undefined;
  #summary: CsvFile | undefined;
  #summaryLinked = false;

  constructor(createFile: CreateCsv = CsvFile.create) {
    this.#createFile = createFile;
  }

  async begin(run: OutputRun): Promise<void> {
    this.#run = run;
    const { outFolder, tag, targetName, resumed } = run;
    try {
      const retired = await retireAll(outFolder, `${tag}_${targetName}_`);
      if (resumed) await this.#publishAgain(run);
      else if (retired > 0) {
        const text = `this run takes the names of ${plural(retired, 'file')} of an earlier run with tag ${tag}; they stay in that run's folder`;
        run.emit({ type: 'note', level: 'info', text });
      }
      this.#summary = await this.#create(run, `${tag}_summary.csv`, SUMMARY_HEADER);
      this.#summaryLinked = await publish(this.#summary.path, outFolder);
    } catch (error) {
      throw resultsUnwritable(outFolder, error);
    }
  }

  /** Makes a point's file, visible under both names from its header on. */
  async openPoint(rate: number): Promise<PointOutput> {
    const run = this.#begun();
    const name = this.#nextName(run, rate);
    try {
      if (run.resumed) await setAside(run.folder, name);
      const rows = await this.#create(run, name, REQUEST_HEADER);
      const linked = await publish(rows.path, run.outFolder);
      return {
        file: join(run.outFolder, name),
        add: (records: readonly RequestRecord[]) => rows.append(requestRows(rate, records)),
        async close() {
          await rows.close();
          if (!linked) await publishCopy(rows.path, run.outFolder);
        },
      };
    } catch (error) {
      throw resultsUnwritable(run.outFolder, error);
    }
  }

  async addPoint(plan: SweepPlan, point: PointSummary): Promise<void> {
    this.#summary?.append(summaryRow(plan, point));
    await this.#summary?.flushed();
  }

  async close(): Promise<void> {
    const summary = this.#summary;
    if (summary === undefined) return;
    await summary.close();
    if (!this.#summaryLinked) await publishCopy(summary.path, this.#begun().outFolder);
  }

  #begun(): OutputRun {
    if (this.#run === undefined) throw new Error('the output has not begun');
    return this.#run;
  }

  /** The names of the results folder show this run again, whatever ran since. */
  async #publishAgain({ folder, outFolder, tag, targetName }: OutputRun): Promise<void> {
    await rm(join(folder, `${tag}_summary.csv`), { force: true });
    for (const name of await readdir(folder)) {
      if (!name.startsWith(`${tag}_${targetName}_rps`) || !/rps[\d.]+(_\d+)?\.csv$/.test(name)) continue;
      const path = join(folder, name);
      if (!(await publish(path, outFolder))) await publishCopy(path, outFolder);
    }
  }

  /** The contract's name; a rate that comes again gets a number. */
  #nextName({ tag, targetName }: OutputRun, rate: number): string {
    const nth = (this.#opened.get(rate) ?? 0) + 1;
    this.#opened.set(rate, nth);
    return `${tag}_${targetName}_rps${rate}${nth === 1 ? '' : `_${nth}`}.csv`;
  }

  #create(run: OutputRun, name: string, header: string): Promise<CsvFile> {
    const path = join(run.folder, name);
    return this.#createFile(path, header, (error) => run.onFailure(`cannot write ${path}: ${reasonOf(error)}`));
  }
}

/** Rows of an attempt that was interrupted are kept, under a name that says so. */
async function setAside(folder: string, name: string): Promise<void> {
  const names = await readdir(folder);
  if (!names.includes(name)) return;
  const stem = name.replace(/\.csv$/, '');
  const attempt = names.filter((each) => each.startsWith(`${stem}.interrupted-`)).length + 1;
  await rename(join(folder, name), join(folder, `${stem}.interrupted-${attempt}.csv`));
}

/** Always written: an interrupted run is read again from it. */
export const csv: OutputKind = { flags: {}, open: async () => new CsvOutput() };
