import { Args } from '@oclif/core';
import { BaseCommand, type CommandOutcome } from '../base-command.ts';
import { completionScript, SHELLS } from '../config/completion.ts';

export default class Completion extends BaseCommand<typeof Completion> {
  static override summary = 'print a script that completes commands, flags and values in a shell';
  static override description = 'Load it where your shell starts: see the examples.';
  static override examples = [
    { description: 'Bash, in ~/.bashrc', command: 'source <(<%= config.bin %> completion bash)' },
    { description: 'Zsh, in ~/.zshrc', command: 'source <(<%= config.bin %> completion zsh)' },
    {
      description: 'fish, once',
      command: '<%= config.bin %> completion fish > ~/.config/fish/completions/chainctl.fish',
    },
  ];
  static override args = {
    shell: Args.option({ options: SHELLS, description: 'the shell' })({ required: true }),
  };

  protected async perform(): Promise<CommandOutcome> {
    const text = await completionScript(this.args.shell, this.config.commands);
    return { result: { shell: this.args.shell, script: text }, text, isDocument: true };
  }
}
