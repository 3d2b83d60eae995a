import { ExitCode, RemedyError } from '../errors.ts';
import { askForYes, confirmByTyping } from './prompt.ts';

/** Where a person is asked. */
export interface Asking {
  readonly canPrompt: boolean;
  readonly signal: AbortSignal;
  /** Leaves the terminal to the question. */
  aside<T>(question: () => Promise<T>): Promise<T>;
}

/** How places ask a person a yes-or-no question; undefined where nobody can be asked. */
export function asker({ canPrompt, aside }: Asking) {
  const streams = { input: process.stdin, output: process.stderr };
  if (!canPrompt) return undefined;
  return (question: string, signal: AbortSignal) => aside(() => askForYes(question, streams, signal));
}

/**
 * Asks once before the first change.
 *
 * @param what the deed, for messages: `deploying stack demo`
 * @param question what the person has to know for it, line by line
 * @throws RemedyError (exit 2) when the answer is no, or when there is nobody to ask
 */
export async function confirmYes(what: string, question: readonly string[], asking: Asking): Promise<void> {
  const ask = asker(asking);
  if (ask === undefined) {
    throw unconfirmed(`${what} needs a confirmation, and there is no terminal to ask at`, 'add --yes');
  }
  const text = question.length === 0 ? `${what[0]?.toUpperCase()}${what.slice(1)}.` : question.join('\n');
  if (!(await ask(text, asking.signal))) throw unconfirmed('nothing was changed', 'type yes, or add --yes');
}

/**
 * Makes sure that the operator means it: asks to retype the stack's name, where there is a terminal to ask at.
 *
 * @param what the deed, for messages: `teardown`
 * @throws RemedyError (exit 2) when the name was not typed, or nobody can be asked; nothing was changed then
 */
export async function confirmStack(
  name: string,
  { what, question }: { readonly what: string; readonly question: string },
  canPrompt: boolean,
  signal: AbortSignal,
): Promise<void> {
  if (!canPrompt) {
    const message = `${what} of stack ${name} needs a confirmation, and there is no terminal to ask at`;
    throw unconfirmed(message, 'add --yes');
  }
  if (await confirmByTyping(name, question, { input: process.stdin, output: process.stderr }, signal)) return;
  throw unconfirmed('nothing was changed: the name did not match', `type ${name}, or add --yes`);
}

function unconfirmed(message: string, nextStep: string): RemedyError {
  return new RemedyError(message, { code: 'confirmation', exit: ExitCode.usage, nextSteps: [nextStep] });
}
