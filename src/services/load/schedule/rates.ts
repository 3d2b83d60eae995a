import { type RemedyError, remedy } from '../../../errors.ts';

/** The points of the contract, in requests per second. */
export const DEFAULT_RATES: readonly number[] = [1, 10, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000];

const MAX_RATE = 100_000;
const MAX_POINTS = 200;

const RATES: ListKind = {
  flag: 'rps',
  what: 'requests per second',
  one: 'a rate',
  most: MAX_RATE,
  ladder: DEFAULT_RATES,
  help: [
    'write rates per second as a list: --rps 1,10,50',
    'or shorter: --rps 1,10,...,1000 for the default points, --rps 100,200,...,1000, --rps 100..1000:100',
  ],
};

/** More would need more source ports towards one destination than there are. */
const MAX_CONCURRENCY = 50_000;

const CONCURRENCY: ListKind = {
  flag: 'concurrency',
  what: 'requests kept open',
  one: 'a concurrency',
  most: MAX_CONCURRENCY,
  isWhole: true,
  ladder: Array.from({ length: 16 }, (_, power) => 2 ** power),
  help: [
    'write how many requests shall always be open as a list: --concurrency 1,4,16',
    'or shorter: --concurrency 1,2,4,...,64 doubles, --concurrency 8..64:8',
  ],
};

const DOTS: readonly string[] = ['...', '…'];

/**
 * Reads a list of arrival rates: numbers (`1,10,0.5`), ranges with a step (`100..1000:100`), and one `...` per gap,
 * which continues what stands before it up to the number after it. The numbers before the dots begin the contract's
 * ladder (`1,10,...,1000`): the ladder is meant. Otherwise the last step is continued (`100,200,...,1000`) and has to
 * meet the end.
 *
 * @returns requests per second, in the order written
 * @throws RemedyError (exit 2) that names the character, counted from 1, at which the list goes wrong
 */
export function parseRates(text: string): number[] {
  return parseList(text, RATES);
}

/**
 * Reads how many requests a closed loop keeps open: a list as of rates, of whole numbers. There is no ladder of the
 * contract's; `1,2,4,...,64` doubles.
 *
 * @throws RemedyError (exit 2) as {@link parseRates}
 */
export function parseConcurrency(text: string): number[] {
  return parseList(text, CONCURRENCY);
}

/** What a list is of. */
interface ListKind {
  readonly flag: string;
  /** As in "this is not ...". */
  readonly what: string;
  readonly one: string;
  readonly most: number;
  readonly isWhole?: boolean;
  readonly ladder: readonly number[];
  readonly help: readonly string[];
}

function parseList(text: string, kind: ListKind): number[] {
  const items = itemsOf(text);
  const rates: number[] = [];
  const add = (value: number, at: number) => {
    if (rates.includes(value))
      throw fault(kind, text, at, `${value} is given twice, and each point has a file of its own`);
    if (rates.length === MAX_POINTS) throw fault(kind, text, at, `more than ${MAX_POINTS} points`);
    rates.push(value);
  };
  const read = ({ item, at }: (typeof items)[number]) => {
    if (item === '') throw fault(kind, text, at, 'a number is missing');
    return readNumber(kind, text, item, at);
  };
  for (const [position, each] of items.entries()) {
    const { item, at } = each;
    const end = items[position + 1];
    if (DOTS.includes(item)) {
      if (position === 0) throw fault(kind, text, at, '"..." needs a number before it');
      if (end === undefined || DOTS.includes(end.item) || end.item.includes('..')) {
        throw fault(kind, text, at, '"..." needs a number after it, to know where to stop');
      }
      for (const value of gapOf(kind, text, rates, read(end), at, end.at)) add(value, at);
    } else if (item.includes('..')) for (const value of rangeOf(kind, text, item, at)) add(value, at);
    else add(read(each), at);
  }
  return rates;
}

/** What stands between the commas, and at which character it begins. */
function itemsOf(text: string) {
  let next = 1;
  return text.split(',').map((raw) => {
    const at = next + raw.length - raw.trimStart().length;
    next += raw.length + 1;
    return { item: raw.trim(), at };
  });
}

function readNumber(kind: ListKind, text: string, item: string, at: number): number {
  const good = /^(\d+\.?\d*|\.\d+)/.exec(item)?.[0] ?? '';
  if (good !== item || item === '') throw fault(kind, text, at + good.length, `this is not a number of ${kind.what}`);
  const value = Number(item);
  if (value <= 0) throw fault(kind, text, at, `${kind.one} must be more than 0`);
  if (value > kind.most) throw fault(kind, text, at, `${kind.one} may be at most ${kind.most}`);
  if (kind.isWhole && !Number.isInteger(value)) throw fault(kind, text, at, `${kind.one} must be a whole number`);
  return value;
}

function rangeOf(kind: ListKind, text: string, item: string, at: number): Iterable<number> {
  const [, from = '', to = '', step] = /^(.*?)\.\.([^:]*)(?::(.*))?$/s.exec(item) ?? [];
  if (step === undefined) throw fault(kind, text, at + item.length, 'a range needs a step, for example 100..1000:100');
  const toAt = at + from.length + 2;
  const [first, last] = [readNumber(kind, text, from, at), readNumber(kind, text, to, toAt)];
  const by = readNumber(kind, text, step, toAt + to.length + 1);
  if (last < first) throw fault(kind, text, toAt, `the range ends below its beginning ${first}`);
  return arithmetic(first, last, by);
}

function gapOf(
  kind: ListKind,
  text: string,
  before: readonly number[],
  end: number,
  at: number,
  endAt: number,
): number[] {
  const { ladder } = kind;
  const onLadder = before.every((rate, index) => ladder[index] === rate) && ladder.includes(end);
  if (onLadder) return ladder.slice(before.length).filter((rate) => rate < end);
  const last = before.at(-1);
  const previous = before.at(-2);
  if (last === undefined || previous === undefined) {
    throw fault(kind, text, at, '"..." needs two numbers before it, to know the step');
  }
  const step = round(last - previous);
  if (step <= 0) throw fault(kind, text, at, `the step before "..." must go up, and ${previous} to ${last} does not`);
  if (end <= last) throw fault(kind, text, endAt, `${end} is not above ${last}`);
  const count = round((end - last) / step);
  if (!Number.isInteger(count)) {
    throw fault(kind, text, endAt, `steps of ${step} from ${last} do not meet ${end}`);
  }
  return [...arithmetic(last, end, step)].slice(1, -1);
}

/** Lazy: with a small step it would be more than the memory holds. */
function* arithmetic(from: number, to: number, step: number): Generator<number> {
  for (let i = 0; ; i++) {
    const value = round(from + i * step);
    if (value > to) return;
    yield value;
  }
}

/** Sums of decimals such as 0.1 + 0.2 keep the digits that were typed. */
function round(value: number): number {
  return Number(value.toFixed(6));
}

function fault(kind: ListKind, text: string, at: number, why: string): RemedyError {
  return remedy.usage('rates-invalid', `--${kind.flag} "${text}": ${why}, at character ${at}`, [...kind.help]);
}
