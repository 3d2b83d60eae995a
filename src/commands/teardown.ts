import { existsSync } from 'node:fs';
import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { placesFor, stackDeps } from '../operator.ts';
import { keptData } from '../services/stack/kept-data.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import { isUsed } from '../services/stack/places.ts';
import { readState } from '../services/stack/state.ts';
import { leftoversError, placesToTearDown, teardownStack } from '../services/stack/teardown.ts';
import { flagsOver } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { confirmStack } from '../ui/confirm.ts';
import { renderTeardown } from '../ui/render-stack.ts';

const ALL = 'all';

export default class Teardown extends BaseCommand<typeof Teardown> {
  static override summary = 'take a stack down: stop what was started, verify that it is gone';
  static override description =
    `Stops exactly what belongs to the stack: a process whose identity does not match its record is left alone.
Works with the state file lost. Logs and results stay, and conversations of this machine, unless --delete-history. Exits 7 when something is left.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> local --yes',
    '<%= config.bin %> <%= command.id %> --stack default',
    '<%= config.bin %> <%= command.id %> local --delete-history --yes',
  ];
  static override args = {
    place: Args.option({
      description: 'place to take down [default: everything that the stack has]',
      options: [...PROVIDERS.map(({ name }) => name), ALL],
    })(),
  };
  static override flags = {
    ...flagsOver(PROVIDERS, ({ placeFlags }) => placeFlags),
    'delete-history': Flags.boolean({
      description: 'delete the conversations and vectors, too, that services of this machine keep beside their logs',
    }),
    yes: Flags.boolean({ char: 'y', description: "do not ask to retype the stack's name" }),
  };

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const { emit, signal } = context;
    const { place: named = ALL } = this.args;
    const { paths, places: known } = await placesFor(this.stack, PROVIDERS, this.flags, signal, { damaged: true });
    const places =
      named === ALL ? await placesToTearDown(known) : known.filter(({ provider }) => provider.name === named);
    // What costs money is looked for by its marks, whatever this machine knows.
    const looks = await Promise.all(places.map(async (place) => place.provider.billed || isUsed(place)));
    await requireStack(paths, async () => looks.includes(true));
    if (!this.flags.yes && looks.includes(true)) {
      const question = `This removes everything of stack ${paths.name} (${places.map(({ provider }) => provider.name).join(', ')}).`;
      await confirmStack(paths.name, 'teardown', question, context);
    }
    const reports = await teardownStack(paths, places, await stackDeps(emit, signal));
    const left = reports.find(({ leftovers }) => leftovers.length > 0);
    if (left !== undefined && !this.flags.json) throw leftoversError(left, paths.name);
    const stillUp = Object.keys((await readState(paths.state).catch(() => undefined))?.targets ?? {});
    // What still runs on this machine has them open.
    const inUse = known.some(({ provider }) => provider.here === true && stillUp.includes(provider.name));
    const kept = await keptData(paths.logs, { remove: this.flags['delete-history'], inUse, emit });
    const billed = (name: string) => known.some(({ provider }) => provider.name === name && provider.billed);
    return {
      result: { stack: paths.name, targets: reports, stillUp, kept },
      text: renderTeardown(reports, {
        stack: paths.name,
        logs: existsSync(paths.logs) ? paths.logs : undefined,
        kept,
        stillUp: stillUp.map((name) => ({ name, billed: billed(name) })),
      }),
      exit: left === undefined ? ExitCode.ok : ExitCode.leftovers,
    };
  }
}
