import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { numberFlag, resultsFlag } from '../config/flags.ts';
import { ExitCode } from '../errors.ts';
import { onlooker } from '../operator.ts';
import { readRun } from '../services/load/record/read-run.ts';
import { diffRuns } from '../services/results/diff.ts';
import { diffText } from '../services/results/diff-text.ts';
import { findRun } from '../services/results/find-run.ts';

export default class Diff extends BaseCommand<typeof Diff> {
  static override summary =
    'compare two recorded runs per rate: goodput, percentiles and tokens with confidence intervals';
  static override description =
    `Verdict per rate: B is better, worse, shows no difference, or is not comparable, and why.
Invalid, contaminated and unfinished points are never compared, nor runs that asked for other things: prompts,
lengths, arrivals, streams, connections, durations. Works offline.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20260131-095900-aws-chain latest',
    '<%= config.bin %> <%= command.id %> results/before results/after --any-target --fail-on-worse',
  ];
  static override args = {
    a: Args.string({ description: 'baseline run: folder, id or "latest"', required: true }),
    b: Args.string({ description: 'run to judge: folder, id or "latest"', required: true }),
  };
  static override flags = {
    'fail-on-worse': Flags.boolean({ description: 'exit 8 where B is worse at any rate, or no rate can be compared' }),
    'any-target': Flags.boolean({ description: 'compare runs of different addresses' }),
    'any-workload': Flags.boolean({ description: 'compare runs that asked for different things; they are named' }),
    tolerance: numberFlag({ description: 'smallest difference that counts, percent of A', default: 2, min: 0 }),
    results: resultsFlag(),
  };

  protected async perform(_context: CommandContext): Promise<CommandOutcome> {
    const {
      results,
      tolerance,
      'any-target': anyTarget,
      'any-workload': anyWorkload,
      'fail-on-worse': strict,
    } = this.flags;
    const [a, b] = [
      await readRun(await findRun(this.args.a, results), onlooker),
      await readRun(await findRun(this.args.b, results), onlooker),
    ];
    const diff = diffRuns(a, b, { tolerance: tolerance / 100, anyTarget, anyWorkload });
    // What proves nothing must not pass a check.
    const bad =
      diff.points.some(({ verdict }) => verdict === 'worse') ||
      diff.points.every(({ verdict }) => verdict === 'not comparable');
    return {
      result: diff,
      text: diffText(diff, process.stdout.columns || 80),
      exit: strict && bad ? ExitCode.checkFailed : ExitCode.ok,
    };
  }
}
