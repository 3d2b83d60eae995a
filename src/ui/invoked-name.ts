import { basename, delimiter, dirname, relative, sep } from 'node:path';
import { shellWord } from '../services/words.ts';

/** How this process was started; `script` is the path of what Node was started with. */
interface Start {
  readonly script: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes the commands of a text ones that can be pasted where the person is.
 *
 * @param ids of the commands that there are: `deploy:local`
 */
export const typedHere = (ids: readonly string[]) => (text: string) => {
  const name = invokedName({ script: process.argv[1], cwd: process.cwd(), env: process.env });
  return asInvoked(text, name, [...new Set(ids.map((id) => id.replace(/:.*/, '')))]);
};

/**
 * What a person types to start this program from where they are: `chainctl` where that is on the path, `npx chainctl`
 * where npm put it there for this one process, and else the script itself, as in a clone: `node bin/run.js`.
 */
export function invokedName({ script, cwd, env }: Start): string {
  const name = basename(script ?? '');
  if (script === undefined || !['chainctl', 'run.js', 'dev.js'].includes(name)) return 'chainctl';
  const folder = dirname(script);
  if (name === 'chainctl') {
    const isOnPath = (env.PATH ?? '').split(delimiter).includes(folder);
    const isOfNpm = folder.endsWith(`node_modules${sep}.bin`);
    if (isOfNpm && (env.npm_command !== undefined || !isOnPath)) return 'npx chainctl';
    if (isOnPath) return 'chainctl';
  }
  const near = relative(cwd, script);
  const path = near.length < script.length ? near : script;
  return `node ${shellWord(path)}`;
}

/**
 * A text in which every command of this program begins with the name that works here. What is said of chainctl itself
 * stays as it is.
 *
 * @param commands first words of the commands that there are
 */
export function asInvoked(text: string, name: string, commands: readonly string[]): string {
  if (name === 'chainctl') return text;
  const command = new RegExp(
    `(?<![\\w./-])chainctl(?= (?:${[...commands, 'help', '--help'].join('|')})(?![\\w-]))`,
    'g',
  );
  return text.replaceAll(command, () => name);
}
