import { randomOf } from './random.ts';

/**
 * Which class of a mix each request is of, drawn by weight, and the how-manieth of its class it is, so that each class goes
 * through its own data. Draws are independent: under Poisson arrivals, each class has Poisson arrivals of its own.
 */
export function numbersOf(classes: readonly { readonly weight: number }[], seed: number) {
  const sum = classes.reduce((total, { weight }) => total + weight, 0);
  const draw = (number: number): number => {
    let left = randomOf(seed, 'class', number)() * sum;
    const at = classes.findIndex(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    return at < 0 ? classes.length - 1 : at;
  };
  // Counted as far as anybody asked; the warm-up counts down from -1.
  const sides = { window: new Counted(classes.length), warmup: new Counted(classes.length) };
  return (number: number) => {
    const counted = number < 0 ? sides.warmup : sides.window;
    const place = number < 0 ? -number - 1 : number;
    while (counted.size <= place) counted.add(draw(number < 0 ? -counted.size - 1 : counted.size));
    const { at, rank } = counted.get(place);
    return { at, number: number < 0 ? -rank - 1 : rank };
  };
}

class Counted {
  readonly #counts: number[];
  readonly #classes: number[] = [];
  readonly #ranks: number[] = [];

  constructor(classes: number) {
    this.#counts = Array(classes).fill(0);
  }

  get size(): number {
    return this.#classes.length;
  }

  add(at: number): void {
    this.#classes.push(at);
    this.#ranks.push(this.#counts[at] as number);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  get(place: number): { readonly at: number; readonly rank: number } {
    return { at: this.#classes[place] as number, rank: this.#ranks[place] as number };
  }
}
