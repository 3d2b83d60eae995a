import { Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { placesFor } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { TOKEN_SECRET } from '../services/chain/token.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import { isUsed } from '../services/stack/places.ts';
import { secretPath } from '../services/stack/secrets.ts';
import { stackStatus } from '../services/stack/stack-status.ts';
import { flagsOver } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { entrancesOf } from '../services/workloads/entrances.ts';
import { renderStatus } from '../ui/render-stack.ts';

export default class Status extends BaseCommand<typeof Status> {
  static override summary = 'show what is deployed where, since when, its health and its addresses';
  static override description = `Inspects the processes themselves, not only their record.
With --refresh every resource is compared with its record. Exits 5 when something is not healthy.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --refresh',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override flags = {
    ...flagsOver(PROVIDERS, ({ placeFlags }) => placeFlags),
    refresh: Flags.boolean({ description: 'inspect every resource, and report what differs from its record' }),
  };

  protected async perform({ emit, signal }: CommandContext): Promise<CommandOutcome> {
    const { paths, places } = await placesFor(this.stack, PROVIDERS, this.flags, signal);
    await requireStack(paths, async () => (await Promise.all(places.map(isUsed))).includes(true));
    const deps = { clock: systemClock, emit, signal };
    const targets = await stackStatus(places, { refresh: this.flags.refresh }, deps);
    const healthy = targets.every((target) => target.healthy);
    const tokenFile = secretPath(paths, TOKEN_SECRET);
    const shown = targets.map((each) => ({
      ...each,
      entrances: entrancesOf(each.endpoints),
      ...(each.auth === 'token' ? { tokenFile } : {}),
    }));
    return {
      result: { stack: paths.name, targets: shown },
      text: renderStatus(paths.name, targets, undefined, tokenFile),
      exit: healthy ? ExitCode.ok : ExitCode.unhealthy,
    };
  }
}
