import { Flags } from '@oclif/core';
import { createdByOf, ec2Of, homeFolder } from '../aws-surroundings.ts';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { awsFlags } from '../config/aws-flags.ts';
import { ExitCode } from '../errors.ts';
import { listGarbage, removeGarbage } from '../services/aws/collect.ts';
import type { Garbage } from '../services/aws/gc.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';
import { stackDeps } from '../surroundings.ts';
import { confirmFirst } from '../ui/confirm-first.ts';
import { renderGarbage } from '../ui/render-aws.ts';

export default class Gc extends BaseCommand<typeof Gc> {
  static override summary = 'find and remove what chainctl has left in an AWS region';
  static override description =
    `Lists what carries chainctl's tag and belongs to a stack that has expired, or that this machine knows nothing of.
What others made in the same account is listed, and removed only with --others. Nothing without the tag is touched.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --region us-east-1 --yes',
  ];
  static override flags = {
    ...awsFlags,
    others: Flags.boolean({ description: 'also what other operators made' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before removing' }),
    'dry-run': Flags.boolean({ description: 'only list' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, canPrompt: terminal.canPrompt, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const [deps, ec2] = await Promise.all([stackDeps(first.emit, signal), ec2Of(flags)]);
    const place = { ec2, home: homeFolder(), createdBy: createdByOf(deps) };
    const garbage = await listGarbage(place, deps);
    const listed = renderGarbage(ec2.region, garbage);
    const chosen = garbage.filter(({ foreign }) => flags.others || !foreign);
    if (flags['dry-run'] || chosen.length === 0) {
      return { result: { region: ec2.region, garbage, reports: [] }, text: listed };
    }
    if (!flags.yes) await first.ask([listed], `removing ${chosen.map(({ stack }) => stack).join(', ')}`);
    const reports: { readonly stack: string; readonly report: TeardownReport }[] = [];
    for (const each of chosen) reports.push({ stack: each.stack, report: await removeGarbage(place, each, deps) });
    const left = reports.filter(({ report }) => report.leftovers.length > 0);
    return {
      result: { region: ec2.region, garbage, reports },
      text: [listed, ...reports.map(({ stack, report }) => summary(stack, report, garbage))].join('\n'),
      exit: left.length > 0 ? ExitCode.leftovers : ExitCode.ok,
    };
  }
}

function summary(stack: string, { removed, leftovers }: TeardownReport, garbage: readonly Garbage[]): string {
  const count = garbage.find((each) => each.stack === stack)?.objects.length ?? 0;
  if (leftovers.length === 0)
    return `Removed and verified gone: ${stack} (${removed.join(', ') || `${count} objects`}).`;
  const list = leftovers.map(({ key, reason }) => `${key} (${reason})`).join(', ');
  return `Still there of ${stack}: ${list}. Run "chainctl gc" again.`;
}
