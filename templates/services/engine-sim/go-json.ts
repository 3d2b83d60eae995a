import { EngineError } from './engine-error.ts';

/** Parses the first JSON value of a body, as Go's decoder does, with its errors for what is none. */
export function parseGoJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // What comes after the first value is not read.
    return JSON.parse(bytes.toString('utf8', 0, new Scanner(bytes).end()));
  }
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
    const begin = this.#token();
    if (begin === '{') this.#object();
    else if (begin === '[') this.#array();
    else if (begin === '"') this.#string();
    else if (begin === 't') this.#literal('true');
    else if (begin === 'f') this.#literal('false');
    else if (begin === 'n') this.#literal('null');
    else if (begin === '-' || isDigit(begin)) this.#number(begin);
    else throw invalid(begin, 'looking for beginning of value');
  }

  #object(): void {
    let next = this.#token();
    if (next === '}') return;
    for (;;) {
      if (next !== '"') throw invalid(next, 'looking for beginning of object key string');
      this.#string();
      next = this.#token();
      if (next !== ':') throw invalid(next, 'after object key');
      this.#value();
      next = this.#token();
      if (next === '}') return;
      if (next !== ',') throw invalid(next, 'after object key:value pair');
      next = this.#token();
    }
  }

  #array(): void {
    if (this.#token() === ']') return;
    this.#at--;
    for (;;) {
      this.#value();
      const next = this.#token();
      if (next === ']') return;
      if (next !== ',') throw invalid(next, 'after array element');
    }
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

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function invalid(char: string, where: string): EngineError {
  const quoted = char === "'" ? "\\'" : char === '"' ? '"' : JSON.stringify(char).slice(1, -1);
  return new EngineError(400, `invalid character '${quoted}' ${where}`);
}
