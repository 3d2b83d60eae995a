import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { teardownHost } from '../services/host/teardown.ts';
import { localStatus } from '../services/local/status.ts';
import { teardownLocal } from '../services/local/teardown.ts';
import type { StackPaths } from '../services/stack/paths.ts';
import { leftoversError } from '../services/stack/teardown.ts';
import { hostDeps, pathsOf, processDeps, stackDeps } from '../surroundings.ts';
import { confirmByTyping } from '../ui/prompt.ts';
import { renderTeardown } from '../ui/render-stack.ts';

export default class Teardown extends BaseCommand<typeof Teardown> {
  static override summary = 'take a stack down: stop what was started, verify that it is gone';
  static override description =
    `Stops exactly what belongs to the stack: a process whose identity does not match its record is left alone.
Works with the state file lost. Logs and results stay. Exits 7 when something is left.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> local --yes',
    '<%= config.bin %> <%= command.id %> --stack default',
  ];
  static override args = {
    target: Args.option({ description: 'what to take down', options: ['local', 'host'] as const })(),
  };
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: "do not ask to retype the stack's name" }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const paths = pathsOf(this.stack);
    if (this.args.target === 'host') return this.performHost(paths, { emit, signal, terminal });
    const deps = { ...(await stackDeps(emit, signal)), processes: processDeps(paths) };
    const status = await localStatus(paths, deps.processes).catch(() => 'unreadable' as const);
    if (status !== undefined && !this.flags.yes) await this.confirm(paths.name, terminal.canPrompt, signal);
    const report = await teardownLocal(paths, deps);
    if (report.leftovers.length > 0 && !this.flags.json) throw leftoversError(report);
    const exit = report.leftovers.length > 0 ? ExitCode.leftovers : ExitCode.ok;
    return { result: report, text: renderTeardown(report, paths.logs), exit };
  }

  private async performHost(
    paths: StackPaths,
    { emit, signal, terminal }: Pick<CommandContext, 'emit' | 'signal' | 'terminal'>,
  ): Promise<CommandOutcome> {
    const deps = { ...(await stackDeps(emit, signal)), ...(await hostDeps()) };
    if (!this.flags.yes) await this.confirm(paths.name, terminal.canPrompt, signal);
    const report = await teardownHost(paths, deps);
    if (report.leftovers.length > 0 && !this.flags.json) throw leftoversError(report);
    const exit = report.leftovers.length > 0 ? ExitCode.leftovers : ExitCode.ok;
    return { result: report, text: renderTeardown(report, paths.logs), exit };
  }

  private async confirm(name: string, canPrompt: boolean, signal: AbortSignal): Promise<void> {
    if (!canPrompt) {
      throw new RemedyError(`teardown of stack ${name} needs a confirmation, and there is no terminal to ask at`, {
        code: 'confirmation',
        exit: ExitCode.usage,
        nextSteps: ['add --yes'],
      });
    }
    const streams = { input: process.stdin, output: process.stderr };
    const question = `This stops everything of stack ${name}.`;
    if (await confirmByTyping(name, question, streams, signal)) return;
    throw new RemedyError('nothing was changed: the name did not match', {
      code: 'confirmation',
      exit: ExitCode.usage,
      nextSteps: [`type ${name}, or add --yes`],
    });
  }
}
