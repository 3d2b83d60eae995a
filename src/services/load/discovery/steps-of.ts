import { RemedyError } from '../../../errors.ts';

/**
 * An error of a load, as a command tells it that has only some of the flags: `--target` is its argument there, and a step
 * that takes another flag is one of `chainctl load`. Whatever else was thrown stays as it is.
 */
export function withStepsOf(flags: readonly string[], thrown: unknown): unknown {
  if (!(thrown instanceof RemedyError)) return thrown;
  const { message, code, exit, nextSteps, cause } = thrown;
  return new RemedyError(message, { code, exit, nextSteps: stepsOf(flags, nextSteps), cause });
}

/** The same of steps alone. */
export function stepsOf(flags: readonly string[], steps: readonly string[]): string[] {
  return steps.flatMap((step) => stepOf(flags, step));
}

function stepOf(flags: readonly string[], step: string): string[] {
  // It names the command that it is of.
  if (step.includes('chainctl ')) return [step];
  // Without a load that is offered all the same there is nothing to say.
  if (step.includes('--no-preflight') && !flags.includes('preflight')) return [];
  const own = flags.includes('target')
    ? step
    : step.replaceAll(/--target (?=\w+:)/g, '').replaceAll('--target', 'the URL');
  const named = [...own.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name = '']) => name);
  return named.every((name) => flags.includes(name.replace(/^no-/, ''))) ? [own] : [`with "chainctl load": ${own}`];
}
