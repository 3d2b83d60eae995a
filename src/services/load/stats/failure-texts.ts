import type { RequestRecord } from '../engine/request-record.ts';
import type { OtherTexts } from '../failures.ts';

/** Texts of one class that are told apart, and those of them that are told. */
const MAX_TEXTS = 50;
const TOLD = 3;
/** Whole texts that are known by heart: most failures say what one before has said. */
const MAX_KNOWN = 1000;

interface Text {
  readonly text: string;
  count: number;
}

/** The texts of one class by what is the same in them. */
interface OfClass {
  readonly texts: Map<string, Text>;
  /** Failures that said something beyond the bound. */
  more: number;
}

/** Adds up what the failures of a point say for themselves, by their classes. */
export class FailureTexts {
  readonly #classes = new Map<string, OfClass>();
  readonly #known = new Map<string, Text>();

  add({ outcome, class: name, error }: RequestRecord): void {
    if (outcome !== 'http_error' && outcome !== 'invalid') return;
    const key = `${name}\0${error}`;
    const known = this.#known.get(key) ?? this.#find(name, error);
    if (known === undefined) return;
    known.count++;
    if (this.#known.size < MAX_KNOWN) this.#known.set(key, known);
  }

  /** What the first of each class said. */
  get firsts(): Readonly<Record<string, string>> | undefined {
    const found = [...this.#classes].map(([name, { texts }]) => [name, [...texts.values()][0]?.text ?? '']);
    return found.length === 0 ? undefined : Object.fromEntries(found);
  }

  /** What others of a class said, where that was something else. */
  get others(): Readonly<Record<string, OtherTexts>> | undefined {
    const found = [...this.#classes].filter(([, { texts, more }]) => texts.size > 1 || more > 0);
    return found.length === 0 ? undefined : Object.fromEntries(found.map(([name, of]) => [name, summaryOf(of)]));
  }

  #find(name: string, error: string): Text | undefined {
    const text = wordsOf(error);
    if (text === '') return undefined;
    const of = this.#classes.get(name) ?? { texts: new Map<string, Text>(), more: 0 };
    this.#classes.set(name, of);
    const alike = likeness(text);
    const known = of.texts.get(alike);
    if (known !== undefined) return known;
    if (of.texts.size >= MAX_TEXTS) {
      of.more++;
      return undefined;
    }
    const found = { text, count: 0 };
    of.texts.set(alike, found);
    return found;
  }
}

function summaryOf({ texts, more }: OfClass): OtherTexts {
  const ranked = [...texts.values()].sort((a, b) => b.count - a.count);
  const rest = ranked.slice(TOLD).reduce((sum, { count }) => sum + count, more);
  return { texts: ranked.slice(0, TOLD).map((each) => ({ ...each })), ...(rest === 0 ? {} : { more: rest }) };
}

/** What stands behind the status, or the whole text where there is none. */
function wordsOf(error: string): string {
  return /^HTTP \d+(?:(?::| error:) (.*))?$/s.exec(error)?.[1] ?? (/^HTTP \d+$/.test(error) ? '' : error);
}

/** A text without its numbers and ids: `try again in 12 ms` and `try again in 13 ms` say the same. */
function likeness(text: string): string {
  return text.replaceAll(/[\w-]*\d[\w-]*/g, '#');
}
