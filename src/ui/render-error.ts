import { styleText } from 'node:util';
import { RemedyError, reasonOf } from '../errors.ts';
import { besideLead } from './format/entry.ts';

const LABEL = 'Error: ';

interface ErrorOptions {
  readonly debug: boolean;
  readonly stream: NodeJS.WriteStream;
  /** Makes the commands of a text ones that can be pasted. */
  readonly typed?: (text: string) => string;
}

/** An error as a person reads it: what happened, then what to do. The stack only on request. A terminal may say 0 columns. */
export function renderError(error: unknown, options: ErrorOptions): string {
  const { typed = (text) => text } = options;
  const paint = (format: 'red' | 'cyan' | 'dim', text: string) => styleText(format, text, { stream: options.stream });
  const known = error instanceof RemedyError;
  const fitted = (line: string) => (options.stream.isTTY ? besideLead('', line, options.stream.columns || 80) : [line]);
  const message = known ? typed(error.message) : `unexpected failure: ${reasonOf(error)}`;
  // Only the message: a step is often a command, which a break would spoil for pasting.
  const [first = '', ...more] = message.split('\n').flatMap((line, index) => fitted(index === 0 ? LABEL + line : line));
  const lines = [paint('red', LABEL.trimEnd()) + first.slice(LABEL.length - 1), ...more];
  const steps = known ? error.nextSteps : ['run it again with --debug and report what it prints'];
  for (const step of steps) lines.push(`  ${paint('cyan', '->')} ${typed(step)}`);
  if (options.debug && error instanceof Error && error.stack !== undefined) lines.push(paint('dim', error.stack));
  if (options.debug && known && error.cause instanceof Error)
    lines.push(paint('dim', `caused by ${error.cause.stack}`));
  return `${lines.join('\n')}\n`;
}
