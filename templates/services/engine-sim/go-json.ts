import { EngineError } from './engine-error.ts';

/** Deeper is no JSON to Go's scanner. */
const MAX_DEPTH = 10_000;
/** How numbers were written whose value does not tell: by what they stand in, then by key. */
const literals = new WeakMap<object, Map<string, string>>();
/** What may be a number that is not the same as a JavaScript number, written as one writes whole numbers. */
const UNUSUAL = /\d[.eE]|\d{16}/;

/** Parses the first JSON value of a body, as Go's decoder does, with its errors for what is none. */
export function parseGoJson(bytes: Buffer): unknown {
  if (mayBeTooDeep(bytes)) new Scanner(bytes).end();
  const text = bytes.toString('utf8');
  try {
    return parse(text);
  } catch {
    // What comes after the first value is not read.
    return parse(bytes.toString('utf8', 0, new Scanner(bytes).end()));
  }
}

/** A number as it was written in the object or list that holds it. */
export function literalOf(holder: object, key: string | number, value: number): string {
  return literals.get(holder)?.get(String(key)) ?? String(value);
}

/** The first number anywhere in a value that is too large for a float64, as it was written. */
export function firstOverflow(value: object): string | undefined {
  const holders = [value];
  for (let holder = holders.pop(); holder !== undefined; holder = holders.pop()) {
    for (const [key, part] of Object.entries(holder)) {
      if (part === Infinity || part === -Infinity) return literalOf(holder, key, part);
      if (typeof part === 'object' && part !== null) holders.push(part);
    }
  }
  return undefined;
}

function parse(text: string): unknown {
  if (!UNUSUAL.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, noteLiteral);
  } catch (error) {
    // A reviver goes less deep than the parser does.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

function noteLiteral(this: object, key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value === 'number' && source !== undefined && !/^-?\d{1,15}$/.test(source)) {
    const held = literals.get(this) ?? new Map<string, string>();
    literals.set(this, held.set(key, source));
  }
  return value;
}

function mayBeTooDeep(bytes: Buffer): boolean {
  let opened = 0;
  if (bytes.length > MAX_DEPTH) for (const byte of bytes) if (byte === 0x5b || byte === 0x7b) opened++;
  return opened > MAX_DEPTH;
}

const ESCAPES = new Set('bfnrt\\/"');

/** Walks over one value only to say what is wrong with it: the states and texts of Go's `encoding/json/scanner.go`. */
class Scanner {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Where the first value ends. */
  end(): number {
    this.#value();
    return this.#at;
  }

  #value(): void {
    const open: string[] = [];
    let begin = this.#token();
    for (;;) {
      if (begin === '{' || begin === '[') {
        if (open.length === MAX_DEPTH) throw invalid(begin, 'exceeded max depth');
        open.push(begin);
        const first = this.#token();
        if (first !== closing(begin)) {
          begin = begin === '{' ? this.#key(first) : first;
          continue;
        }
        open.pop();
      } else this.#scalar(begin);
      const next = this.#afterValue(open);
      if (next === undefined) return;
      begin = next;
    }
  }

  /** Closes what ends here. Returns where the next value begins, if there is one. */
  #afterValue(open: string[]): string | undefined {
    for (let within = open.at(-1); within !== undefined; within = open.at(-1)) {
      const next = this.#token();
      if (next === ',') return within === '{' ? this.#key(this.#token()) : this.#token();
      if (next !== closing(within)) {
        throw invalid(next, within === '{' ? 'after object key:value pair' : 'after array element');
      }
      open.pop();
    }
    return undefined;
  }

  /** Returns where the key's value begins. */
  #key(begin: string): string {
    if (begin !== '"') throw invalid(begin, 'looking for beginning of object key string');
    this.#string();
    const colon = this.#token();
    if (colon !== ':') throw invalid(colon, 'after object key');
    return this.#token();
  }

  #scalar(begin: string): void {
    if (begin === '"') this.#string();
    else if (begin === 't') this.#literal('true');
    else if (begin === 'f') this.#literal('false');
    else if (begin === 'n') this.#literal('null');
    else if (begin === '-' || isDigit(begin)) this.#number(begin);
    else throw invalid(begin, 'looking for beginning of value');
  }

  #string(): void {
    for (let char = this.#next(); char !== '"'; char = this.#next()) {
      if (char < ' ') throw invalid(char, 'in string literal');
      if (char !== '\\') continue;
      const escaped = this.#next();
      if (escaped === 'u') {
        for (let digits = 0; digits < 4; digits++) {
          const digit = this.#next();
          if (!/[\da-f]/i.test(digit)) throw invalid(digit, 'in \\u hexadecimal character escape');
        }
      } else if (!ESCAPES.has(escaped)) throw invalid(escaped, 'in string escape code');
    }
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      const char = this.#next();
      if (char !== expected) throw invalid(char, `in literal ${word} (expecting '${expected}')`);
    }
  }

  #number(begin: string): void {
    const first = begin === '-' ? this.#digit('in numeric literal') : begin;
    if (first !== '0') this.#digits();
    if (this.#peek() === '.') {
      this.#at++;
      this.#digit('after decimal point in numeric literal');
      this.#digits();
    }
    if (this.#peek().toLowerCase() === 'e') {
      this.#at++;
      if (this.#peek() === '+' || this.#peek() === '-') this.#at++;
      this.#digit('in exponent of numeric literal');
      this.#digits();
    }
  }

  #digit(where: string): string {
    const char = this.#next();
    if (!isDigit(char)) throw invalid(char, where);
    return char;
  }

  #digits(): void {
    while (isDigit(this.#peek())) this.#at++;
  }

  /** The next byte that is no white space. */
  #token(): string {
    for (;;) {
      const char = this.#next();
      if (char !== ' ' && char !== '\n' && char !== '\r' && char !== '\t') return char;
    }
  }

  #next(): string {
    const char = this.#peek();
    if (char === '') throw new EngineError(400, 'unexpected EOF');
    this.#at++;
    return char;
  }

  /** Bytes and not characters, as there; '' at the end. */
  #peek(): string {
    const byte = this.#bytes[this.#at];
    return byte === undefined ? '' : String.fromCharCode(byte);
  }
}

function closing(open: string): string {
  return open === '{' ? '}' : ']';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function invalid(char: string, where: string): EngineError {
  const quoted = char === "'" ? "\\'" : char === '"' ? '"' : JSON.stringify(char).slice(1, -1);
  return new EngineError(400, `invalid character '${quoted}' ${where}`);
}
