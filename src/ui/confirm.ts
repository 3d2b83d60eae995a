import { createInterface } from 'node:readline/promises';
import { remedy } from '../errors.ts';

/** Where a person is asked. */
export interface Asking {
  readonly canPrompt: boolean;
  readonly signal: AbortSignal;
  /** Leaves the terminal to the question: a live view would draw over it, and goes on afterwards. */
  aside<T>(question: () => Promise<T>): Promise<T>;
}

/** How places ask a person a yes-or-no question; undefined where nobody can be asked. */
export function asker({ canPrompt, aside }: Asking) {
  if (!canPrompt) return undefined;
  return (question: string, signal: AbortSignal) => aside(() => confirmByTyping('yes', question, here(), signal));
}

/**
 * Asks once before the first change.
 *
 * @param what the deed, for messages: `deploying stack demo`
 * @param question what the person has to know for it, line by line
 * @throws RemedyError (exit 2) when the answer is no, or when there is nobody to ask
 */
export function confirmYes(what: string, question: readonly string[], asking: Asking): Promise<void> {
  const text = question.length === 0 ? `${what[0]?.toUpperCase()}${what.slice(1)}.` : question.join('\n');
  return confirm('yes', what, text, asking);
}

/**
 * Makes sure that the operator means it: asks to retype the stack's name, where there is a terminal to ask at.
 *
 * @param what the deed, for messages: `teardown`
 * @throws RemedyError (exit 2) when the name was not typed, or nobody can be asked; nothing was changed then
 */
export function confirmStack(name: string, what: string, question: string, asking: Asking): Promise<void> {
  return confirm(name, `${what} of stack ${name}`, question, asking, ': the name did not match');
}

async function confirm(
  expected: string,
  what: string,
  question: string,
  { canPrompt, signal, aside }: Asking,
  why = '',
): Promise<void> {
  if (!canPrompt) {
    const message = `${what} needs a confirmation, and there is no terminal to ask at`;
    throw remedy.usage('confirmation', message, ['add --yes']);
  }
  if (await aside(() => confirmByTyping(expected, question, here(), signal))) return;
  throw remedy.usage('confirmation', `nothing was changed${why}`, [`type ${expected}, or add --yes`]);
}

const here = () => ({ input: process.stdin, output: process.stderr });

/**
 * Asks to type a word, such as the name of what is to be destroyed; "yes" is one in capitals, too. The end of the input
 * counts as "no".
 *
 * @param expected what must be typed; spaces around the answer are forgiven
 * @throws the signal's reason when it is aborted while waiting
 */
export async function confirmByTyping(
  expected: string,
  question: string,
  streams: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  signal: AbortSignal,
): Promise<boolean> {
  signal.throwIfAborted();
  const prompt = createInterface({ ...streams, terminal: false });
  const ended = new Promise<undefined>((resolve) => prompt.once('close', () => resolve(undefined)));
  try {
    const asked = prompt.question(`${question}\nType ${expected} to go on: `, { signal });
    // Whichever comes first decides; the other must not become an unhandled rejection.
    asked.catch(() => {});
    const answer = (await Promise.race([asked, ended]))?.trim();
    return (expected === 'yes' ? answer?.toLowerCase() : answer) === expected;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    prompt.close();
  }
}
