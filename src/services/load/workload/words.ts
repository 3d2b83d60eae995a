import { randomOf } from './random.ts';

/** Short common words, each one token with the blank before it for the tokenizers in use; 3 letters long on average. */
const WORDS = (
  'the and for you not are but his say her she one all out who get go me can no him see now its use two how our ' +
  'way new any day us old man big boy did let put too air arm art bad bag bar bed box bus buy car cat cup cut ' +
  'dog dry ear eat egg end eye far few fly fun gas got gun had hat hit hot ice job key kid law lay leg lie lot ' +
  'low map may men mix net nor oil own pay pen per pet red run sad sea set sit sky son sun tax tea ten tie top ' +
  'try war win yes add age ago aid aim bit cap cow cry due fit fix in on at to by up it is as we do so or if an ' +
  'my he be of am they will would there their what about which when make like time just know take into year ' +
  'your good'
).split(' ');

/** Long enough that two requests hardly ever begin at the same word, small enough to be made in some milliseconds. */
const POOL_LETTERS = 1 << 20;

let last: { readonly seed: number; readonly pool: WordPool } | undefined;

/** The words of a seed; made once, since that takes longer than a request may be late. */
export function wordPool(seed: number): WordPool {
  if (last?.seed !== seed) last = { seed, pool: new WordPool(seed) };
  return last.pool;
}

/** Letters and blanks without end, the same for the same seed: text of which a tokenizer makes about a token a word. */
class WordPool {
  readonly #text: string;
  /** Where words begin. */
  readonly #starts: Uint32Array;

  constructor(seed: number) {
    const random = randomOf(seed, 'text', 0);
    const words: string[] = [];
    const starts: number[] = [];
    for (let length = 0; length < POOL_LETTERS; ) {
      const word = WORDS[Math.floor(random() * WORDS.length)] as string;
      starts.push(length);
      words.push(word);
      length += word.length + 1;
    }
    this.#text = `${words.join(' ')} `;
    this.#starts = Uint32Array.from(starts);
  }

  /**
   * @param at which word is the first, as a number in [0, 1)
   * @returns text of exactly so many characters; the last word may be cut
   */
  slice(at: number, length: number): string {
    if (length <= 0) return '';
    const from = this.#starts[Math.floor(at * this.#starts.length)] as number;
    let text = this.#text.slice(from, from + length);
    while (text.length < length) text += this.#text.slice(0, length - text.length);
    return text;
  }
}
