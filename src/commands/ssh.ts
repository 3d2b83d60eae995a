import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { pathsOf } from '../operator.ts';
import { readState } from '../services/stack/state.ts';
import { sshCommand } from '../services/targets/aws/ssh-command.ts';
import { computeOf } from '../services/targets/gcp/connect.ts';
import { gcpFlags } from '../services/targets/gcp/flags.ts';
import { recordedRequest } from '../services/targets/gcp/guards.ts';
import { sshCommandB } from '../services/targets/gcp/ssh-command.ts';
import { chooseVm, listVms } from '../services/targets/gcp/vms.ts';
import { renderVms } from '../ui/render-vms.ts';

export default class Ssh extends BaseCommand<typeof Ssh> {
  static override summary = "log in to a service's VM with the stack's key; the host key is pinned";
  static override description = `Runs the system's own ssh. What stands after -- is run there instead of a shell.
The exit code is that of the remote command. Of B's VMs it is the newest that runs, unless one is named.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> a',
    '<%= config.bin %> <%= command.id %> a -- sudo docker ps',
    '<%= config.bin %> <%= command.id %> b --list',
    '<%= config.bin %> <%= command.id %> b x7kq -- sudo docker ps',
  ];
  static override args = {
    service: Args.option({ description: 'whose VM', options: ['a', 'b'] as const })({ required: true }),
    instance: Args.string({ description: "which of B's VMs: its name, or the end of it" }),
  };
  static override flags = {
    ...gcpFlags,
    list: Flags.boolean({ description: "show B's VMs, and log in to none" }),
  };

  #remote: readonly string[] = [];

  override async run(): Promise<void> {
    // The remote command's words are not the arguments of this one.
    const end = this.argv.indexOf('--');
    if (end >= 0) {
      this.#remote = this.argv.slice(end + 1);
      this.argv = this.argv.slice(0, end);
    }
    await super.run();
  }

  protected async perform({ signal, releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const { service, instance } = this.args;
    if (service === 'a' && (instance !== undefined || this.flags.list)) {
      throw new RemedyError('service A has one VM: there is nothing to choose', {
        code: 'usage',
        exit: ExitCode.usage,
        nextSteps: ['log in: chainctl ssh a', 'run a command there: chainctl ssh a -- COMMAND'],
      });
    }
    const paths = pathsOf(this.stack);
    let words: string[];
    if (service === 'a') {
      words = await sshCommand(paths, (await readState(paths.state))?.targets.aws);
    } else {
      const { compute } = await computeOf(this.flags, paths);
      const vms = await listVms(compute, paths.name, signal);
      if (this.flags.list) return { result: { vms }, text: renderVms(vms) };
      // The VMs are found by their labels, whatever became of the record.
      const state = await readState(paths.state).catch(() => undefined);
      const request = recordedRequest(state?.targets.gcp?.request);
      words = await sshCommandB(chooseVm(vms, instance, paths.name), { compute, paths, request });
    }
    await releaseTerminal();
    const child = spawn('ssh', [...words, ...this.#remote], { stdio: 'inherit' });
    const [code] = await once(child, 'exit').catch((error: unknown) => {
      throw new RemedyError('the program ssh cannot be run', {
        code: 'no-ssh',
        exit: ExitCode.configuration,
        cause: error,
        nextSteps: ['install an OpenSSH client'],
      });
    });
    return { result: { code }, exit: (code ?? ExitCode.interrupted) as ExitCode };
  }
}
