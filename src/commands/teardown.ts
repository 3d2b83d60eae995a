import { existsSync } from 'node:fs';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { pathsOf, stackDeps, TARGETS, targetModules } from '../operator.ts';
import { targetsToTearDown, teardownStack } from '../services/stack/stack-teardown.ts';
import { readState } from '../services/stack/state.ts';
import type { TargetModule } from '../services/stack/target-module.ts';
import { leftoversError } from '../services/stack/teardown.ts';
import { awsFlags } from '../services/targets/aws/flags.ts';
import { gcpFlags } from '../services/targets/gcp/flags.ts';
import { confirmStack } from '../ui/confirm.ts';
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
    target: Args.option({
      description: 'what to take down; all that the stack has when left out',
      options: [...TARGETS, 'all'] as const,
    })(),
  };
  static override flags = {
    ...awsFlags,
    ...gcpFlags,
    yes: Flags.boolean({ char: 'y', description: "do not ask to retype the stack's name" }),
  };

  protected async perform({ emit, signal, terminal }: CommandContext): Promise<CommandOutcome> {
    const { target = 'all' } = this.args;
    const paths = pathsOf(this.stack);
    const known = targetModules(paths, this.flags);
    const modules =
      target === 'all' ? await targetsToTearDown(paths, known) : known.filter(({ name }) => name === target);
    if (!this.flags.yes && (await this.mayDestroy(modules, signal))) {
      const question = `This removes everything of stack ${paths.name} (${modules.map(({ name }) => name).join(', ')}).`;
      await confirmStack(paths.name, { what: 'teardown', question }, terminal.canPrompt, signal);
    }
    const reports = await teardownStack(paths, modules, await stackDeps(emit, signal));
    const left = reports.find(({ leftovers }) => leftovers.length > 0);
    if (left !== undefined && !this.flags.json) throw leftoversError(left);
    const stillUp = Object.keys((await readState(paths.state).catch(() => undefined))?.targets ?? {});
    return {
      result: { stack: paths.name, targets: reports, stillUp },
      text: renderTeardown(reports, existsSync(paths.logs) ? paths.logs : undefined, stillUp),
      exit: left === undefined ? ExitCode.ok : ExitCode.leftovers,
    };
  }

  /** Nothing to ask about where a look that costs nothing has found nothing. */
  private async mayDestroy(modules: readonly TargetModule[], signal: AbortSignal): Promise<boolean> {
    const state = await readState(pathsOf(this.stack).state).catch(() => 'unreadable' as const);
    if (state === 'unreadable') return true;
    for (const module of modules) {
      if (!module.sweepsUnasked || (await module.status(state?.targets[module.name], signal)) !== undefined)
        return true;
    }
    return false;
  }
}
