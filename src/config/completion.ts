import { readFile } from 'node:fs/promises';
import type { Command } from '@oclif/core';
import { shellWord } from '../services/words.ts';

type Described = Pick<Command.Loadable, 'id' | 'hidden' | 'flags' | 'args'>;

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const TEMPLATES = new URL('../../templates/completion/', import.meta.url);
const ZSH = 'autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n';

/**
 * A script that completes commands, flags and their values in a shell. It asks nobody: all that can be completed stands
 * in it, by what was typed before.
 */
export async function completionScript(shell: Shell, commands: readonly Described[]): Promise<string> {
  const template = await readFile(new URL(shell === 'fish' ? 'chainctl.fish' : 'chainctl.bash', TEMPLATES), 'utf8');
  const lines = [...wordsByKey(commands)].map(([key, all]) => {
    const words = `'${all.join(' ')}'`;
    return shell === 'fish'
      ? `case ${shellWord(key)}\nstring split -n ' ' -- ${words}`
      : `${shellWord(key)}) echo ${words} ;;`;
  });
  return (shell === 'zsh' ? ZSH : '') + template.replace('WORDS', () => lines.join('\n'));
}

/**
 * What can come next, by the words so far: after `''` and `deploy` words of commands, after `load` its flags and
 * arguments, after `load --arrivals` the flag's values, none for a value of any kind.
 */
function wordsByKey(commands: readonly Described[]): Map<string, string[]> {
  const keys = new Map<string, string[]>([['', ['help', 'version']]]);
  const add = (key: string, words: readonly string[] = []) =>
    keys.set(key, [...new Set([...(keys.get(key) ?? []), ...words])].sort());
  for (const { id, flags, args } of commands.filter(({ hidden }) => hidden !== true)) {
    const words = id.split(':');
    for (const [index, word] of words.entries()) add(words.slice(0, index).join(' '), [word]);
    const command = words.join(' ');
    for (const { options } of Object.values(args)) add(command, options);
    for (const flag of Object.values(flags).filter(({ hidden }) => hidden !== true)) {
      add(command, [`--${flag.name}`, ...(flag.type === 'boolean' && flag.allowNo ? [`--no-${flag.name}`] : [])]);
      if (flag.type === 'option') add(`${command} --${flag.name}`, flag.options);
    }
    add(command, ['--help']);
  }
  return keys.set('help', keys.get('') as string[]);
}
