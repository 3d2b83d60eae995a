import { Env, EnvError } from './env.ts';
import { readServerSettings } from './server-settings.ts';

/** With this word a program says what it reads from its environment, and does not run. */
const WORD = '--report-settings';

/** What a deploy has to know before it hands a program its environment. */
interface SettingsReport {
  /** The variables that it reads, in the order in which it does. */
  readonly reads: readonly string[];
  /** Why it cannot use those that it was given. */
  readonly fault?: string;
}

/**
 * Writes the report to stdout, as one line of JSON, where the command line asks for it.
 *
 * @param read the program's settings: whatever it reads besides is not known of it
 * @returns whether it was asked for
 */
export function reportsSettings(read: (env: Env) => unknown): boolean {
  if (!process.argv.includes(WORD)) return false;
  process.stdout.write(`${JSON.stringify(settingsReport(read, process.env))}\n`);
  return true;
}

/** Which variables are read, and what is wrong with these values, if anything. */
export function settingsReport(
  read: (env: Env) => unknown,
  values: Readonly<Record<string, string | undefined>>,
): SettingsReport {
  const reads = new Set<string>();
  const readAll = (env: Env) => {
    readServerSettings(env, { port: 0, address: '' });
    read(env);
  };
  // Where nothing is set, every variable is asked for: none stands in the place of another.
  readAll(new Env(noting(reads)));
  try {
    readAll(new Env(values));
    return { reads: [...reads] };
  } catch (error) {
    if (error instanceof EnvError) return { reads: [...reads], fault: error.message };
    throw error;
  }
}

/** An empty environment that notes what it is asked for. */
function noting(names: Set<string>): Readonly<Record<string, string | undefined>> {
  const note = (_: object, name: string | symbol) => {
    names.add(String(name));
    return undefined;
  };
  return new Proxy(Object.create(null), { get: note, getOwnPropertyDescriptor: note });
}
