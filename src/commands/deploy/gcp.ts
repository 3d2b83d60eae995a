import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { refuseForeignTuning } from '../../config/tuning-flags.ts';
import { hostDeps, pathsOf, stackDeps } from '../../operator.ts';
import { HostSessions } from '../../services/machine/sessions.ts';
import { gcpPlanDeps, gcpRequest } from '../../services/targets/gcp/ask.ts';
import { deployGcp } from '../../services/targets/gcp/deploy.ts';
import { gcpDeployFlags } from '../../services/targets/gcp/deploy-flags.ts';
import { gcpOnlyFlags } from '../../services/targets/gcp/flags.ts';
import { confirmFirst } from '../../ui/confirm-first.ts';
import { renderGcpDeployment } from '../../ui/render-gcp.ts';

export default class DeployGcp extends BaseCommand<typeof DeployGcp> {
  static override summary = 'bring service B up on GCP: an autoscaled group of VMs behind a load balancer';
  static override description =
    `Makes everything with your own Google Cloud credentials; says what it costs and asks first.
The load balancer is public: everybody can reach B, and only who has the stack's token can use it.
Run it again to change what differs, or to go on after anything that went wrong. "chainctl teardown gcp" leaves nothing.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --ttl 4h',
    '<%= config.bin %> <%= command.id %> --zones europe-west3-c,europe-west3-a --autoscale lb=0.8 --max 2',
    '<%= config.bin %> <%= command.id %> --dry-run --json',
  ];
  static override flags = {
    ...gcpOnlyFlags,
    ...gcpDeployFlags,
    yes: Flags.boolean({ char: 'y', description: 'do not ask before the first change' }),
    'dry-run': Flags.boolean({ description: 'show the plan and the cost, and change nothing' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    refuseForeignTuning(flags, 'b');
    const paths = pathsOf(this.stack);
    const gcp = await gcpRequest(flags, paths, signal);
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, ...terminal, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const sessions = new HostSessions();
    try {
      const [stack, { templates }] = await Promise.all([stackDeps(first.emit, signal), hostDeps()]);
      const deployment = await deployGcp(
        paths,
        gcp.request,
        { dryRun: flags['dry-run'] },
        {
          ...stack,
          ...gcpPlanDeps(gcp, { paths, templates, sessions }, stack),
          onAddress: (url) => first.emit({ type: 'note', level: 'info', text: `B will answer at ${url}` }),
          async confirm() {
            if (!flags.yes) await first.ask(`deploying stack ${paths.name}`);
          },
        },
      );
      return { result: deployment, text: renderGcpDeployment(deployment) };
    } finally {
      first.release();
      await sessions.close();
    }
  }
}
