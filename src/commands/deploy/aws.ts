import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { urlFlag } from '../../config/flags.ts';
import { refuseForeignTuning } from '../../config/tuning-flags.ts';
import { hostDeps, pathsOf, stackDeps } from '../../operator.ts';
import { HostSessions } from '../../services/machine/sessions.ts';
import { readState } from '../../services/stack/state.ts';
import { awsPlanDeps, awsRequest } from '../../services/targets/aws/ask.ts';
import { chooseB } from '../../services/targets/aws/b-url.ts';
import { deployAws } from '../../services/targets/aws/deploy.ts';
import { awsDeployFlags } from '../../services/targets/aws/deploy-flags.ts';
import { awsFlags } from '../../services/targets/aws/flags.ts';
import { confirmFirst } from '../../ui/confirm-first.ts';
import { renderAwsDeployment } from '../../ui/render-aws.ts';

export default class DeployAws extends BaseCommand<typeof DeployAws> {
  static override summary = 'bring service A up on a VM of its own on AWS';
  static override description =
    `Makes a key pair, a security group and a VM with your own EC2 credentials; says what it costs and asks first.
Only your address can log in, and only your address can use A unless --allow or --public says otherwise.
Run it again to change what differs, or to go on after anything that went wrong. "chainctl teardown aws" leaves nothing.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --b-url http://198.51.100.9 --ttl 4h',
    '<%= config.bin %> <%= command.id %> --region us-east-1 --type t4g.large --allow 203.0.113.0/24',
    '<%= config.bin %> <%= command.id %> --b-url http://198.51.100.9 --dry-run --json',
  ];
  static override flags = {
    ...awsFlags,
    ...awsDeployFlags,
    'b-url': urlFlag({ description: "B's address [default: this stack's GCP side]", env: 'CHAINCTL_B_URL' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before the first change' }),
    'dry-run': Flags.boolean({ description: 'show the plan and the cost, and change nothing' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    refuseForeignTuning(flags, 'a');
    const paths = pathsOf(this.stack);
    const gcp = (await readState(paths.state))?.targets.gcp?.endpoints.b;
    const aws = await awsRequest(flags, paths, chooseB({ flag: flags['b-url'], gcp }), signal);
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, ...terminal, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const sessions = new HostSessions();
    try {
      const [stack, { templates }] = await Promise.all([stackDeps(first.emit, signal), hostDeps()]);
      const deployment = await deployAws(
        paths,
        aws.request,
        { dryRun: flags['dry-run'] },
        {
          ...stack,
          ...awsPlanDeps(aws, { paths, templates, sessions }, stack),
          async confirm() {
            if (!flags.yes) await first.ask(`deploying stack ${paths.name}`);
          },
        },
      );
      return { result: deployment, text: renderAwsDeployment(deployment) };
    } finally {
      first.release();
      await sessions.close();
    }
  }
}
