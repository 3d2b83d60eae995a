import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { nearest } from '../../config/nearest.ts';
import { yamlFault } from '../files/yaml-fault.ts';
import { fillIn, type Variables } from './variables.ts';

/** What is wrong in a pipeline, and where: `chain.yaml:17:13: ...`, one line. */
export class PipelineFault extends Error {}

/** A value of the file; the key's node where the file leaves the value out. */
export interface Placed {
  readonly node: Node;
}

export interface Entry extends Placed {
  readonly key: string;
}

/** Nobody writes a longer one by hand. */
const MOST_BYTES = 64 << 10;

/** Reads a YAML file by its nodes, so that whatever is wrong has a place. */
export class YamlReader {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #variables: Variables;
  readonly root: Placed;

  /** @throws PipelineFault where it is no YAML, or a YAML that could mean several things */
  constructor(text: string, file: string, variables: Variables) {
    this.#file = file;
    this.#variables = variables;
    if (Buffer.byteLength(text) > MOST_BYTES) throw this.#faultAt(0, `is larger than ${MOST_BYTES >> 10} KiB`);
    const document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: false,
      version: '1.2',
    });
    const [wrong] = [...document.errors, ...document.warnings];
    if (wrong !== undefined) {
      throw this.#faultAt(wrong.pos[0], yamlFault(wrong));
    }
    const { contents } = document;
    if (contents === null) throw this.#faultAt(0, 'is empty: a pipeline has "version: 1" and "steps:"');
    this.root = { node: contents };
  }

  fault(at: Placed, reason: string): PipelineFault {
    return new PipelineFault(`${this.placeOf(at)}: ${reason}`);
  }

  /** `chain.yaml:17:13`. */
  placeOf({ node }: Placed): string {
    return this.#place(node.range?.[0] ?? 0);
  }

  #place(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }

  #faultAt(offset: number, reason: string): PipelineFault {
    return new PipelineFault(`${this.#place(offset)}: ${reason}`);
  }

  /** The entries of a map, in their order. @param what begins the sentence: `step "a"` */
  entries(at: Placed, what: string): Entry[] {
    const node = this.#plain(at);
    if (!isMap<Node, Node | null>(node)) throw this.fault(at, `${what} must be a map of keys and values`);
    return node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : undefined;
      if (name === undefined || isAlias(key)) throw this.fault({ node: key }, `${what} has a key that is no name`);
      return { key: name, node: value ?? key };
    });
  }

  items(at: Placed, what: string): Placed[] {
    const node = this.#plain(at);
    if (!isSeq<Node>(node)) throw this.fault(at, `${what} must be a list`);
    return node.items.map((item) => ({ node: item }));
  }

  isList(at: Placed): boolean {
    return isSeq(this.#plain(at));
  }

  isMap(at: Placed): boolean {
    return isMap(this.#plain(at));
  }

  scalar(at: Placed): unknown {
    const node = this.#plain(at);
    return isScalar(node) ? node.value : undefined;
  }

  text(at: Placed, what: string): string {
    const value = this.scalar(at);
    if (typeof value !== 'string') throw this.fault(at, `${what} must be a text`);
    return value;
  }

  /** A text that is not empty, with its `${VARIABLE}`s filled in. */
  filled(at: Placed, what: string): string {
    const text = this.text(at, what);
    const filled = fillIn(text, this.#variables);
    if ('fault' in filled) throw this.fault(at, `${what}: ${filled.fault}`);
    if (filled.text.trim() === '') throw this.fault(at, `${what} is empty`);
    return filled.text;
  }

  number(at: Placed, what: string, { min, max, isWhole }: NumberRange): number {
    const value = this.scalar(at);
    const fits = typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isSafeInteger(value));
    if (fits) return value;
    const sort = isWhole ? 'a whole number' : 'a number';
    throw this.fault(at, `${what} must be ${sort} ${rangeText(min, max)}`);
  }

  flag(at: Placed, what: string): boolean {
    const value = this.scalar(at);
    if (typeof value !== 'boolean') throw this.fault(at, `${what} must be true or false`);
    return value;
  }

  oneOf<const T extends string>(at: Placed, what: string, candidates: readonly T[], value = this.scalar(at)): T {
    const found = candidates.find((each) => each === value);
    if (found !== undefined) return found;
    const meant = typeof value === 'string' ? didYouMean(value, candidates) : '';
    throw this.fault(at, `${what} must be ${candidates.join(', ').replace(/, ([^,]+)$/, ' or $1')}${meant}`);
  }

  #plain({ node }: Placed): Node {
    // An alias may stand for all of the file, as often as it is written.
    if (isAlias(node)) throw this.fault({ node }, 'aliases are not read here: write the value itself');
    return node;
  }
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

function rangeText(min: number, max: number): string {
  if (max === Infinity || max >= Number.MAX_SAFE_INTEGER)
    return min <= -Number.MAX_SAFE_INTEGER ? '' : `of at least ${min}`;
  return `from ${min} to ${max}`;
}

/** `; did you mean "retrieve"?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

/** A word of the file in a sentence. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
