import { Flags } from '@oclif/core';
import { createdByOf } from '../../aws-surroundings.ts';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { durationFlag, integerFlag, modelFlag, numberFlag } from '../../config/flags.ts';
import { autoscaleFlag, gcpOnlyFlags, machineTypeFlag, zonesFlag } from '../../config/gcp-flags.ts';
import { computeOf, gcpEndpoint } from '../../gcp-surroundings.ts';
import { makeToken, TOKEN_SECRET } from '../../services/chain/token.ts';
import { bootOf, bootTarget } from '../../services/gcp/boot/boot.ts';
import { deployGcp } from '../../services/gcp/deploy.ts';
import { httpProbe } from '../../services/gcp/probe.ts';
import { checkRequest, DEFAULT_DISK_GB, type GcpRequest } from '../../services/gcp/request.ts';
import { HostSessions } from '../../services/host/sessions.ts';
import { operatorAddress } from '../../services/stack/operator-address.ts';
import { ensureSecret, readSecret } from '../../services/stack/secrets.ts';
import { hostDeps, pathsOf, stackDeps } from '../../surroundings.ts';
import { confirmFirst } from '../../ui/confirm-first.ts';
import { formatPlan } from '../../ui/format/plan.ts';
import { renderGcpDeployment } from '../../ui/render-gcp.ts';

const HOUR = 3600;

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
    zones: zonesFlag,
    type: machineTypeFlag,
    'region-wide': Flags.boolean({ description: 'spread the group over the zones of the region' }),
    network: Flags.string({ description: 'network of the VMs', default: 'default', env: 'CHAINCTL_GCP_NETWORK' }),
    subnet: Flags.string({
      description: "subnet of the VMs [default: the network's own in the region]",
      env: 'CHAINCTL_GCP_SUBNET',
    }),
    'disk-gb': integerFlag({ description: "size of each VM's disk", default: DEFAULT_DISK_GB, min: 10, max: 1000 }),
    min: integerFlag({ description: 'smallest size of the group', default: 1, min: 1, max: 100 }),
    max: integerFlag({ description: 'largest size of the group', default: 3, min: 1, max: 100 }),
    autoscale: autoscaleFlag({
      description: 'what the size follows: CPU of the VMs, or use of --rate-per-vm',
      default: { signal: 'cpu', target: 0.6 },
      defaultHelp: async () => 'cpu=0.6',
    }),
    'rate-per-vm': numberFlag({ description: 'requests per second that a VM is meant to take', default: 1, min: 0.01 }),
    'cool-down': durationFlag({ description: "time in which a new VM's CPU does not count", default: 60, max: HOUR }),
    'request-timeout': durationFlag({
      description: 'within which B must have answered',
      default: 180,
      min: 1,
      max: HOUR,
      env: 'CHAINCTL_REQUEST_TIMEOUT',
    }),
    'ready-timeout': durationFlag({ description: 'within which a VM must serve [default: by what it boots from]' }),
    ttl: durationFlag({
      description: 'each VM ends itself after this time, and the group makes another one: no bound on the cost',
      helpValue: '4h',
      min: 600,
      max: 30 * 24 * HOUR,
      env: 'CHAINCTL_TTL',
    }),
    'operator-address': Flags.string({
      description: 'your public address, for SSH [default: what checkip.amazonaws.com sees]',
      helpValue: 'CIDR',
      env: 'CHAINCTL_OPERATOR_ADDRESS',
    }),
    'model-b': modelFlag({ description: "B's model", default: 'phi3:mini', env: 'CHAINCTL_MODEL_B' }),
    'min-process-seconds': durationFlag({
      description: "least time of an answer of B [default: the service's own, 5s]",
    }),
    'ollama-image': Flags.string({
      description: "the engine's image, instead of the version that chainctl was tested with",
      helpValue: 'IMAGE',
      env: 'CHAINCTL_OLLAMA_IMAGE',
    }),
    bake: Flags.boolean({
      description: 'boot from an image of its own, which is made first; otherwise each VM downloads everything',
      default: true,
      allowNo: true,
    }),
    auth: Flags.option({
      description: 'whether B requires the bearer token of the stack',
      options: ['token', 'none'] as const,
      default: 'token',
      env: 'CHAINCTL_AUTH',
    })(),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before the first change' }),
    'dry-run': Flags.boolean({ description: 'show the plan and the cost, and change nothing' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const paths = pathsOf(this.stack);
    const [{ compute, zones }, address] = await Promise.all([
      computeOf(flags, paths),
      operatorAddress({ given: flags['operator-address'], endpoint: gcpEndpoint(flags), fetch, signal }),
    ]);
    const request = checkRequest(this.requestOf({ project: compute.project, zones: [...zones], address }));
    const streams = { input: process.stdin, output: process.stderr };
    const first = confirmFirst({ emit, canPrompt: terminal.canPrompt, streams, signal });
    if (flags.yes || flags['dry-run']) first.release();
    const sessions = new HostSessions();
    try {
      const [stack, { templates }] = await Promise.all([stackDeps(first.emit, signal), hostDeps()]);
      const createdBy = createdByOf(stack);
      const deployment = await deployGcp(
        paths,
        request,
        { dryRun: flags['dry-run'] },
        {
          ...stack,
          ...{ compute, createdBy, probe: httpProbe },
          boot: (input) => bootOf(input, { compute, paths, templates, sessions }),
          bootTarget: bootTarget(compute, { stack: paths.name, createdBy }),
          token: (make) => (make ? ensureSecret(paths, TOKEN_SECRET, makeToken) : readSecret(paths, TOKEN_SECRET)),
          onAddress: (url) => first.emit({ type: 'note', level: 'info', text: `B will answer at ${url}` }),
          async confirm(changes) {
            if (!flags.yes) await first.ask(formatPlan(changes), `deploying stack ${paths.name}`);
          },
        },
      );
      return { result: deployment, text: renderGcpDeployment(deployment) };
    } finally {
      first.release();
      await sessions.close();
    }
  }

  private requestOf(found: { readonly project: string; zones: string[]; readonly address: string }): GcpRequest {
    const { flags } = this;
    return {
      project: found.project,
      zones: found.zones,
      regionWide: flags['region-wide'],
      type: flags.type,
      diskGb: flags['disk-gb'],
      network: flags.network,
      subnet: flags.subnet,
      min: flags.min,
      max: flags.max,
      autoscale: flags.autoscale,
      ratePerInstance: flags['rate-per-vm'],
      coolDownSeconds: Math.round(flags['cool-down']),
      requestSeconds: Math.ceil(flags['request-timeout']),
      readySeconds: flags['ready-timeout'],
      ttlSeconds: flags.ttl,
      operatorAddress: found.address,
      modelB: flags['model-b'],
      minProcessSeconds: flags['min-process-seconds'],
      ollamaImage: flags['ollama-image'],
      bake: flags.bake,
      auth: flags.auth,
    };
  }
}
