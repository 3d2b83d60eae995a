import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { integerFlag } from '../config/flags.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { pathsOf, targetModules } from '../operator.ts';
import { systemClock } from '../runtime.ts';
import { followLogs, type LogLine, type LogSource } from '../services/stack/log-source.ts';
import { readState } from '../services/stack/state.ts';

export default class Logs extends BaseCommand<typeof Logs> {
  static override summary = 'the logs of the services';
  static override examples = [
    '<%= config.bin %> <%= command.id %> a',
    '<%= config.bin %> <%= command.id %> b --follow',
    '<%= config.bin %> <%= command.id %> b --requests --lines 5',
  ];
  static override args = {
    service: Args.option({
      description: 'whose logs; all when left out',
      options: ['a', 'b', 'proxy', 'engine'] as const,
    })(),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on with what is written, until Ctrl-C' }),
    lines: integerFlag({
      char: 'n',
      description: 'how many of the last lines of each log',
      default: 20,
      min: 0,
      max: 100_000,
    }),
    requests: Flags.boolean({
      description: 'the request logs (one JSON line per request) instead of the process logs',
    }),
  };

  protected async perform({ emit, signal, releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    await releaseTerminal();
    // The reporter is closed: lines of logs and a live view do not go together.
    const say: typeof emit = (event) => {
      emit(event);
      if (event.type === 'note' && !flags.json) process.stderr.write(`${event.text}\n`);
    };
    const paths = pathsOf(this.stack);
    // Logs are wanted most when something is broken, also the state file.
    const state = await readState(paths.state).catch(() => undefined);
    const modules = targetModules(paths);
    const find = async (): Promise<LogSource[]> => {
      const kind = flags.requests ? 'requests' : 'process';
      const of = modules.filter(({ name, sweepsUnasked }) => sweepsUnasked || state?.targets[name] !== undefined);
      const found = of.map(async (module) =>
        module.logs?.(state?.targets[module.name], this.args.service, kind, { emit: say, signal }),
      );
      return (await Promise.all(found)).flatMap((sources) => sources ?? []);
    };
    const sources = await find();
    if (sources.length === 0) {
      throw new RemedyError(
        `there are no ${flags.requests ? 'request ' : ''}logs of ${this.args.service ?? 'any service'} in ${paths.logs}`,
        {
          code: 'no-logs',
          exit: ExitCode.configuration,
          nextSteps: [
            'see what is deployed, and where: chainctl status',
            'deploy first: chainctl deploy local|host|aws|gcp, or name another stack with --stack',
          ],
        },
      );
    }
    const several = sources.length > 1;
    const width = Math.max(8, ...sources.map(({ source }) => source.length));
    const format = ({ source, line }: LogLine) => (several ? `${source.padEnd(width)} ${line}` : line);
    const tails = await Promise.all(sources.map((source) => source.tail(flags.lines)));
    if (!flags.follow) return { result: { lines: tails.flat() }, text: tails.flat().map(format).join('\n') };
    const print = (line: LogLine) => process.stdout.write(`${flags.json ? JSON.stringify(line) : format(line)}\n`);
    tails.flat().forEach(print);
    await followLogs(sources, find, print, systemClock, signal);
    return { result: { followed: sources.map(({ source }) => source) } };
  }
}
