import { reasonOf, remedy } from '../../../errors.ts';
import { readWhole } from '../../files/read-whole.ts';
import { decodedText } from '../../files/text-file.ts';
import { yamlFault } from '../../files/yaml-fault.ts';
import { parseLengths } from './lengths.ts';
import type { AskSettings } from './settings.ts';

/** A class of a mix as it was written down: its data set is not yet read. */
export interface WrittenClass extends Omit<AskSettings, 'dataset'> {
  readonly name: string;
  readonly weight: number;
  readonly datasetPath?: string;
}

const MOST_CLASSES = 20;
/** Of a file with all of them. */
const MOST_BYTES = 2 ** 20;

/** What a class may say of itself, by the names of the flags that say it for a whole load. */
const KEYS: Readonly<Record<string, (text: string) => Partial<WrittenClass>>> = {
  weight: (text) => ({ weight: weightOf(text) }),
  'input-tokens': (text) => ({ inputTokens: parseLengths(text, 'mix') }),
  'max-tokens': (text) => ({ maxTokens: parseLengths(text, 'mix') }),
  dataset: (text) => ({ datasetPath: text }),
  'dataset-order': (text) => ({ datasetOrder: oneOf(text, ['shuffle', 'file']) }),
  'shared-prefix': (text) => ({ sharedPrefixTokens: prefixOf(text) }),
};

/**
 * Reads the classes of a mix: each `NAME=WEIGHT[,KEY=VALUE...]`, or a file, YAML or JSON, that maps names to their keys.
 *
 * @throws RemedyError (exit 2)
 */
export async function readMix(texts: readonly string[]): Promise<WrittenClass[]> {
  const lists = await Promise.all(texts.map((text) => (isInline(text) ? [inlineClass(text)] : mixFile(text))));
  const classes = lists.flat();
  const twice = classes.find(({ name }, at) => classes.findIndex((each) => each.name === name) !== at);
  if (twice !== undefined) throw mixInvalid(`"${twice.name}" is there twice`);
  if (classes.length > MOST_CLASSES) throw mixInvalid(`it has ${classes.length} classes, and at most ${MOST_CLASSES}`);
  return classes;
}

const isInline = (text: string) => /^[^\s=,/]+=[\d.]/.test(text);

function inlineClass(text: string): WrittenClass {
  const [head = '', ...rest] = text.split(/,\s*(?=[a-z-]+=)/);
  const [name = '', weight = ''] = head.split('=');
  return classOf(name, { weight, ...Object.fromEntries(rest.map(halves)) });
}

function halves(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}

async function mixFile(path: string): Promise<WrittenClass[]> {
  const bytes = await readWhole(path, MOST_BYTES).catch((error: unknown) => {
    throw mixInvalid(`"${path}" is no class (NAME=WEIGHT,...) and no file that can be read: ${reasonOf(error)}`);
  });
  const text = decodedText(bytes, path, { what: 'file of classes', flag: '--mix', code: 'mix' });
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw mixInvalid(`the file ${path} is neither YAML nor JSON: ${yamlFault({ message: reasonOf(error) })}`);
  }
  if (!isMap(value) || Object.keys(value).length === 0) throw mixInvalid(`the file ${path} names no class`);
  return Object.entries(value).map(([name, keys]) => {
    if (!isMap(keys)) throw mixInvalid(`"${name}" in ${path} has no keys such as weight and input-tokens`);
    return classOf(name, keys);
  });
}

function classOf(name: string, keys: Readonly<Record<string, unknown>>): WrittenClass {
  if (!/^[A-Za-z][\w.-]{0,31}$/.test(name)) {
    throw mixInvalid(`"${name}" is no name: up to 32 letters, digits, ".", "_" and "-", beginning with a letter`);
  }
  const read = Object.entries(keys).map(([key, value]) => {
    const parse = KEYS[key];
    if (parse === undefined)
      throw mixInvalid(`"${name}" has the key "${key}": there are ${Object.keys(KEYS).join(', ')}`);
    return parse(String(value));
  });
  const found: WrittenClass = Object.assign({ name, weight: 1 }, ...read);
  if (found.datasetPath !== undefined && found.inputTokens !== undefined) {
    throw mixInvalid(`"${name}" has a data set and lengths of prompts: its prompts come of one of them`);
  }
  return found;
}

function weightOf(text: string): number {
  const weight = Number(text);
  if (/^(\d+\.?\d*|\.\d+)$/.test(text) && weight > 0 && weight <= 1e6) return weight;
  throw mixInvalid(`"${text}" is no weight: write a number above 0, such as 3`);
}

function prefixOf(text: string): number {
  const tokens = Number(text);
  if (/^\d+$/.test(text) && tokens <= 10_000) return tokens;
  throw mixInvalid(`"${text}" is no length of a shared prefix: write tokens, at most 10000`);
}

function oneOf<T extends string>(text: string, values: readonly T[]): T {
  const found = values.find((each) => each === text);
  if (found !== undefined) return found;
  throw mixInvalid(`"${text}" is none of ${values.join(', ')}`);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mixInvalid(why: string) {
  return remedy.usage('mix-invalid', `--mix: ${why}`, [
    'name a class and its weight: --mix chat=3,input-tokens=64-256,max-tokens=128 --mix long=1,input-tokens=4000',
    'or write them into a file: --mix classes.yaml with "chat: {weight: 3, input-tokens: 64-256}" a line',
  ]);
}
