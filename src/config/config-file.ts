import { access, readFile } from 'node:fs/promises';
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { hasCode, type RemedyError, reasonOf, remedy } from '../errors.ts';

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
