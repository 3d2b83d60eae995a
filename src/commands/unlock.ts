import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { pathsOf, stackDeps } from '../operator.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import { breakLock } from '../services/stack/lock.ts';
import { inspectLock, type LockView } from '../services/stack/lock-holder.ts';
import { confirmStack } from '../ui/confirm.ts';

export default class Unlock extends BaseCommand<typeof Unlock> {
  static override summary = "release a stack's stale lock";
  static override description = `Shows who holds the lock, and asks to retype the stack's name.
After a command has ended on this machine, no unlock is needed: the next command takes its lock over.
A running command keeps its lock. With --force it loses it, and stops at its next write.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --stack demo --yes',
  ];
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: "do not ask to retype the stack's name" }),
    force: Flags.boolean({ description: 'release it even if the command that holds it is running' }),
  };

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const { emit, signal } = context;
    const paths = pathsOf(this.stack);
    await requireStack(paths);
    const { lock, name } = paths;
    const deps = await stackDeps(emit, signal);
    const view = await inspectLock(lock, deps);
    if (view === undefined) return { result: { stack: name, unlocked: false }, text: `Stack ${name} is not locked.` };
    emit({ type: 'note', level: 'info', text: `held by ${view.who}; ${stateOf(view)}` });
    // Refused before the operator has typed anything.
    const refusable = view.verdict === 'alive' || view.verdict === 'beating';
    if (!this.flags.yes && (this.flags.force || !refusable)) {
      const question = `This releases the lock of stack ${name}, held by ${view.who}.`;
      await confirmStack(name, 'unlock', question, context);
    }
    await breakLock(lock, view, this.flags.force, deps);
    return {
      result: { stack: name, unlocked: true, holder: view.holder ?? null },
      text: `Stack ${name} is unlocked. The next command goes on from where the last one stopped.`,
    };
  }
}

function stateOf({ verdict, quiet }: LockView): string {
  const states: Readonly<Record<LockView['verdict'], string>> = {
    alive: 'its process runs on this machine',
    dead: 'its process has ended',
    beating: `last sign of life ${quiet} ago`,
    silent: `no sign of life for ${quiet}`,
    damaged: 'the lock file is damaged',
  };
  return states[verdict];
}
