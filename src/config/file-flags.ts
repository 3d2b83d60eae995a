import { type FileSetting, invalidConfig } from './config-file.ts';
import { nearest } from './nearest.ts';

/** The defaults of the shared flags, which the configuration file may set under `all:`. */
export const SHARED_SECTION = 'all';

type Flags = Readonly<
  Record<string, { readonly type: string; readonly multiple?: boolean; readonly aliases?: readonly string[] }>
>;

/** A value of the configuration file as it would stand on the command line. */
export interface FileFlag {
  readonly name: string;
  /** The name in the file, which may be an earlier one. */
  readonly written: string;
  readonly argument: string;
  /** `chainctl.yaml:3` */
  readonly at: string;
}

/**
 * The file's values for one command as command-line arguments, so that there is one parser and one set of messages. A
 * list is written with commas, or as often as there are values where the flag may stand more than once.
 *
 * @param command as on the command line, `deploy local`
 * @param sections every section that there can be, with its flags: commands, and `all`
 * @param isUnset whether neither command line nor environment has set a flag
 * @throws RemedyError (exit 3) for a section or name, of any command, that there is not
 */
export function flagsFromFile(
  settings: readonly FileSetting[],
  command: string,
  sections: Readonly<Record<string, Flags>>,
  isUnset: (flag: string) => boolean,
): FileFlag[] {
  const named = settings.map((setting) => ({ ...setting, written: setting.name, ...known(setting, sections) }));
  const own = [SHARED_SECTION, command].flatMap((name) => named.filter(({ section }) => section === name));
  // What a command's own section says goes before what is said for all.
  const last = own.filter((each, index) => !own.slice(index + 1).some(({ name }) => name === each.name));
  return last
    .filter(({ name }) => isUnset(name))
    .flatMap(({ name, written, value, at, flag }) => {
      if (flag.type === 'boolean') {
        return { name, written, at, argument: value === false ? `--no-${name}` : `--${name}` };
      }
      const values = typeof value === 'object' ? value : [value];
      const texts = flag.multiple === true ? values.map(String) : [values.join(',')];
      return texts.map((text) => ({ name, written, at, argument: `--${name}=${text}` }));
    });
}

/** The flag that a line of the file means. */
function known({ section, name, at }: FileSetting, sections: Readonly<Record<string, Flags>>) {
  const flags = Object.hasOwn(sections, section) ? sections[section] : undefined;
  if (flags === undefined) {
    const meant = nearest(section, Object.keys(sections));
    throw invalidConfig(
      at,
      `there is no command "${section}"`,
      meant ? `did you mean "${meant}:"?` : 'see all commands: chainctl --help',
    );
  }
  const found = Object.entries(flags).find(([own, { aliases }]) => own === name || aliases?.includes(name));
  if (found !== undefined) return { name: found[0], flag: found[1] };
  const meant = nearest(name, Object.keys(flags));
  const isShared = section === SHARED_SECTION;
  const help = `chainctl ${isShared ? 'status' : section} --help`;
  throw invalidConfig(
    at,
    `${section}.${name} is not a flag of ${isShared ? 'every command' : 'this command'}`,
    meant ? `did you mean "${meant}:"?` : `see the flags: ${help}`,
  );
}
