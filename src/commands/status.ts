import { BaseCommand, type CommandOutcome } from '../base-command.ts';
import { ExitCode } from '../errors.ts';
import { localStatus } from '../services/local/status.ts';
import { pathsOf, processDeps } from '../surroundings.ts';
import { renderStatus } from '../ui/render-stack.ts';

export default class Status extends BaseCommand<typeof Status> {
  static override summary = 'what is deployed where, since when, whether it is healthy, and where it answers';
  static override description =
    'Looks at the processes themselves, not only at what was recorded. Exits 5 when something is not healthy.';
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json'];

  protected async perform(): Promise<CommandOutcome> {
    const paths = pathsOf(this.stack);
    const local = await localStatus(paths, processDeps(paths));
    const targets = local === undefined ? [] : [local];
    const healthy = targets.every((target) => target.healthy);
    return {
      result: { stack: paths.name, targets },
      text: renderStatus(paths.name, targets),
      exit: healthy ? ExitCode.ok : ExitCode.unhealthy,
    };
  }
}
