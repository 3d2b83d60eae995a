import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Args } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { sshCommand } from '../services/aws/ssh-command.ts';
import { readState } from '../services/stack/state.ts';
import { pathsOf } from '../surroundings.ts';

export default class Ssh extends BaseCommand<typeof Ssh> {
  static override summary = "log in to a service's VM with the stack's key; the host key is pinned";
  static override description = `Runs the system's own ssh. What stands after -- is run there instead of a shell.
The exit code is that of the remote command.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> a',
    '<%= config.bin %> <%= command.id %> a -- sudo docker ps',
  ];
  static override args = {
    service: Args.option({ description: 'whose VM', options: ['a'] as const })({ required: true }),
  };
  static override strict = false;

  protected async perform({ releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const paths = pathsOf(this.stack);
    const remote = this.argv.includes('--') ? this.argv.slice(this.argv.indexOf('--') + 1) : [];
    const words = await sshCommand(paths, (await readState(paths.state))?.targets.aws);
    await releaseTerminal();
    const child = spawn('ssh', [...words, ...remote], { stdio: 'inherit' });
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
