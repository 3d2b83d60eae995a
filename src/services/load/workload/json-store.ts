const ARENA_BYTES = 1 << 24;

/** Many values outside of the heap, so that they cost their own size and no collector looks at them. */
export class JsonStore<T> {
  readonly #arenas: Buffer[] = [];
  /** Three numbers a value: arena, beginning, length. */
  readonly #places: number[] = [];
  #used = ARENA_BYTES;

  get size(): number {
    return this.#places.length / 3;
  }

  add(value: T): void {
    const text = JSON.stringify(value);
    const length = Buffer.byteLength(text);
    if (length > ARENA_BYTES - this.#used) {
      this.#arenas.push(Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, length)));
      this.#used = 0;
    }
    const arena = this.#arenas.length - 1;
    (this.#arenas[arena] as Buffer).write(text, this.#used);
    this.#places.push(arena, this.#used, length);
    this.#used += length;
  }

  /** @param at from 0 up to and without `size` */
  at(at: number): T {
    const [arena, from, length] = [this.#places[3 * at], this.#places[3 * at + 1], this.#places[3 * at + 2]];
    const bytes = this.#arenas[arena as number] as Buffer;
    return JSON.parse(bytes.toString('utf8', from, (from as number) + (length as number))) as T;
  }
}
