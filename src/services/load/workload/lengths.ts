import { type RemedyError, remedy } from '../../../errors.ts';
import { type Random, standardNormal } from '../random-numbers.ts';

/** How long prompts or answers are, in tokens. */
export type Lengths =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | ({ readonly kind: 'normal' | 'lognormal'; readonly middle: number; readonly spread: number } & Bounds)
  /** Of each answer in the data set. */
  | { readonly kind: 'dataset' };

/** Those of which no data set has to tell. */
export type DrawnLengths = Exclude<Lengths, { kind: 'dataset' }>;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** More than any model reads at once. */
export const MOST_TOKENS = 10_000_000;
/** Draws outside of the bounds that are repeated; what is still outside then is moved to the bound. */
const TRIES = 64;

const NUMBER = String.raw`(\d+(?:\.\d*)?|\.\d+)`;
const FORMS = {
  constant: /^\d+$/,
  uniform: /^(\d+)-(\d+)$/,
  drawn: new RegExp(`^(normal|lognormal):${NUMBER},${NUMBER}(?:,(\\d+)-(\\d+))?$`),
};

/**
 * Reads `128`, `64-256` (uniform), `normal:MEAN,DEVIATION[,MIN-MAX]`, `lognormal:MEDIAN,SIGMA[,MIN-MAX]` or, where there
 * may be a data set, `dataset`.
 *
 * @param flag how it is called where it was given
 * @param least the smallest number that may come of it
 * @throws RemedyError (exit 2) that names what is wrong
 */
export function parseLengths(text: string, flag: string, least = 1): Lengths {
  const wrong = (why: string) => lengthsInvalid(flag, text, why);
  const whole = (digits: string) => {
    const value = Number(digits);
    if (value < least) throw wrong(`${digits} is too small: it must be at least ${least}`);
    if (value > MOST_TOKENS) throw wrong(`${digits} is too large: it may be at most ${MOST_TOKENS}`);
    return value;
  };
  if (text === 'dataset') return { kind: 'dataset' };
  if (FORMS.constant.test(text)) return { kind: 'constant', value: whole(text) };
  const [, from, to] = FORMS.uniform.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return { kind: 'uniform', ...bounds(whole(from), whole(to), wrong) };
  const [, kind, middle, spread, min = String(least), max = String(MOST_TOKENS)] = FORMS.drawn.exec(text) ?? [];
  if (middle === undefined || spread === undefined) throw wrong('this is no length');
  const limits = bounds(whole(min), whole(max), wrong);
  const drawn = { kind: kind as 'normal' | 'lognormal', middle: Number(middle), spread: Number(spread), ...limits };
  if (drawn.middle < limits.min || drawn.middle > limits.max) {
    throw wrong(`its middle ${middle} is not between ${limits.min} and ${limits.max}`);
  }
  if (drawn.kind === 'lognormal' && drawn.spread > 5) {
    throw wrong(`sigma ${spread} is of the logarithm: 0.5 is wide, and more than 5 is no length`);
  }
  return drawn;
}

function bounds(min: number, max: number, wrong: (why: string) => RemedyError): Bounds {
  if (max < min) throw wrong(`it ends at ${max}, below its beginning ${min}`);
  return { min, max };
}

function lengthsInvalid(flag: string, text: string, why: string): RemedyError {
  return remedy.usage('lengths-invalid', `--${flag} "${text}": ${why}`, [
    `write tokens, evenly spread or drawn: --${flag} 128, --${flag} 64-256`,
    `or --${flag} normal:200,50,1-400 (mean, deviation, bounds), --${flag} lognormal:200,0.8 (median, sigma)`,
  ]);
}

/** The text that {@link parseLengths} reads as these. */
export function formatLengths(lengths: Lengths): string {
  switch (lengths.kind) {
    case 'constant':
      return String(lengths.value);
    case 'uniform':
      return `${lengths.min}-${lengths.max}`;
    case 'dataset':
      return 'dataset';
    default: {
      const { kind, middle, spread, min, max } = lengths;
      return `${kind}:${middle},${spread}${min <= 1 && max === MOST_TOKENS ? '' : `,${min}-${max}`}`;
    }
  }
}

/** Draws one length, a whole number. Of a data set's lengths the data set itself knows. */
export function drawLength(lengths: DrawnLengths, random: Random): number {
  if (lengths.kind === 'constant') return lengths.value;
  if (lengths.kind === 'uniform') return lengths.min + Math.floor(random() * (lengths.max - lengths.min + 1));
  return Math.round(drawWithin(lengths, random));
}

function drawWithin(
  { kind, middle, spread, min, max }: Extract<Lengths, { kind: 'normal' | 'lognormal' }>,
  random: Random,
): number {
  let value = middle;
  for (let n = 0; n < TRIES; n++) {
    const deviate = spread * standardNormal(random);
    value = kind === 'normal' ? middle + deviate : middle * Math.exp(deviate);
    const rounded = Math.round(value);
    if (rounded >= min && rounded <= max) return value;
  }
  return Math.min(max, Math.max(min, value));
}
