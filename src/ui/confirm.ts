import { ExitCode, RemedyError } from '../errors.ts';
import { confirmByTyping } from './prompt.ts';

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
    throw new RemedyError(`${what} of stack ${name} needs a confirmation, and there is no terminal to ask at`, {
      code: 'confirmation',
      exit: ExitCode.usage,
      nextSteps: ['add --yes'],
    });
  }
  if (await confirmByTyping(name, question, { input: process.stdin, output: process.stderr }, signal)) return;
  throw new RemedyError('nothing was changed: the name did not match', {
    code: 'confirmation',
    exit: ExitCode.usage,
    nextSteps: [`type ${name}, or add --yes`],
  });
}
