import { existsSync } from 'node:fs';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type RemedyError, reasonOf, remedy } from '../errors.ts';
import { readWhole } from '../services/files/read-whole.ts';
import { textFault } from '../services/files/text-file.ts';
import { yamlFault } from '../services/files/yaml-fault.ts';
import { nearest } from './nearest.ts';
import type { KnownFlag, KnownFlags } from './provenance.ts';

type Scalar = string | number | boolean;

/** One line of a configuration file: what a value may be is decided by the flag of the same name. */
interface FileSetting {
  /** A command, as on the command line (`deploy local`), or `all` for the flags that every command has. */
  readonly section: string;
  readonly name: string;
  readonly value: Scalar | readonly Scalar[];
  /** Where it stands, and where its section does: `chainctl.yaml:3`. */
  readonly at: string;
  readonly sectionAt: string;
}

/** Nobody writes a longer one by hand. */
const MOST_BYTES = 2 ** 20;
export const CONFIG_FILES = ['chainctl.yaml', 'chainctl.yml'] as const;

/**
 * Reads a configuration file: sections, each with names and values (texts, numbers, true or false, or lists of those).
 *
 * @param given undefined for the one of the default names that there is, if any
 * @throws RemedyError (exit 3) with the line of the fault
 */
export async function readConfigFile(given: string | undefined) {
  const [path, other] = given === undefined ? CONFIG_FILES.filter((each) => existsSync(each)) : [given];
  if (path === undefined) return { path: CONFIG_FILES[0], settings: [] };
  if (other) throw invalidConfig(path, `${other} is there, too`, 'keep one of them, or name one with --config');
  const bytes = await readWhole(path, MOST_BYTES).catch((error: unknown) => {
    throw remedy.configuration(
      'config-unreadable',
      `cannot read the configuration file ${path}: ${reasonOf(error)}`,
      ['check the path given with --config or CHAINCTL_CONFIG_FILE'],
      error,
    );
  });
  const wrong = textFault(bytes, path, '--config');
  if (wrong !== undefined) throw invalidConfig(path, `it ${wrong.is}`, ...wrong.next);
  const lines = new LineCounter();
  const document = parseDocument(new TextDecoder().decode(bytes), { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset = 0) => `${path}:${lines.linePos(offset).line}`;
  const fault = document.errors[0];
  if (fault !== undefined) throw invalidConfig(lineOf(fault.pos[0]), yamlFault(fault));
  return { path, settings: settingsIn(document, lineOf) };
}

function settingsIn(document: Document, lineOf: (offset?: number) => string): FileSetting[] {
  const pairsOf = (node: unknown, at: string, what: string) => {
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return [];
    if (!isMap<Node, Node | null>(node)) throw invalidConfig(at, `${what} holds no names with values`);
    return node.items.map(({ key, value }) => ({ name: String(key), at: lineOf(key.range?.[0]), value }));
  };
  return pairsOf(document.contents, lineOf(), 'the file').flatMap((section) =>
    pairsOf(section.value, section.at, section.name).map(({ name, at, value }) => {
      const plain: unknown = value?.toJS(document);
      const isGood = isSeq(value) ? (plain as unknown[]).every(isPlain) : isPlain(plain);
      if (!isGood) throw invalidConfig(at, `${section.name}.${name} is neither a value nor a list of values`);
      return { section: section.name, name, value: plain as FileSetting['value'], at, sectionAt: section.at };
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
  ...more: readonly string[]
): RemedyError {
  return remedy.configuration('config-invalid', `${at}: ${fault}`, [step, ...more]);
}

/** The defaults of the shared flags, which the configuration file may set under `all:`. */
export const SHARED_SECTION = 'all';

/**
 * The file's values for one command as command-line arguments, so that there is one parser and one set of messages. A
 * list is written with commas, or as often as there are values where the flag may stand more than once.
 *
 * @param command as on the command line, `deploy local`
 * @param sections every section that there can be, with its flags: commands, and `all`
 * @param isUnset whether neither command line nor environment has set a flag
 * @returns with each argument the flag, its name in the file (which may be an earlier one), and where it stands
 * @throws RemedyError (exit 3) for a section or name, of any command, that there is not
 */
export function flagsFromFile(
  settings: readonly FileSetting[],
  command: string,
  sections: Readonly<Record<string, KnownFlags>>,
  isUnset: (flag: string) => boolean,
) {
  const named = settings.map((setting) => ({ ...setting, written: setting.name, ...known(setting, sections) }));
  // What a command's own section says goes before what is said for all.
  const own = [SHARED_SECTION, command].flatMap((name) => named.filter(({ section }) => section === name));
  const last = new Map(own.map((each) => [each.name, each]));
  return [...last.values()]
    .filter(({ name }) => isUnset(name))
    .flatMap(({ section, name, written, value, at, flag }) => {
      if (flag.type === 'boolean' && typeof value !== 'boolean') {
        throw invalidConfig(at, `${section}.${written} is a switch`, 'write true or false');
      }
      const texts = flag.multiple === true ? [value].flat() : [[value].flat().join(',')];
      const words =
        flag.type === 'boolean'
          ? // What has no opposite is off where it is not set.
            [...(value ? [`--${name}`] : []), ...(!value && flag.allowNo ? [`--no-${name}`] : [])]
          : texts.map((text) => `--${name}=${text}`);
      return words.map((argument) => ({ name, written, at, argument }));
    });
}

/** The flag that a line of the file means. */
function known(
  { section, name, at, sectionAt }: FileSetting,
  sections: Readonly<Record<string, KnownFlags>>,
): { readonly name: string; readonly flag: KnownFlag } {
  const didYouMean = (word: string, candidates: object, otherwise: string) => {
    const meant = nearest(word, Object.keys(candidates));
    return meant ? `did you mean "${meant}:"?` : otherwise;
  };
  const flags = Object.hasOwn(sections, section) ? sections[section] : undefined;
  if (flags === undefined) {
    const step = didYouMean(section, sections, 'see all commands: chainctl --help');
    throw invalidConfig(sectionAt, `there is no command "${section}"`, step);
  }
  const found = Object.entries(flags).find(([own, { aliases }]) => own === name || aliases?.includes(name));
  if (found !== undefined) return { name: found[0], flag: found[1] };
  const [whose, example] = section === SHARED_SECTION ? ['every command', 'status'] : ['this command', section];
  const step = didYouMean(name, flags, `see the flags: chainctl ${example} --help`);
  throw invalidConfig(at, `${section}.${name} is not a flag of ${whose}`, step);
}
