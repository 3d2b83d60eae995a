import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { pathsOf, stackDeps, thisOperator } from '../operator.ts';
import { type Found, findGarbage, type Removed, removeAll } from '../services/gc/collect.ts';
import { placesOf } from '../services/stack/places.ts';
import { type FlagsOf, flagsOver, ownValues } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { confirmYes } from '../ui/confirm.ts';
import { renderCollected, renderUnseen } from '../ui/render-garbage.ts';

const CLOUDS = PROVIDERS.filter(({ billed }) => billed);
const flagsOf: FlagsOf = ({ placeFlags }) => placeFlags;

export default class Gc extends BaseCommand<typeof Gc> {
  static override summary = 'find and remove what chainctl has left in clouds';
  static override description =
    `Lists what carries chainctl's tag or marker and belongs to a stack that has expired or that this machine does not know.
Without an argument it checks every cloud that has credentials here, and names those that it could not check.
What others made in the same account is listed, and removed only with --others. Nothing without the tag is touched.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --dry-run',
    ...CLOUDS.map(({ name }) => `<%= config.bin %> <%= command.id %> ${name} --yes`),
  ];
  static override args = {
    cloud: Args.option({
      description: 'cloud to check [default: every one that has credentials here]',
      options: CLOUDS.map(({ name }) => name),
    })(),
  };
  static override flags = {
    ...flagsOver(CLOUDS, flagsOf),
    others: Flags.boolean({ description: 'remove what other operators made, too' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before removing' }),
    'dry-run': Flags.boolean({ description: 'list, and remove nothing' }),
  };

  protected async perform(context: CommandContext): Promise<CommandOutcome> {
    const { emit, signal } = context;
    const { flags } = this;
    const { cloud } = this.args;
    const operator = thisOperator();
    const deps = await stackDeps(emit, signal);
    const clouds = CLOUDS.filter(({ name }) => cloud === undefined || name === cloud);
    const valuesOf = (provider: (typeof CLOUDS)[number]) => ownValues(flags, provider, CLOUDS, flagsOf);
    const places = placesOf(clouds, undefined, { paths: pathsOf(this.stack), operator, signal, flagsOf: valuesOf });
    const { found, unseen } = await findGarbage(operator.home, places, { named: cloud !== undefined }, deps);
    for (const text of renderUnseen(unseen)) emit({ type: 'note', level: 'warn', text });
    const chosen = found.flatMap((each) =>
      each.garbage.filter(({ foreign }) => flags.others || !foreign).map((garbage) => ({ at: each, garbage })),
    );
    const removed: Removed[] = [];
    if (!flags['dry-run'] && chosen.length > 0) {
      const names = chosen.map(({ garbage }) => garbage.stack).join(', ');
      if (!flags.yes) await confirmYes(`removing ${names}`, [renderCollected(found, [])], context);
      removed.push(...(await removeAll(operator.home, chosen, deps)));
    }
    const perCloud = found.map((each) => ({
      ...each.where,
      garbage: each.garbage,
      reports: removed.filter(({ at }) => at === each).map(({ garbage: { stack }, report }) => ({ stack, report })),
    }));
    const targets = found.map(({ place }, index) => ({ target: place.provider.name, ...perCloud[index] }));
    return {
      result: cloud === undefined ? { clouds: targets, unseen } : perCloud[0],
      text: renderCollected(found, removed),
      exit: exitOf(found, removed),
    };
  }
}

/** Where nothing could be looked at, nothing is known to be clean. */
function exitOf(found: readonly Found[], removed: readonly Removed[]): ExitCode {
  if (removed.some(({ report }) => report.leftovers.length > 0)) return ExitCode.leftovers;
  return found.length === 0 ? ExitCode.configuration : ExitCode.ok;
}
