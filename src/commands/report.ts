import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { readRun } from '../services/load/record/read-run.ts';
import { findRun } from '../services/results/find-run.ts';
import { REPORT_FORMATS, type ReportFormat, renderRun } from '../services/results/render-run.ts';
import { prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';

export default class Report extends BaseCommand<typeof Report> {
  static override summary = 'make everything that a run printed or drew again, from its record alone';
  static override description = `Works offline, also on a run that was killed.
html is one file with interactive charts; junit has a test case per threshold and point.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> latest --format html --out report.html',
    '<%= config.bin %> <%= command.id %> results/20260131-095900-aws-chain --format markdown',
  ];
  static override args = {
    run: Args.string({ description: 'folder of a run, its id, or "latest"', default: 'latest' }),
  };
  static override flags = {
    format: Flags.option({ options: REPORT_FORMATS })({ description: 'of the report', default: 'table' }),
    out: Flags.string({ description: 'write it to a file', helpValue: 'FILE' }),
    results: Flags.string({
      description: 'folder of the runs',
      default: 'results',
      env: 'CHAINCTL_LOAD_OUT',
      helpValue: 'FOLDER',
    }),
  };

  protected async perform(_context: CommandContext): Promise<CommandOutcome> {
    const { out, results } = this.flags;
    const format: ReportFormat = this.flags.format;
    const { report, manifest, series } = await readRun(await findRun(this.args.run, results));
    if (out === undefined && this.flags.json) return { result: { manifest, report } };
    // A file is not as wide as the terminal that it is made in.
    const columns = out === undefined ? (process.stdout.columns ?? 80) : 120;
    const text = await renderRun({ report, manifest, series }, format, columns);
    if (out === undefined) return { result: { manifest, report }, text };
    await prepareReportFile(out);
    await writeReportFile(out, text);
    return {
      result: { format, file: out, run: manifest.runId },
      text: `${format} report of ${manifest.runId}: ${out}`,
    };
  }
}
