import { Args, Flags } from '@oclif/core';
import { BaseCommand, type CommandContext, type CommandOutcome } from '../base-command.ts';
import { integerFlag } from '../config/flags.ts';
import { ExitCode, RemedyError } from '../errors.ts';
import { systemClock } from '../runtime.ts';
import { findLogs, followLogs, type LogLine, LogReader } from '../services/local/logs.ts';
import { pathsOf } from '../surroundings.ts';

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

  protected async perform({ signal, releaseTerminal }: CommandContext): Promise<CommandOutcome> {
    const { flags } = this;
    await releaseTerminal();
    const paths = pathsOf(this.stack);
    const find = () => findLogs(paths.logs, this.args.service, flags.requests ? 'requests' : 'process');
    const files = await find();
    if (files.length === 0) {
      throw new RemedyError(
        `there are no ${flags.requests ? 'request ' : ''}logs of ${this.args.service ?? 'any service'} in ${paths.logs}`,
        {
          code: 'no-logs',
          exit: ExitCode.configuration,
          nextSteps: ['deploy first: chainctl deploy local', 'or name another stack with --stack'],
        },
      );
    }
    const several = files.length > 1;
    const format = ({ source, line }: LogLine) => (several ? `${source.padEnd(8)} ${line}` : line);
    const readers = new Map(files.map(({ source, path }) => [source, new LogReader(source, path)]));
    const tails = await Promise.all([...readers.values()].map((reader) => reader.tail(flags.lines)));
    if (!flags.follow) return { result: { lines: tails.flat() }, text: tails.flat().map(format).join('\n') };
    const print = (line: LogLine) => process.stdout.write(`${flags.json ? JSON.stringify(line) : format(line)}\n`);
    tails.flat().forEach(print);
    await followLogs(readers, find, print, systemClock, signal);
    return { result: { followed: files.map(({ source }) => source) } };
  }
}
