import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { allFlags } from '../../config/all-flags.ts';
import { durationFlag } from '../../config/flags.ts';
import { hostDeps, pathsOf, stackDeps } from '../../operator.ts';
import { deployAll } from '../../services/deploy/deploy-all.ts';
import { HostSessions } from '../../services/machine/sessions.ts';
import { awsPlanDeps, awsRequest } from '../../services/targets/aws/ask.ts';
import { gcpPlanDeps, gcpRequest } from '../../services/targets/gcp/ask.ts';
import { confirmFirst } from '../../ui/confirm-first.ts';
import { renderAllDeployment } from '../../ui/render-all.ts';

const HOUR = 3600;

export default class DeployAll extends BaseCommand<typeof DeployAll> {
  static override summary = 'bring the whole chain up: A on AWS and B on GCP, side by side';
  static override description =
    `B's address is reserved first, A is made with it while the group of B comes up, and both know the stack's token.
Shows both plans and both prices and asks once. Run it again to change what differs, or to go on after anything that
went wrong. "chainctl teardown all" leaves nothing.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --ttl 4h',
    '<%= config.bin %> <%= command.id %> --region eu-central-1 --zones europe-west3-c,europe-west3-a --max 2',
    '<%= config.bin %> <%= command.id %> --dry-run --json',
  ];
  static override flags = {
    ...allFlags,
    ttl: durationFlag({
      description: "each VM ends itself after this time; the group of B makes another one, so it bounds A's cost only",
      helpValue: '4h',
      min: 600,
      max: 30 * 24 * HOUR,
      env: 'CHAINCTL_TTL',
    }),
    auth: Flags.option({
      description: 'whether A and B require the bearer token of the stack',
      options: ['token', 'none'] as const,
      default: 'token',
      env: 'CHAINCTL_AUTH',
    })(),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before the first change' }),
    'dry-run': Flags.boolean({ description: 'show the plans and the costs, and change nothing' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const paths = pathsOf(this.stack);
    const [aws, gcp] = await Promise.all([
      awsRequest({ ...flags, ...this.named('aws') }, paths, '', signal),
      gcpRequest({ ...flags, ...this.named('gcp'), network: flags['gcp-network'] }, paths, signal),
    ]);
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, ...terminal, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const sessions = new HostSessions();
    try {
      const [stack, { templates }] = await Promise.all([stackDeps(first.emit, signal), hostDeps()]);
      const common = { paths, templates, sessions };
      const deployment = await deployAll(
        paths,
        { gcp: gcp.request, aws: aws.request },
        { dryRun: flags['dry-run'] },
        {
          ...stack,
          gcp: gcpPlanDeps(gcp, common, stack),
          aws: (request, answerable) => awsPlanDeps({ ec2: aws.ec2, request }, { ...common, answerable }, stack),
          async confirm() {
            if (!flags.yes) await first.ask(`deploying stack ${paths.name}`);
          },
        },
      );
      return { result: deployment, text: renderAllDeployment(deployment) };
    } finally {
      first.release();
      await sessions.close();
    }
  }

  /** What stands behind a cloud's name among the flags. */
  private named(cloud: 'aws' | 'gcp') {
    const { flags } = this;
    return {
      type: flags[`${cloud}-type`],
      'disk-gb': flags[`${cloud}-disk-gb`],
      subnet: flags[`${cloud}-subnet`],
      'endpoint-url': flags[`${cloud}-endpoint-url`],
    };
  }
}
