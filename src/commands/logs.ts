import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { integerFlag } from '../config/flags.ts';
import { placesFor } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { requireStack } from '../services/stack/known-stack.ts';
import type { LogLine } from '../services/stack/log-source.ts';
import { openLogs } from '../services/stack/stack-logs.ts';
import { flagsOver } from '../services/targets/place-flags.ts';
import { PROVIDERS } from '../services/targets/providers.ts';
import { endOf } from '../ui/terminal.ts';

export default class Logs extends BaseCommand<typeof Logs> {
  static override summary = 'show the logs of the services';
  static override examples = [
    '<%= config.bin %> <%= command.id %> a',
    '<%= config.bin %> <%= command.id %> b --follow',
    '<%= config.bin %> <%= command.id %> b --requests --lines 5',
  ];
  static override args = {
    service: Args.string({
      description: 'whose logs: a service, or another process of the stack (proxy, engine); all when left out',
    }),
  };
  static override flags = {
    ...flagsOver(PROVIDERS, ({ placeFlags }) => placeFlags),
    follow: Flags.boolean({ char: 'f', description: 'follow the logs until Ctrl-C' }),
    lines: integerFlag({ description: 'last lines of each log, lines', char: 'n', default: 20, min: 0, max: 100_000 }),
    requests: Flags.boolean({ description: 'request logs (one JSON line per request) instead of the process logs' }),
  };

  protected async perform({ emit, signal, releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    // Lines of logs and a live view do not go together.
    await releaseTerminal();
    // Logs are wanted most when something is broken, also the state file.
    const { paths, places } = await placesFor(this.stack, PROVIDERS, flags, signal, { damaged: true });
    await requireStack(paths);
    const selection = { service: this.args.service, kind: flags.requests ? 'requests' : 'process' } as const;
    const context = { clock: systemClock, emit, signal: AbortSignal.any([signal, endOf(process.stdout)]) };
    const { sources, follow, close } = await openLogs(paths, places, selection, context);
    try {
      const several = sources.length > 1;
      const width = Math.max(8, ...sources.map(({ source }) => source.length));
      const format = ({ source, line }: LogLine) => (several ? `${source.padEnd(width)} ${line}` : line);
      const tails = (await Promise.all(sources.map((source) => source.tail(flags.lines)))).flat();
      if (!flags.follow) return { result: { lines: tails }, text: tails.map(format).join('\n') };
      const print = (line: LogLine) => process.stdout.write(`${flags.json ? JSON.stringify(line) : format(line)}\n`);
      tails.forEach(print);
      await follow(print);
      return { result: { followed: sources.map(({ source }) => source) } };
    } finally {
      await close();
    }
  }
}
