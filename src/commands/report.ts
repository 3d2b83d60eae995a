import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { numberFlag } from '../config/flags.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { readRun } from '../services/load/record/read-run.ts';
import { findRun, RUN_OR_WATCH } from '../services/results/find-run.ts';
import { readReportedRun, readWatchedGroup } from '../services/results/recorded.ts';
import { REPORT_FORMATS, type ReportFormat, renderRun, renderWatched } from '../services/results/render-run.ts';
import { reportLine } from '../services/results/text.ts';
import { type Capacity, givenCapacity, kneeCapacity } from '../services/scaling/capacity.ts';
import { prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';

export default class Report extends BaseCommand<typeof Report> {
  static override summary = 'make everything that a run printed or drew again, from its record alone';
  static override description = `Works offline, also on a run that was killed.
html is one file with interactive charts; junit has a test case per threshold and point; csv has the figures of a
group that was watched beside the load.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> latest --format html --out report.html',
    '<%= config.bin %> <%= command.id %> results/20260131-095900-aws-chain --format markdown',
  ];
  static override args = {
    run: Args.string({ description: 'folder of a run, its id, or "latest"', default: 'latest' }),
  };
  static override flags = {
    format: Flags.option({ options: [...REPORT_FORMATS, 'md'] as const })({
      description: 'of the report; md is markdown',
      default: 'table',
    }),
    out: Flags.string({ description: 'write it to a file', helpValue: 'FILE' }),
    results: Flags.string({
      description: 'folder of the runs',
      default: 'results',
      env: 'CHAINCTL_LOAD_OUT',
      helpValue: 'FOLDER',
    }),
    'capacity-per-instance': numberFlag({
      description: 'requests per second that one instance of a watched group sustains; for its elasticity',
      helpValue: 'RPS',
      min: 0.001,
    }),
    'capacity-from': Flags.string({
      description: 'run whose knee tells that: a folder, an id or "latest"',
      helpValue: 'RUN',
      exclusive: ['capacity-per-instance'],
    }),
  };

  protected async perform(_context: CommandContext): Promise<CommandOutcome> {
    const { out, results } = this.flags;
    const { format } = this;
    const folder = await findRun(this.args.run, results, { marks: RUN_OR_WATCH });
    const capacity = await this.capacity(results);
    // A file is not as wide as the terminal that it is made in.
    const columns = out === undefined ? process.stdout.columns || 80 : 120;
    const watch = await readWatchedGroup(folder, capacity);
    if (watch !== undefined) {
      const result = { scaling: watch.scaling.figures };
      return this.deliver(watch.name, result, () => renderWatched(watch, format, columns));
    }
    const run = await readReportedRun(folder, capacity);
    const { report, manifest, scaling } = run;
    const result = { manifest, report, ...(scaling === undefined ? {} : { scaling: scaling.figures }) };
    return this.deliver(manifest.runId, result, () => renderRun(run, format, columns));
  }

  private get format(): ReportFormat {
    const { format } = this.flags;
    return format === 'md' ? 'markdown' : format;
  }

  /** Text for the terminal, data for a program, or a file. */
  private async deliver(run: string, result: object, render: () => Promise<string>): Promise<CommandOutcome> {
    const { format } = this;
    const { out } = this.flags;
    if (out === undefined) return this.flags.json ? { result } : { result, text: await render() };
    const text = await render();
    await prepareReportFile(out);
    await writeReportFile(out, text);
    return { result: { format, file: out, run }, text: `${reportLine(out)}${format} of ${run}` };
  }

  /** What one instance sustains, as told here. */
  private async capacity(results: string): Promise<Capacity | undefined> {
    const { 'capacity-per-instance': rate, 'capacity-from': run } = this.flags;
    if (rate !== undefined) return givenCapacity(rate);
    if (run === undefined) return undefined;
    const { report, runId } = await readRun(await findRun(run, results));
    const capacity = kneeCapacity(report);
    if (capacity !== undefined) return { ...capacity, text: `${capacity.text}, of ${runId}` };
    throw new RemedyError(`${runId} does not tell what one instance sustains: it has no knee with a rate above it`, {
      code: 'capacity-unknown',
      exit: ExitCode.usage,
      nextSteps: [
        'measure it: chainctl load --target invoke --rps 1,100 --find-knee',
        'or name it with --capacity-per-instance',
      ],
    });
  }
}
