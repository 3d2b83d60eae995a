import { Command, Flags, type Interfaces } from '@oclif/core';
import { CONFIG_FILES, flagsFromFile, invalidConfig, readConfigFile, SHARED_SECTION } from './config/config-file.ts';
import { stackFlag } from './config/flags.ts';
import { formerFlags, formerVariables, type KnownFlags, provenanceOf } from './config/provenance.ts';
import { seeHelp, usageError } from './config/usage-error.ts';
import { ExitCode, RemedyError, reasonOf } from './errors.ts';
import type { Emit, Reporter } from './events.ts';
import { listenForInterrupt } from './interrupt.ts';
import { systemClock } from './runtime.ts';
import { createSweepControl, type SweepControl } from './services/load/sweep/sweep-control.ts';
import { stackOption } from './services/stack/stack-option.ts';
import type { Asking } from './ui/confirm.ts';
import { typedHere } from './ui/invoked-name.ts';
import { openReporter } from './ui/open-reporter.ts';
import { jsonText, showError } from './ui/render-error.ts';
import { surviveFailingStreams, terminalOf } from './ui/terminal.ts';

/** What a command hands back: data for `--json`, text for people, and an exit code when it is not plain success. */
export interface CommandOutcome {
  readonly result: unknown;
  /** Written to stdout as it is; left out with `--json`. */
  readonly text?: string;
  /** The text is a document of its own: its commands are records, and not to be typed here. */
  readonly isDocument?: boolean;
  readonly exit?: ExitCode;
}

/** What a command needs of its surroundings. */
export interface CommandContext extends Asking {
  readonly emit: Emit;
  /** What the operator asks of a running sweep by keys; a sweep that does not look at it is not offered them. */
  readonly sweepControl: SweepControl;
  /** Ends the live view for good, so that a prompt or a stream of lines can have the terminal. */
  releaseTerminal(): Promise<void>;
}

/** Parse, call, render: everything that all commands share stands here, so that a command is only those three steps. */
export abstract class BaseCommand<C extends typeof Command> extends Command {
  static override baseFlags = {
    json: Flags.boolean({
      description: 'print one JSON envelope on stdout, and events as JSON lines on stderr',
      helpGroup: 'GLOBAL',
    }),
    quiet: Flags.boolean({ char: 'q', description: 'no progress on stderr, only errors', helpGroup: 'GLOBAL' }),
    color: Flags.boolean({
      description: 'colours (also off with NO_COLOR or TERM=dumb)',
      default: true,
      allowNo: true,
      helpGroup: 'GLOBAL',
    }),
    debug: Flags.boolean({ description: 'show stack traces and where each setting comes from', helpGroup: 'GLOBAL' }),
    config: Flags.string({
      description: `configuration file [default: ${CONFIG_FILES.join(' or ')}, if present]`,
      env: 'CHAINCTL_CONFIG_FILE',
      helpValue: 'FILE',
      helpGroup: 'GLOBAL',
    }),
    stack: stackFlag({ description: 'name of the stack', env: 'CHAINCTL_STACK', helpGroup: 'GLOBAL' }),
  };

  protected flags!: Interfaces.InferredFlags<(typeof BaseCommand)['baseFlags'] & C['flags']>;
  protected args!: Interfaces.InferredArgs<C['args']>;
  /** Whether a flag stands on the command line: not in a variable or the configuration file, which many commands share. */
  protected isTyped: (flag: string) => boolean = () => false;

  /** The stack that a command means when none is named. */
  protected readonly defaultStack: string = 'default';

  /** What a command does with its work when it is interrupted, after "Stopping: ". */
  protected readonly stopping: string = 'finishing what is in flight';

  protected get stack(): string {
    return this.flags.stack ?? this.defaultStack;
  }

  protected abstract perform(context: CommandContext): Promise<CommandOutcome>;

  /** Makes the commands of a text ones that can be pasted where the person is. */
  private readonly typed = (text: string): string => typedHere(this.config.commandIDs)(text);

  async run(): Promise<void> {
    const warnings: string[] = [];
    let reporter: Reporter | undefined;
    const say = (text: string, level: 'info' | 'warn' = 'info'): void => {
      // Written past a live view, the line would be drawn over.
      if (reporter !== undefined) reporter.handle({ type: 'note', level, text: this.typed(text) });
      else process.stderr.write(`${this.typed(text)}\n`);
    };
    surviveFailingStreams(process.stdout, process.stderr);
    const { stopping } = this;
    const on = () => stackOption(this.flags?.stack ?? this.defaultStack);
    const interrupt = listenForInterrupt(process, say, { stopping, on }, systemClock.monotonic);
    const sweepControl = createSweepControl();
    const releaseTerminal = async () => {
      const open = reporter;
      reporter = undefined;
      await open?.close();
    };
    try {
      const { settings, renamed } = await this.readSettings();
      const { json, quiet, debug } = this.flags;
      const { canPrompt, canAnimate } = terminalOf(process, process.env);
      const keys = {
        operator: sweepControl,
        stdin: process.stdin,
        // The same listeners as for the signal, which raw mode keeps from coming.
        interrupt: () => void process.emit('SIGINT', 'SIGINT'),
      };
      const openOne = async () => {
        reporter = await openReporter({ json, quiet, canAnimate, keys });
      };
      await openOne();
      const aside = async <T>(question: () => Promise<T>) => {
        await releaseTerminal();
        return await question().finally(openOne);
      };
      const emit: Emit = (event) => {
        if (event.type === 'note' && event.level === 'warn') warnings.push(event.text);
        if (event.type === 'note' && (reporter !== undefined || !(json || quiet))) say(event.text, event.level);
        else reporter?.handle(event);
      };
      for (const text of renamed) emit({ type: 'note', level: 'warn', text });
      for (const text of debug ? settings : []) emit({ type: 'note', level: 'info', text: `setting ${text}` });
      const { signal } = interrupt;
      const outcome = await this.perform({ emit, signal, canPrompt, aside, sweepControl, releaseTerminal });
      await releaseTerminal();
      const { exit = ExitCode.ok, result, text, isDocument } = outcome;
      process.exitCode = exit;
      if (json) {
        const status = exit === ExitCode.ok ? 'ok' : 'failed';
        process.stdout.write(jsonText({ status, result, warnings }, this.typed));
      } else if (text !== undefined) {
        const shown = isDocument ? text : this.typed(text);
        process.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
      }
    } catch (thrown) {
      await releaseTerminal();
      showError(this.explain(thrown), this.argv, this.typed, warnings);
    } finally {
      interrupt.stop();
    }
  }

  /** Complaints about what was typed become usage errors. */
  private explain(thrown: unknown): unknown {
    if (!(thrown instanceof RemedyError) && !(thrown instanceof Error && 'oclif' in thrown)) return thrown;
    const flags = Object.keys({ ...BaseCommand.baseFlags, ...this.ctor.flags });
    const args = Object.keys(this.ctor.args);
    return usageError(thrown, { command: idWords(this.ctor.id), argv: this.argv, flags, args });
  }

  /** Said with this command's own warnings, see {@link readSettings}. */
  protected override warnIfFlagDeprecated(): void {}

  /**
   * Flags over `CHAINCTL_*` over the configuration file over defaults.
   *
   * @returns every setting with its provenance, and warnings of names that have changed
   */
  private async readSettings(): Promise<{ settings: string[]; renamed: string[] }> {
    const definition = this.ctor as typeof BaseCommand & C;
    const command = idWords(this.ctor.id);
    const known: KnownFlags = { ...BaseCommand.baseFlags, ...this.ctor.flags };
    const variables = formerVariables(known, process.env);
    for (const { variable, value } of variables) process.env[variable] = value;
    const typed = this.argv;
    const parsed = await this.parse(definition);
    const given: Readonly<Record<string, unknown>> = parsed.flags;
    const isTyped = (name: string) => parsed.raw.some((token) => token.type === 'flag' && token.flag === name);
    this.isTyped = isTyped;
    const isDefault = (name: string) =>
      given[name] === undefined || parsed.metadata.flags[name]?.setFromDefault === true;
    const file = await readConfigFile(given.config as string | undefined);
    const all = this.config.commands.map(({ id, flags }) => [idWords(id), flags]);
    const sections = { ...Object.fromEntries(all), [SHARED_SECTION]: BaseCommand.baseFlags, [command]: known };
    const fromFile = flagsFromFile(file.settings, command, sections, (name) => isDefault(name) && !isTyped(name));
    const argv = [...fromFile.map(({ argument }) => argument), ...typed];
    const settled =
      fromFile.length === 0
        ? parsed
        : await this.parse(definition, argv).catch((error: unknown) => {
            const culprit = fromFile.find(({ name }) => reasonOf(error).includes(`--${name}`));
            this.argv = typed;
            const explained = this.explain(error);
            const fault = explained instanceof RemedyError ? explained.message : reasonOf(explained);
            throw culprit ? invalidConfig(culprit.at, fault, seeHelp(command)) : error;
          });
    this.flags = settled.flags as typeof this.flags;
    this.args = settled.args as typeof this.args;
    if (this.flags.color === false) process.env.NO_COLOR = '1';
    const settings = provenanceOf(settled.flags, {
      isTyped,
      isDefault,
      file: file.path,
      isInFile: (name) => fromFile.some((each) => each.name === name),
      variableOf: (name) => known[name]?.env,
    });
    const words = [...typed, ...fromFile.map(({ written }) => `--${written}`)];
    return { settings, renamed: [...variables.map(({ warning }) => warning), ...formerFlags(known, words)] };
  }
}

/** A command as it is typed: `deploy local`. */
function idWords(id: string | undefined): string {
  return (id ?? '').replaceAll(':', ' ');
}
