import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../../base-command.ts';
import { durationFlag, modelFlag, urlFlag } from '../../config/flags.ts';
import { refuseForeignTuning, tuningFlags, tuningOf } from '../../config/tuning-flags.ts';
import { hostDeps, knownHosts, pathsOf, stackDeps } from '../../operator.ts';
import { serviceBase } from '../../services/chain/urls.ts';
import { deployHost, type HostRequest } from '../../services/targets/host/deploy.ts';
import { parseSshAddress } from '../../services/targets/host/ssh-address.ts';
import { askForYes } from '../../ui/prompt.ts';
import { renderHostDeployment } from '../../ui/render-stack.ts';

const DEFAULT_MODELS = { a: 'tinyllama', b: 'phi3:mini' } as const;

export default class DeployHost extends BaseCommand<typeof DeployHost> {
  static override summary = 'bring A or B up on a Linux machine that you reach over SSH';
  static override description =
    `Installs Docker and Compose where they are missing, builds the service there, pulls the model, and waits for one real answer.
The user must be root or allowed to use sudo without a password. The machine's firewall is left as it is.
Run it again to change what differs: only the service's container is replaced. "chainctl teardown host" takes it off again.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --ssh ubuntu@192.0.2.10 --service b',
    '<%= config.bin %> <%= command.id %> --ssh ubuntu@192.0.2.11:2222 --identity ~/.ssh/id_ed25519 --b-url http://192.0.2.10:8002',
    '<%= config.bin %> <%= command.id %> --ssh root@192.0.2.12 --host-key SHA256:... --dry-run --json',
  ];
  static override flags = {
    ssh: Flags.string({
      description: 'the machine',
      helpValue: 'USER@ADDRESS[:PORT]',
      required: true,
      env: 'CHAINCTL_SSH',
    }),
    service: Flags.option({
      description: 'which service it gets',
      options: ['a', 'b'] as const,
      default: 'a',
      env: 'CHAINCTL_SERVICE',
    })(),
    identity: Flags.string({
      description: 'private key without a passphrase [default: the SSH agent]',
      helpValue: 'FILE',
      env: 'CHAINCTL_IDENTITY',
    }),
    model: modelFlag({ description: `the model [default: ${DEFAULT_MODELS.a} for A, ${DEFAULT_MODELS.b} for B]` }),
    'b-url': urlFlag({
      description: "B's address, for A [default: this stack's B, else one on the same machine]",
      env: 'CHAINCTL_B_URL',
    }),
    'min-process-seconds': durationFlag({
      description: 'B never answers earlier than this [default: 5 s]',
      helpValue: '5s',
      min: 0,
      max: 3600,
      env: 'CHAINCTL_MIN_PROCESS_SECONDS',
    }),
    ...tuningFlags,
    'ollama-image': Flags.string({
      description: "the engine's image, instead of the version that chainctl was tested with",
      helpValue: 'IMAGE',
      env: 'CHAINCTL_OLLAMA_IMAGE',
    }),
    auth: Flags.option({
      description: 'token: the service refuses who does not send the token of the stack; smoke and load send it',
      options: ['token', 'none'] as const,
      default: 'token',
      env: 'CHAINCTL_AUTH',
    })(),
    'host-key': Flags.string({
      description: "fingerprint of the machine's host key, as ssh-keygen -l shows it",
      helpValue: 'SHA256:...',
      exclusive: ['accept-new-host-key'],
    }),
    'accept-new-host-key': Flags.boolean({
      description: 'take the host key of a machine seen for the first time unseen',
    }),
    'dry-run': Flags.boolean({ description: 'show the plan and change nothing' }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    const bUrl = flags['b-url'];
    refuseForeignTuning(flags, flags.service);
    const request: HostRequest = {
      service: flags.service,
      ssh: parseSshAddress(flags.ssh),
      identity: flags.identity === undefined ? undefined : resolve(flags.identity),
      model: flags.model ?? DEFAULT_MODELS[flags.service],
      bUrl: bUrl === undefined ? undefined : serviceBase(bUrl),
      minProcessSeconds: flags.service === 'b' ? (flags['min-process-seconds'] ?? 5) : undefined,
      ollamaImage: flags['ollama-image'],
      tuning: tuningOf(flags, flags.service),
      auth: flags.auth,
    };
    const trust = {
      knownHosts: await knownHosts(),
      expectedFingerprint: flags['host-key'],
      acceptNew: flags['accept-new-host-key'],
      async ask(where: string, fingerprint: string) {
        if (!terminal.canPrompt) return false;
        const streams = { input: process.stdin, output: process.stderr };
        return askForYes(`The host key of ${where} is not known yet: ${fingerprint}. Is it right?`, streams, signal);
      },
    };
    const [stack, host] = await Promise.all([stackDeps(emit, signal), hostDeps()]);
    const deployment = await deployHost(
      pathsOf(this.stack),
      request,
      { dryRun: flags['dry-run'] },
      { ...stack, ...host, trust },
    );
    return { result: deployment, text: renderHostDeployment(deployment) };
  }
}
