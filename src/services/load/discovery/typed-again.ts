import { shellWord } from '../../words.ts';

/** Values of flags by their names; `true`: one without a value; undefined: it stays as it was typed. */
type Flags = Readonly<Record<string, string | true | undefined>>;

/**
 * A command as it was typed, but for some flags: a step that works pasted.
 *
 * @param commandLine without the program's name
 */
export function typedAgain(commandLine: readonly string[], flags: Flags): string {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const left = given.reduce((words, [name, value]) => without(words, name, value !== true), commandLine);
  const added = given.flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
  return `chainctl ${[...left, ...added].map(shellWord).join(' ')}`;
}

function without(words: readonly string[], name: string, hasValue: boolean): string[] {
  const flag = `--${name}`;
  return words.filter(
    (word, at) => word !== flag && !word.startsWith(`${flag}=`) && !(hasValue && words[at - 1] === flag),
  );
}

/** What a load goes to, by its URL and by its command. */
export interface Offered {
  readonly targetUrl: string;
  readonly api?: string;
  readonly model?: string;
  readonly commandLine?: readonly string[] | undefined;
}

/**
 * How a load is offered in spite of what a look at the target has shown. A server that was asked what it is is not asked
 * then: the command says what was found.
 *
 * @returns none for a command that always looks, and for a run that goes on with its own settings
 */
export function offeredAnyway({ targetUrl, api, model, commandLine = ['load', targetUrl] }: Offered): string[] {
  if (commandLine[0] !== 'load' || commandLine.some((word) => /^--resume(=|$)/.test(word))) return [];
  if (commandLine.some((word) => word === targetUrl || word === `--target=${targetUrl}`)) {
    return ['--no-preflight offers the load all the same'];
  }
  const flags = { target: targetUrl, api, model, 'no-preflight': true } as const;
  return [`offer the load all the same: ${typedAgain(commandLine, flags)}`];
}
