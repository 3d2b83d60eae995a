import { access, readFile } from 'node:fs/promises';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { hasCode, type RemedyError, reasonOf, remedy } from '../errors.ts';
import { nearest } from './nearest.ts';

type Scalar = string | number | boolean;

/** One line of a configuration file: what a value may be is decided by the flag of the same name. */
export interface FileSetting {
  /** A command, as on the command line (`deploy local`), or `all` for the flags that every command has. */
  readonly section: string;
  readonly name: string;
  readonly value: Scalar | readonly Scalar[];
  /** Where it stands: `chainctl.yaml:3`. */
  readonly at: string;
}

export interface ConfigFile {
  readonly path: string;
  readonly settings: readonly FileSetting[];
}

export const DEFAULT_CONFIG_FILES = ['chainctl.yaml', 'chainctl.yml'] as const;

/**
 * Reads a configuration file: sections, each with names and values (texts, numbers, true or false, or lists of those).
 *
 * @param given undefined for the one of the default names that there is, if any
 * @throws RemedyError (exit 3) with the line of the fault
 */
export async function readConfigFile(given: string | undefined): Promise<ConfigFile> {
  const path = given ?? (await defaultFile());
  if (path === undefined) return { path: DEFAULT_CONFIG_FILES[0], settings: [] };
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw remedy.configuration(
      'config-unreadable',
      `cannot read the configuration file ${path}: ${reasonOf(error)}`,
      ['check the path given with --config or CHAINCTL_CONFIG_FILE'],
      error,
    );
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset = 0) => `${path}:${lines.linePos(offset).line}`;
  const fault = document.errors[0];
  if (fault !== undefined) throw invalidConfig(lineOf(fault.pos[0]), fault.message);
  return { path, settings: settingsIn(document, lineOf) };
}

async function defaultFile(): Promise<string | undefined> {
  const there: string[] = [];
  for (const path of DEFAULT_CONFIG_FILES) {
    const exists = await access(path).then(
      () => true,
      (error: unknown) => !hasCode(error, 'ENOENT'),
    );
    if (exists) there.push(path);
  }
  if (there.length < 2) return there[0];
  throw invalidConfig(there[0] as string, `${there[1]} is there, too`, 'keep one of them, or name one with --config');
}

function settingsIn(document: Document, lineOf: (offset?: number) => string): FileSetting[] {
  const pairsOf = (node: unknown, offset: number | undefined, what: string) => {
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return [];
    if (!isMap<Node, Node | null>(node)) throw invalidConfig(lineOf(offset), `${what} holds no names with values`);
    return node.items.map(({ key, value }) => ({ name: String(key), at: key.range?.[0], value }));
  };
  return pairsOf(document.contents, 0, 'the file').flatMap((section) =>
    pairsOf(section.value, section.at, section.name).map(({ name, at, value }) => {
      const plain: unknown = value?.toJS(document);
      const isGood = isSeq(value) ? (plain as unknown[]).every(isPlain) : isPlain(plain);
      if (!isGood) throw invalidConfig(lineOf(at), `${section.name}.${name} is neither a value nor a list of values`);
      return { section: section.name, name, value: plain as FileSetting['value'], at: lineOf(at) };
    }),
  );
}

function isPlain(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** @param at `chainctl.yaml:3` */
export function invalidConfig(
  at: string,
  fault: string,
  step = 'write a section per command, for example "load:" with "duration: 10s" below it',
): RemedyError {
  return remedy.configuration('config-invalid', `${at}: ${fault}`, [step]);
}

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
