import { styleText } from 'node:util';
import { ExitCode, RemedyError, reasonOf } from '../errors.ts';
import { withoutCredentials } from '../redacted.ts';
import { besideLead, columnsOf } from './format/entry.ts';

const LABEL = 'Error: ';

/** Makes the commands of a text ones that can be pasted. */
type Typed = (text: string) => string;

interface ErrorOptions {
  readonly debug: boolean;
  readonly stream: NodeJS.WriteStream;
  readonly typed?: Typed;
}

/** Says what went wrong, with `--json` in its envelope, and sets the exit code. */
export function showError(
  error: unknown,
  argv: readonly string[],
  typed: Typed,
  warnings: readonly string[] = [],
): void {
  const { code, exit, message, nextSteps } =
    error instanceof RemedyError ? error : { code: 'bug', exit: ExitCode.bug, message: reasonOf(error), nextSteps: [] };
  process.exitCode = exit;
  if (argv.includes('--json')) {
    const fault = { code, message: withoutCredentials(message), exit, nextSteps: nextSteps.map(withoutCredentials) };
    process.stdout.write(jsonText({ status: 'error', result: null, error: fault, warnings }, typed));
  } else {
    process.stderr.write(renderError(error, { debug: argv.includes('--debug'), stream: process.stderr, typed }));
  }
}

/** Names of the fields in which chainctl speaks to a person. A message is none: it may name another program's command. */
const SAID = ['nextSteps', 'remedy', 'warnings'];

/** The envelope of `--json`. What it says to a person names commands as the text does. */
export function jsonText(envelope: object, typed: Typed): string {
  const typedText = (value: unknown) => (typeof value === 'string' ? typed(value) : value);
  const replaced = (key: string, value: unknown) => {
    if (!SAID.includes(key)) return value;
    return Array.isArray(value) ? value.map(typedText) : typedText(value);
  };
  return `${JSON.stringify(envelope, replaced, 2)}\n`;
}

/** An error as a person reads it: what happened, then what to do. The stack only on request. A terminal may say 0 columns. */
export function renderError(error: unknown, { debug, stream, typed = (text) => text }: ErrorOptions): string {
  const paint = (format: 'red' | 'cyan' | 'dim', text: string) => styleText(format, text, { stream });
  const columns = columnsOf(stream);
  const fitted = (line: string) => besideLead('', line, columns);
  const { message, nextSteps, cause } =
    error instanceof RemedyError
      ? error
      : {
          message: `unexpected failure: ${reasonOf(error)}`,
          nextSteps: ['run it again with --debug and report what it prints'],
          cause: undefined,
        };
  const [first = '', ...more] = `${LABEL}${typed(message)}`.split('\n').flatMap(fitted);
  const lines = [
    paint('red', LABEL.trimEnd()) + first.slice(LABEL.length - 1),
    ...more,
    ...nextSteps.flatMap((step) => {
      const [line = '', ...others] = stepLines(typed(step), columns);
      return [`  ${paint('cyan', '->')} ${line}`, ...others.map((each) => `     ${each}`)];
    }),
    ...(debug && error instanceof Error && error.stack !== undefined ? [paint('dim', error.stack)] : []),
    ...(debug && cause instanceof Error ? [paint('dim', `caused by ${cause.stack}`)] : []),
    '',
  ];
  return withoutCredentials(lines.join('\n'));
}

/** A word in quotes: of a command, which is one with all that it has in it. */
const QUOTED = /(?<=^|[\s=])'[^']*'/g;
const KEPT_SPACE = '\0';

/** A step, broken where a sentence may be: it is often a command, which a break at any space would spoil for pasting. */
function stepLines(step: string, columns: number): string[] {
  const lines: string[] = [];
  const kept = step.replaceAll(QUOTED, (word) => word.replaceAll(' ', KEPT_SPACE));
  for (const each of kept.split(/(?<=[;,]) /)) {
    const part = each.replaceAll(KEPT_SPACE, ' ');
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + part.length <= columns - STEP_LEAD)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines;
}

/** The columns of `  -> `. */
const STEP_LEAD = 5;
