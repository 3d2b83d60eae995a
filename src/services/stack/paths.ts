import { join, resolve } from 'node:path';

/** Where one stack keeps its things. */
export type StackPaths = Readonly<ReturnType<typeof stackPaths>>;

/** @param home chainctl's own folder, see `chainctlHome` */
export function stackPaths(home: string, name: string) {
  const folder = join(home, 'stacks', name);
  return {
    name,
    folder,
    state: join(folder, 'state.json'),
    lock: join(folder, 'lock'),
    audit: join(folder, 'audit.jsonl'),
    logs: join(folder, 'logs'),
  };
}

/** `CHAINCTL_HOME`, else `chainctl` in the user's state folder (XDG Base Directory Specification). */
export function chainctlHome(env: Readonly<Record<string, string | undefined>>, userHome: string): string {
  // Absolute, since it marks what belongs to it: a relative one would mean other stacks in other folders.
  if (env.CHAINCTL_HOME) return resolve(env.CHAINCTL_HOME);
  return resolve(env.XDG_STATE_HOME || join(userHome, '.local', 'state'), 'chainctl');
}
