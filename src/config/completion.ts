import { shellWord } from '../services/words.ts';

/** A command as oclif's manifest has it. */
interface Described {
  readonly id: string;
  readonly hidden?: boolean | undefined;
  readonly flags: Readonly<Record<string, DescribedFlag>>;
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] }>>;
}

interface DescribedFlag {
  readonly type: string;
  readonly hidden?: boolean;
  readonly allowNo?: boolean;
  readonly options?: readonly string[];
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * A script that completes commands, flags and their values in a shell. It asks nobody: all that can be completed stands
 * in it, by what was typed before. Pure.
 */
export function completionScript(shell: Shell, commands: readonly Described[]): string {
  const lines = [...wordsByKey(commands)].map(([key, words]) => [shellWord(key), words.join(' ')] as const);
  if (shell === 'fish') {
    return FISH.replace('WORDS', () =>
      lines.map(([key, words]) => `case ${key}\nstring split -n ' ' -- '${words}'`).join('\n'),
    );
  }
  const script = BASH.replace('WORDS', () => lines.map(([key, words]) => `${key}) echo '${words}' ;;`).join('\n'));
  return shell === 'zsh' ? `autoload -U +X compinit bashcompinit && compinit -u && bashcompinit\n${script}` : script;
}

/**
 * What can come next, by the words so far: after `''` and `deploy` words of commands, after `load` its flags and
 * arguments, after `load --arrivals` the flag's values, none for a value of any kind.
 */
function wordsByKey(commands: readonly Described[]): Map<string, string[]> {
  const keys = new Map<string, string[]>([['', ['help', 'version']]]);
  const add = (key: string, words: readonly string[]) =>
    keys.set(key, [...new Set([...(keys.get(key) ?? []), ...words])].sort());
  for (const { id, flags, args } of commands.filter(({ hidden }) => hidden !== true)) {
    const words = id.split(':');
    for (const [index, word] of words.entries()) add(words.slice(0, index).join(' '), [word]);
    const command = words.join(' ');
    add(
      command,
      Object.values(args).flatMap(({ options = [] }) => options),
    );
    for (const [name, { type, hidden, allowNo, options = [] }] of Object.entries(flags)) {
      if (hidden === true) continue;
      add(command, [`--${name}`, ...(allowNo === true ? [`--no-${name}`] : [])]);
      if (type === 'option') add(`${command} --${name}`, options);
    }
    add(command, ['--help']);
  }
  return keys.set('help', keys.get('') as string[]);
}

const BASH = `_chainctl_words() {
  case "$1" in
WORDS
*) return 1 ;;
  esac
}
_chainctl() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" before=$((COMP_CWORD - 1)) key= word next words
  if [[ $cur == = ]]; then cur=; elif [[ \${COMP_WORDS[before]} == = ]]; then before=$((before - 1)); fi
  for word in "\${COMP_WORDS[@]:1:$before}"; do
    next="\${key:+$key }$word"
    if [[ $word == -* ]] || ! _chainctl_words "$next" >/dev/null; then break; fi
    key=$next
  done
  if [[ \${COMP_WORDS[before]} != --* ]] || ! words=$(_chainctl_words "$key \${COMP_WORDS[before]}"); then
    words=$(_chainctl_words "$key")
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _chainctl chainctl
`;

const FISH = `function __chainctl_words
switch "$argv[1]"
WORDS
case '*'
return 1
end
return 0
end
function __chainctl_next
  set -l typed (commandline -opc)
  set -l key ''
  for word in $typed[2..]
    set -l next (string trim "$key $word")
    if string match -q -- '-*' $word; or not __chainctl_words $next >/dev/null
      break
    end
    set key $next
  end
  if string match -q -- '--*' $typed[-1]; and __chainctl_words "$key $typed[-1]"
    return
  end
  __chainctl_words "$key"
end
complete -c chainctl -f -a '(__chainctl_next)'
`;
