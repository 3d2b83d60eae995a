import { Command, Flags, type Interfaces } from '@oclif/core';
import {
  DEFAULT_CONFIG_FILES,
  flagsFromFile,
  invalidConfig,
  readConfigFile,
  SHARED_SECTION,
} from './config/config-file.ts';
import { stackFlag } from './config/flags.ts';
import { formerFlags, formerVariables, provenanceOf, type Setting, settingText } from './config/provenance.ts';
import { seeHelp, usageError } from './config/usage-error.ts';
import { ExitCode, RemedyError, reasonOf } from './errors.ts';
import type { Emit, Event } from './events.ts';
import { listenForInterrupt } from './interrupt.ts';
import { systemClock } from './runtime.ts';
import { createSweepControl, type SweepControl } from './services/load/sweep/sweep-control.ts';
import { stackOption } from './services/stack/stack-option.ts';
import { surviveClosedStreams } from './ui/closed-streams.ts';
import { asInvoked, invokedName } from './ui/invoked-name.ts';
import { openReporter, type ReporterChoice } from './ui/open-reporter.ts';
import { renderError } from './ui/render-error.ts';
import type { Reporter } from './ui/reporter-type.ts';
import { type Terminal, terminalOf } from './ui/terminal.ts';

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
export interface CommandContext {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
  /** What the operator asks of a running sweep by keys; a sweep that does not look at it is not offered them. */
  readonly sweepControl: SweepControl;
  /** Leaves the terminal to a question: a live view would draw over it, and goes on afterwards. */
  aside<T>(question: () => Promise<T>): Promise<T>;
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
      description: `configuration file [default: ${DEFAULT_CONFIG_FILES.join(' or ')}, if present]`,
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

  /** The command's own work. */
  protected abstract perform(context: CommandContext): Promise<CommandOutcome>;

  async run(): Promise<void> {
    const warnings: string[] = [];
    let reporter: Reporter | undefined;
    let say = (text: string): void => void process.stderr.write(`${this.typed(text)}\n`);
    const on = () => stackOption(this.flags?.stack ?? this.defaultStack);
    const messages = {
      stopping: `Stopping: ${this.stopping}. Press Ctrl-C again to leave at once.`,
      leaving: () =>
        `Left at once: what was started may still run. See "chainctl status${on()}", end it with "chainctl teardown${on()}".`,
      status: () => `chainctl status${on()}`,
    };
    surviveClosedStreams(process.stdout, process.stderr);
    const interrupt = listenForInterrupt(process, (text) => say(text), messages, systemClock.monotonic);
    const sweepControl = createSweepControl();
    try {
      const { settings, renamed } = await this.readSettings();
      const terminal = terminalOf({ stdin: process.stdin, stderr: process.stderr }, process.env);
      const choice: ReporterChoice = {
        json: this.flags.json,
        quiet: this.flags.quiet,
        terminal,
        stderr: process.stderr,
        keys: {
          operator: sweepControl,
          stdin: process.stdin,
          // The same listeners as for the signal, which raw mode keeps from coming.
          interrupt: () => void process.emit('SIGINT', 'SIGINT'),
        },
      };
      reporter = await openReporter(choice);
      let open = reporter;
      const plainly = say;
      // Written past a live view, the line would be drawn over.
      say = (text) => open.handle({ type: 'note', level: 'info', text: this.typed(text) });
      let released: Promise<void> | undefined;
      const releaseTerminal = () => {
        say = plainly;
        released ??= open.close();
        return released;
      };
      const aside = async <T>(question: () => Promise<T>) => {
        await open.close();
        try {
          return await question();
        } finally {
          open = await openReporter(choice);
          reporter = open;
        }
      };
      const emit = (event: Event) => {
        if (event.type === 'note' && event.level === 'warn') warnings.push(event.text);
        const isShown = !this.flags.json && event.type === 'note';
        if (released === undefined) open.handle(isShown ? { ...event, text: this.typed(event.text) } : event);
      };
      for (const text of renamed) emit({ type: 'note', level: 'warn', text });
      if (this.flags.debug) {
        for (const setting of settings) emit({ type: 'note', level: 'info', text: `setting ${settingText(setting)}` });
      }
      const outcome = await this.perform({
        emit,
        signal: interrupt.signal,
        terminal,
        sweepControl,
        aside,
        releaseTerminal,
      });
      await releaseTerminal();
      process.exitCode = outcome.exit ?? ExitCode.ok;
      if (this.flags.json) {
        const status = process.exitCode === ExitCode.ok ? 'ok' : 'failed';
        writeJson({ status, result: outcome.result, warnings });
      } else if (outcome.text !== undefined) {
        const text = outcome.isDocument ? outcome.text : this.typed(outcome.text);
        process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
      }
    } catch (thrown) {
      await reporter?.close();
      this.fail(this.explain(thrown), warnings);
    } finally {
      interrupt.stop();
    }
  }

  /** Complaints about what was typed become usage errors. */
  private explain(thrown: unknown): unknown {
    if (!(thrown instanceof RemedyError) && !(thrown instanceof Error && 'oclif' in thrown)) return thrown;
    const flags = Object.keys({ ...BaseCommand.baseFlags, ...this.ctor.flags });
    return usageError(thrown, { command: idWords(this.ctor.id), argv: this.argv, flags });
  }

  private fail(error: unknown, warnings: readonly string[]): void {
    const known = error instanceof RemedyError;
    process.exitCode = known ? error.exit : ExitCode.bug;
    if (this.argv.includes('--json')) {
      writeJson({
        status: 'error',
        result: null,
        error: {
          code: known ? error.code : 'bug',
          message: known ? error.message : reasonOf(error),
          exit: process.exitCode,
          nextSteps: known ? error.nextSteps : [],
        },
        warnings,
      });
      return;
    }
    const debug = this.argv.includes('--debug');
    process.stderr.write(renderError(error, { debug, stream: process.stderr, typed: (text) => this.typed(text) }));
  }

  /** A text whose commands can be pasted where the person is. */
  private typed(text: string): string {
    const name = invokedName({ script: process.argv[1], cwd: process.cwd(), env: process.env });
    return asInvoked(text, name, [...new Set(this.config.commandIDs.map((id) => id.split(':', 1).join()))]);
  }

  /** Said with this command's own warnings, see {@link readSettings}. */
  protected override warnIfFlagDeprecated(): void {}

  /**
   * Flags over `CHAINCTL_*` over the configuration file over defaults.
   *
   * @returns every setting with its provenance, and warnings of names that have changed
   */
  private async readSettings(): Promise<{ settings: Setting[]; renamed: string[] }> {
    const definition = this.ctor as typeof BaseCommand & C;
    const known: Known = { ...BaseCommand.baseFlags, ...this.ctor.flags };
    const variables = formerVariables(known, process.env);
    for (const { variable, value } of variables) process.env[variable] = value;
    const typed = this.argv;
    const parsed = await this.parse(definition);
    const { config } = parsed.flags as { config?: string };
    const isTyped = (name: string) => parsed.raw.some((token) => token.type === 'flag' && token.flag === name);
    this.isTyped = isTyped;
    const isDefault = (name: string) =>
      (parsed.flags as Record<string, unknown>)[name] === undefined ||
      parsed.metadata.flags[name]?.setFromDefault === true;
    const file = await readConfigFile(config);
    const sections = Object.fromEntries(this.config.commands.map(({ id, flags }) => [idWords(id), flags]));
    const shared = { ...sections, [SHARED_SECTION]: BaseCommand.baseFlags, [idWords(this.ctor.id)]: known };
    const isUnset = (name: string) => isDefault(name) && !isTyped(name);
    const fromFile = flagsFromFile(file.settings, idWords(this.ctor.id), shared, isUnset);
    const argv = [...fromFile.map(({ argument }) => argument), ...typed];
    const settled =
      fromFile.length === 0
        ? parsed
        : await this.parse(definition, argv).catch((error: unknown) => {
            const culprit = fromFile.find(({ name }) => reasonOf(error).includes(`--${name}`));
            this.argv = typed;
            const explained = this.explain(error);
            const fault = explained instanceof Error ? explained.message : reasonOf(explained);
            throw culprit ? invalidConfig(culprit.at, fault, seeHelp(idWords(this.ctor.id))) : error;
          });
    this.flags = settled.flags as typeof this.flags;
    this.args = settled.args as typeof this.args;
    if (this.flags.color === false) process.env.NO_COLOR = '1';
    const settings = provenanceOf(this.flags as Record<string, unknown>, {
      ...{ isTyped, isDefault, file: file.path },
      isInFile: (name) => fromFile.some((each) => each.name === name),
      variableOf: (name) => known[name]?.env,
    });
    const words = [...typed, ...fromFile.map(({ written }) => `--${written}`)];
    return { settings, renamed: [...variables.map(({ warning }) => warning), ...formerFlags(known, words)] };
  }
}

type Known = Readonly<
  Record<
    string,
    {
      type: string;
      env?: string;
      multiple?: boolean;
      aliases?: string[];
      deprecateAliases?: boolean;
      formerly?: string;
    }
  >
>;

/** A command as it is typed: `deploy local`. */
function idWords(id: string | undefined): string {
  return (id ?? '').replaceAll(':', ' ');
}

function writeJson(envelope: unknown): void {
  process.stdout.write(`${JSON.stringify(envelope, undefined, 2)}\n`);
}
