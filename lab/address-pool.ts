/** Addresses by number, handed out in turn: one that was given back is the last to be used again. */
export class AddressPool {
  readonly #free: string[];

  /** @param first,last numbers of the first and the last address */
  constructor(addressOf: (n: number) => string, first: number, last: number) {
    this.#free = Array.from({ length: last - first + 1 }, (_, n) => addressOf(first + n));
  }

  /** @throws when all are in use */
  take(): string {
    const address = this.#free.shift();
    if (address === undefined) throw new Error('this lab has no addresses left');
    return address;
  }

  /** Takes this very one, if it is free. */
  claim(address: string): void {
    const index = this.#free.indexOf(address);
    if (index >= 0) this.#free.splice(index, 1);
  }

  giveBack(address: string): void {
    if (!this.#free.includes(address)) this.#free.push(address);
  }
}
