import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { numberFlag, resultsFlag } from '../config/flags.ts';
import { onlooker } from '../operator.ts';
import { findRun, RUN_OR_WATCH } from '../services/results/find-run.ts';
import { FORMATS, type FormatName, renderReport, type Subjects } from '../services/results/formats.ts';
import { readReportedRun, readWatchedGroup, runCapacity } from '../services/results/recorded.ts';
import { reportLine } from '../services/results/text.ts';
import { type Capacity, givenCapacity } from '../services/scaling/capacity.ts';
import { prepareReportFile, writeReportFile } from '../services/smoke/junit-file.ts';

const NAMES = Object.keys(FORMATS) as FormatName[];

export default class Report extends BaseCommand<typeof Report> {
  static override summary = 'render a recorded run again: table, Markdown, HTML, JSON, JUnit or CSV';
  static override description = `Works offline, also on a run that was killed.
html is one file with interactive charts; junit has a test case per threshold and point; csv has the figures of a
group that was watched during the load.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> latest --format html --out report.html',
    '<%= config.bin %> <%= command.id %> results/20260131-095900-aws-chain --format markdown',
  ];
  static override args = {
    run: Args.string({ description: 'folder of a run, its id, or "latest"', default: 'latest' }),
  };
  static override flags = {
    format: Flags.option({ options: [...NAMES, 'md'] as const })({
      description: 'format of the report; md is short for markdown',
      default: 'table',
    }),
    out: Flags.string({ description: 'file to write the report to [default: stdout]', helpValue: 'FILE' }),
    results: resultsFlag(),
    'capacity-per-instance': numberFlag({
      description: 'requests per second that one instance of a watched group sustains, for its elasticity',
      helpValue: 'RPS',
      min: 0.001,
    }),
    'capacity-from': Flags.string({
      description: 'run whose knee is the capacity of one instance: a folder, an id or "latest"',
      helpValue: 'RUN',
      exclusive: ['capacity-per-instance'],
    }),
  };

  protected async perform(_context: CommandContext): Promise<CommandOutcome> {
    const folder = await findRun(this.args.run, this.flags.results, { marks: RUN_OR_WATCH });
    const capacity = await this.capacity();
    const watch = await readWatchedGroup(folder, capacity);
    if (watch !== undefined) return this.deliver(watch.name, { scaling: watch.scaling.figures }, 'watch', watch);
    const run = await readReportedRun(folder, capacity, onlooker);
    const { report, manifest, scaling } = run;
    const result = { manifest, report, scaling: scaling?.figures };
    return this.deliver(manifest.runId, result, 'run', run);
  }

  /** Text for the terminal, data for a program, or a file. */
  private async deliver<K extends keyof Subjects>(run: string, result: object, kind: K, subject: Subjects[K]) {
    const { out } = this.flags;
    const format = this.flags.format === 'md' ? 'markdown' : this.flags.format;
    if (out === undefined && this.flags.json) return { result };
    // A file is not as wide as the terminal that it is made in.
    const text = await renderReport(format, kind, subject, out === undefined ? process.stdout.columns || 80 : 120);
    if (out === undefined) return { result, text, isDocument: format !== 'table' };
    await prepareReportFile(out);
    await writeReportFile(out, text);
    return { result: { format, file: out, run }, text: `${reportLine(out)}${format} of ${run}` };
  }

  private async capacity(): Promise<Capacity | undefined> {
    const { 'capacity-per-instance': rate, 'capacity-from': run, results } = this.flags;
    if (rate !== undefined) return givenCapacity(rate);
    return run === undefined ? undefined : runCapacity(await findRun(run, results));
  }
}
