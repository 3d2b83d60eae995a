import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { stackDeps } from '../operator.ts';
import type { Garbage } from '../services/gc/garbage.ts';
import type { StackDeps } from '../services/stack/session.ts';
import type { TeardownReport } from '../services/stack/teardown.ts';
import * as aws from '../services/targets/aws/collect.ts';
import { createdByOf, ec2Of, homeFolder } from '../services/targets/aws/connect.ts';
import { awsFlags } from '../services/targets/aws/flags.ts';
import { bootTarget } from '../services/targets/gcp/boot/boot.ts';
import * as gcp from '../services/targets/gcp/collect.ts';
import { computeOf } from '../services/targets/gcp/connect.ts';
import { gcpFlags } from '../services/targets/gcp/flags.ts';
import { confirmFirst } from '../ui/confirm-first.ts';
import { renderGarbage } from '../ui/render-garbage.ts';

/** Where it is looked for, what was found, and how one stack of it is removed. */
interface Found {
  readonly where: { readonly region: string } | { readonly project: string };
  readonly garbage: readonly Garbage[];
  remove(garbage: Garbage): Promise<TeardownReport>;
}

export default class Gc extends BaseCommand<typeof Gc> {
  static override summary = 'find and remove what chainctl has left in an AWS region or a Google Cloud project';
  static override description =
    `Lists what carries chainctl's tag or marker and belongs to a stack that has expired, or that this machine knows nothing of.
What others made in the same account is listed, and removed only with --others. Nothing without the tag is touched.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> aws --region us-east-1 --yes',
    '<%= config.bin %> <%= command.id %> gcp --project my-project --dry-run',
  ];
  static override args = {
    cloud: Args.option({ description: 'where to look', options: ['aws', 'gcp'] as const })({ default: 'aws' }),
  };
  static override flags = {
    ...awsFlags,
    ...gcpFlags,
    others: Flags.boolean({ description: 'also what other operators made' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before removing' }),
    'dry-run': Flags.boolean({ description: 'only list' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, ...terminal, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const deps = await stackDeps(first.emit, signal);
    const { where, garbage, remove } = await (this.args.cloud === 'gcp' ? this.onGcp(deps) : this.onAws(deps));
    const listed = renderGarbage('region' in where ? where.region : where.project, garbage);
    const chosen = garbage.filter(({ foreign }) => flags.others || !foreign);
    if (flags['dry-run'] || chosen.length === 0) return { result: { ...where, garbage, reports: [] }, text: listed };
    if (!flags.yes) await first.ask(`removing ${chosen.map(({ stack }) => stack).join(', ')}`, [listed]);
    const reports: { readonly stack: string; readonly report: TeardownReport }[] = [];
    for (const each of chosen) reports.push({ stack: each.stack, report: await remove(each) });
    const left = reports.filter(({ report }) => report.leftovers.length > 0);
    return {
      result: { ...where, garbage, reports },
      text: [listed, ...reports.map(({ stack, report }) => this.summary(stack, report, garbage))].join('\n'),
      exit: left.length > 0 ? ExitCode.leftovers : ExitCode.ok,
    };
  }

  private async onAws(deps: StackDeps): Promise<Found> {
    const ec2 = await ec2Of(this.flags);
    const place = { ec2, home: homeFolder(), createdBy: createdByOf(deps) };
    const garbage = await aws.listGarbage(place, deps);
    return { where: { region: ec2.region }, garbage, remove: (each) => aws.removeGarbage(place, each, deps) };
  }

  private async onGcp(deps: StackDeps): Promise<Found> {
    // `--endpoint-url` is that of EC2.
    const { project, 'gcp-endpoint-url': endpoint } = this.flags;
    const { compute } = await computeOf({ project, 'gcp-endpoint-url': endpoint });
    const createdBy = createdByOf(deps);
    const place = {
      ...{ compute, home: homeFolder(), createdBy },
      bootTarget: (stack: string) => bootTarget(compute, { stack, createdBy }),
    };
    const garbage = await gcp.listGarbage(place, deps);
    return { where: { project: compute.project }, garbage, remove: (each) => gcp.removeGarbage(place, each, deps) };
  }

  private summary(stack: string, { removed, leftovers }: TeardownReport, garbage: readonly Garbage[]): string {
    const count = garbage.find((each) => each.stack === stack)?.objects.length ?? 0;
    if (leftovers.length === 0)
      return `Removed and verified gone: ${stack} (${removed.join(', ') || `${count} objects`}).`;
    const list = leftovers.map(({ key, reason }) => `${key} (${reason})`).join(', ');
    return `Still there of ${stack}: ${list}. Run "chainctl gc ${this.args.cloud}" again.`;
  }
}
