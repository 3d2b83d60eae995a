import { ExitCode, RemedyError } from '../errors.ts';
import { type ConfigFile, DEFAULT_CONFIG_FILE } from './config-file.ts';

/** The defaults of the shared flags, which the configuration file may set under `all:`. */
const SHARED_SECTION = 'all';

/** A value of the configuration file as it would stand on the command line. */
export interface FileFlag {
  readonly name: string;
  readonly argument: string;
}

/**
 * The file's values for one command as command-line arguments, so that there is one parser and one set of messages.
 *
 * @param command as on the command line, `deploy local`
 * @param known the command's flags and the shared ones; a list is written with commas, or as often as there are values
 *   where the flag may stand more than once
 * @param isUnset whether neither command line nor environment has set a flag
 * @throws RemedyError (exit 3) for a name that is no flag of the command
 */
export function flagsFromFile(
  file: ConfigFile,
  command: string,
  known: Readonly<Record<string, { readonly type: string; readonly multiple?: boolean }>>,
  isUnset: (flag: string) => boolean,
): FileFlag[] {
  const found: FileFlag[] = [];
  for (const section of [SHARED_SECTION, command]) {
    for (const [name, value] of Object.entries(file[section] ?? {})) {
      const kind = known[name];
      if (kind === undefined) {
        throw new RemedyError(`${DEFAULT_CONFIG_FILE}: ${section}.${name} is not a flag of "chainctl ${command}"`, {
          code: 'config-invalid',
          exit: ExitCode.configuration,
          nextSteps: [`see the flags with "chainctl ${command} --help"`],
        });
      }
      if (!isUnset(name)) continue;
      if (kind.type === 'boolean') found.push({ name, argument: value === false ? `--no-${name}` : `--${name}` });
      else {
        const values = Array.isArray(value) ? value : [value];
        const texts = kind.multiple === true ? values.map(String) : [values.join(',')];
        for (const text of texts) found.push({ name, argument: `--${name}=${text}` });
      }
    }
  }
  return found;
}
